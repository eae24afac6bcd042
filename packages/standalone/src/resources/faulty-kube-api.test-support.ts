/**
 * What an API server does to its clients once in a while, on demand and the same again for the same seed: for tests that
 * controllers converge to the state that they reach without faults.
 */
import { type Clock, delay } from '@streamhouse/core/async/clock.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import {
  type ApplyOptions,
  type KubeApi,
  KubeError,
  type KubeObject,
  type ListPage,
  type ListQuery,
  type ObjectRef,
  type Preconditions,
  type ResourceType,
  type StatusBody,
  type Subresource,
  statusError,
  type WatchEvent,
  type WatchQuery,
} from '@streamhouse/operator/kube/kube-api.ts';

/** Shares are between 0 and 1, of the calls or the events that the fault could befall; 0 unless given. */
export interface Faults {
  readonly seed: number;
  readonly clock: Clock;
  /** Writes of what exists that are answered with 409 and not done. */
  readonly conflicts?: number;
  /** Calls that are answered with 429 and not done. */
  readonly tooMany?: number;
  /** What those 429 ask for; default 1,000. */
  readonly retryAfterMs?: number;
  /** Writes that are done and whose answer is lost. */
  readonly lostAnswers?: number;
  /** Lists of each kind that are answered with 500 before the first one succeeds. */
  readonly failingFirstLists?: number;
  /** Pages that take `slowMs`. */
  readonly slowPages?: number;
  /** Events that come `slowMs` late, and all after them. */
  readonly lateEvents?: number;
  /** Default 5,000. */
  readonly slowMs?: number;
  /** Watches, and pages after the first, that are answered with 410. */
  readonly expired?: number;
  /** Events in whose place the connection breaks. */
  readonly droppedWatches?: number;
  /** Events in whose place the connection falls silent, until it counts as dead. */
  readonly hangingWatches?: number;
  /** Events that come a second time. */
  readonly duplicateEvents?: number;
  /** The write of this number, from 1, is done, its answer is lost, and no call succeeds any more. */
  readonly crashAfterWrites?: number;
}

export interface FaultyKubeApi extends KubeApi {
  /** Aborts at the crash. */
  readonly crashed: AbortSignal;
  /** Faults so far, by name, so that a test can tell that it saw some. */
  readonly injected: ReadonlyMap<string, number>;
  /** No further faults but a crash that has happened. */
  calm(): void;
}

type Share =
  | 'conflicts'
  | 'tooMany'
  | 'lostAnswers'
  | 'slowPages'
  | 'lateEvents'
  | 'expired'
  | 'droppedWatches'
  | 'hangingWatches'
  | 'duplicateEvents';

const SLOW_MS = 5_000;
const RETRY_AFTER_MS = 1_000;

export function faultyKubeApi(api: KubeApi, faults: Faults): FaultyKubeApi {
  return new Faulty(api, faults);
}

class Faulty implements FaultyKubeApi {
  readonly injected = new Map<string, number>();
  readonly #api: KubeApi;
  readonly #faults: Faults;
  readonly #random: () => number;
  readonly #crash = new AbortController();
  readonly #lists = new Map<string, number>();
  #writes = 0;
  #isCalm = false;

  constructor(api: KubeApi, faults: Faults) {
    this.#api = api;
    this.#faults = faults;
    this.#random = seeded(faults.seed);
  }

  get crashed(): AbortSignal {
    return this.#crash.signal;
  }

  calm(): void {
    this.#isCalm = true;
  }

  async list<T extends KubeObject>(
    type: ResourceType,
    query: ListQuery,
    signal: AbortSignal,
  ): Promise<ListPage<T>> {
    this.#before();
    const count = (this.#lists.get(type.plural) ?? 0) + 1;
    this.#lists.set(type.plural, count);
    if (!this.#isCalm && count <= (this.#faults.failingFirstLists ?? 0)) {
      this.#count('failingFirstLists');
      throw statusError(500, { reason: 'InternalError', message: 'injected: 500 on a list' });
    }
    if (query.continueToken !== undefined && this.#befalls('expired')) throw expired();
    if (this.#befalls('slowPages')) await this.#wait(signal);
    return await this.#api.list<T>(type, query, signal);
  }

  async *watch<T extends KubeObject>(
    type: ResourceType,
    query: WatchQuery,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    this.#before();
    if (this.#befalls('expired')) throw expired();
    const either = AbortSignal.any([signal, this.crashed]);
    for await (const event of this.#api.watch<T>(type, query, either)) {
      if (this.#befalls('droppedWatches')) throw silent('injected: the connection broke');
      if (this.#befalls('hangingWatches')) {
        await delay(this.#faults.clock, LIMITS.kubeWatchIdleMsMax, either);
        throw silent('injected: the connection fell silent');
      }
      if (this.#befalls('lateEvents')) await this.#wait(either);
      yield event;
      if (this.#befalls('duplicateEvents')) yield event;
    }
  }

  async get<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    this.#before();
    return await this.#api.get<T>(type, ref, signal);
  }

  create<T extends KubeObject>(type: ResourceType, object: T, signal: AbortSignal): Promise<T> {
    return this.#write(false, () => this.#api.create(type, object, signal));
  }

  apply<T extends KubeObject>(
    type: ResourceType,
    object: T,
    options: ApplyOptions,
    signal: AbortSignal,
  ): Promise<T> {
    return this.#write(false, () => this.#api.apply(type, object, options, signal));
  }

  mergePatch<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: object,
    options: { readonly subresource?: Subresource },
    signal: AbortSignal,
  ): Promise<T> {
    return this.#write(true, () => this.#api.mergePatch<T>(type, ref, patch, options, signal));
  }

  update<T extends KubeObject>(
    type: ResourceType,
    object: T,
    options: { readonly subresource?: Subresource },
    signal: AbortSignal,
  ): Promise<T> {
    return this.#write(true, () => this.#api.update(type, object, options, signal));
  }

  delete(
    type: ResourceType,
    ref: ObjectRef,
    preconditions: Preconditions | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#write(true, () => this.#api.delete(type, ref, preconditions, signal));
  }

  async #write<R>(canConflict: boolean, write: () => Promise<R>): Promise<R> {
    this.#before();
    if (canConflict && this.#befalls('conflicts'))
      throw statusError(409, { reason: 'Conflict', message: 'injected: the object has changed' });
    const number = ++this.#writes;
    const isLost = this.#befalls('lostAnswers');
    const result = await write();
    if (number === this.#faults.crashAfterWrites) {
      this.#count('crashAfterWrites');
      this.#crash.abort(crash());
    }
    this.crashed.throwIfAborted();
    if (isLost) throw new KubeError('indefinite', 'TIMED_OUT', 'injected: the answer was lost');
    return result;
  }

  #before(): void {
    this.crashed.throwIfAborted();
    if (!this.#befalls('tooMany')) return;
    const status: StatusBody = {
      reason: 'TooManyRequests',
      message: 'injected: too many requests',
    };
    throw statusError(429, status, this.#faults.retryAfterMs ?? RETRY_AFTER_MS);
  }

  /** Draws also when it is calm or impossible, so that one share does not shift the fate of the others. */
  #befalls(share: Share): boolean {
    const isHit = this.#random() < (this.#faults[share] ?? 0) && !this.#isCalm;
    if (isHit) this.#count(share);
    return isHit;
  }

  #count(fault: string): void {
    this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1);
  }

  #wait(signal: AbortSignal): Promise<void> {
    return delay(this.#faults.clock, this.#faults.slowMs ?? SLOW_MS, signal);
  }
}

function expired(): KubeError {
  return statusError(410, { reason: 'Expired', message: 'injected: too old' });
}

function silent(message: string): KubeError {
  return new KubeError('unavailable', 'CONNECTION_LOST', message);
}

function crash(): KubeError {
  return new KubeError('unavailable', 'CRASHED', 'injected: this process has crashed');
}

/** Numbers in [0, 1) that follow from the seed: xorshift32, Marsaglia 2003. */
function seeded(seed: number): () => number {
  let state = (Math.imul(seed + 1, 0x9e3779b1) | 1) >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state / 2 ** 32;
  };
}
