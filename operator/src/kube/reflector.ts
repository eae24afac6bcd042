/**
 * Keeps a cache equal to what an API server has of one kind: a list in pages, then a watch from where the list stood, for ever.
 * Whatever breaks, the cache stays as it was until a complete list replaces it: taken for an empty list, a failed one would
 * delete everything. What went while no watch was open is found by the next list.
 */
import { type Clock, delay, type Random } from '@streamhouse/core/async/clock.ts';
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import {
  isLater,
  type KubeApi,
  KubeError,
  type KubeObject,
  keyOf,
  type ListPage,
  type ResourceType,
  type WatchEvent,
} from './kube-api.ts';
import type { Change, ResourceCache } from './resource-cache.ts';

/** The figures of client-go (tools/cache/reflector.go): 800 ms, doubled to 30 s; watches of 5 to 10 minutes. */
const BACKOFF_MS = 800;
const BACKOFF_MS_MAX = 30_000;
const WATCH_SECONDS_MIN = 300;
/** A watch that ends sooner and brought nothing counts as a failure, or a server that ends each one at once would be asked in a loop. */
const WATCH_MS_MIN = 1_000;

export interface ReflectorOptions<T extends KubeObject> {
  readonly kube: KubeApi;
  readonly type: ResourceType;
  /** Absent: all namespaces. Several reflectors, one per namespace, may fill one cache. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly cache: Pick<ResourceCache<T>, 'trim' | 'set' | 'get' | 'delete' | 'replace'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Puts keys into queues and does nothing else: what it throws goes to `onError`, and the change counts as delivered. */
  readonly onChange: (change: Change<T>) => void;
  readonly onError: (error: unknown, type: ResourceType) => void;
  /** A watch begins: how often is a metric. */
  readonly onWatch?: (type: ResourceType) => void;
}

export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #lastActivityMs: number;
  /** The state that the cache shows; undefined: list first. */
  #position: string | undefined;
  #failures = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#lastActivityMs = options.clock.monotonicMs();
  }

  /** Whether a complete list has been in the cache. It stays so when the connection is lost later. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** On the monotonic clock: when the API server last said something, at first when this was made. */
  get lastActivityMs(): number {
    return this.#lastActivityMs;
  }

  /** Resolves at the first complete list, or rejects with the reason of `signal`. */
  async synced(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#synced.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, type } = this.#options;
    while (!signal.aborted) {
      const position = this.#position;
      try {
        if (position === undefined) await this.#list(signal);
        else await this.#watch(position, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#failures++;
        if (!isWorthResuming(error)) this.#position = undefined;
        this.#options.onError(error, type);
        const backoffMs = backoffDelayMs(this.#failures, {
          backoffMs: BACKOFF_MS,
          backoffMaxMs: BACKOFF_MS_MAX,
          random,
        });
        const waitMs = Math.max(backoffMs, toStreamError(error).retryAfterMs ?? 0);
        await delay(clock, waitMs, signal).catch(() => {});
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { objects, resourceVersion } = await this.#pages(signal);
    const { cache, namespace } = this.#options;
    const changes = cache.replace(objects, namespace);
    this.#position = resourceVersion;
    this.#isSynced = true;
    this.#synced.resolve();
    for (const change of changes) this.#tell(change);
  }

  /**
   * Every page of one state. When the server forgets that state between two pages it is asked once more for all of it in one
   * answer (as client-go does, tools/pager/pager.go); pages of two states would together be none.
   */
  async #pages(signal: AbortSignal): Promise<{ objects: T[]; resourceVersion: string }> {
    const { cache } = this.#options;
    let objects: T[] = [];
    let state: string | undefined;
    let continueToken: string | undefined;
    let limit: number | undefined = LIMITS.kubePageObjects;
    for (;;) {
      try {
        const page = await this.#page(limit, continueToken, signal);
        state ??= page.resourceVersion;
        if (page.resourceVersion !== state)
          throw new KubeError('conflict', 'EXPIRED', 'a page of another state', { status: 410 });
        // Whole, they would together take several times the memory of the cache, and give little of it back.
        for (const object of page.items) objects.push(cache.trim(object));
        continueToken = page.continueToken;
        if (continueToken === undefined) return { objects, resourceVersion: state };
      } catch (error) {
        if (!isExpired(error) || limit === undefined) throw error;
        [objects, state, continueToken, limit] = [[], undefined, undefined, undefined];
      }
    }
  }

  async #page(
    limit: number | undefined,
    continueToken: string | undefined,
    signal: AbortSignal,
  ): Promise<ListPage<T>> {
    const { kube, type, namespace, labelSelector } = this.#options;
    const page = await kube.list<T>(
      type,
      {
        ...(namespace === undefined ? {} : { namespace }),
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(limit === undefined ? {} : { limit }),
        ...(continueToken === undefined ? {} : { continueToken }),
      },
      signal,
    );
    this.#touch();
    return page;
  }

  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const { kube, type, namespace, labelSelector, clock, random } = this.#options;
    // At random, so that the watches of all processes do not end together.
    const timeoutSeconds = Math.round(WATCH_SECONDS_MIN * (1 + random()));
    const query = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      resourceVersion: from,
      timeoutSeconds,
    };
    const startMs = clock.monotonicMs();
    this.#options.onWatch?.(type);
    for await (const event of kube.watch<T>(type, query, signal)) {
      this.#touch();
      this.#take(event);
    }
    const isShort = clock.monotonicMs() - startMs < WATCH_MS_MIN;
    if (isShort && this.#position === from)
      throw new KubeError('unavailable', 'WATCH_TOO_SHORT', 'the watch ended and brought nothing');
    this.#failures = 0;
  }

  #take(event: WatchEvent<T>): void {
    const { cache } = this.#options;
    const version =
      event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
    // Seen before, or older than what the cache shows: a late event must not bring back what has gone.
    if (version === undefined || !isLater(version, this.#position)) return;
    this.#position = version;
    this.#failures = 0;
    if (event.type === 'BOOKMARK') return;
    const { object } = event;
    const change =
      event.type === 'DELETED' ? cache.delete(keyOf(object.metadata)) : cache.set(object);
    if (change !== undefined) this.#tell(change);
  }

  #tell(change: Change<T>): void {
    try {
      this.#options.onChange(change);
    } catch (error) {
      this.#options.onError(error, this.#options.type);
    }
  }

  #touch(): void {
    this.#lastActivityMs = this.#options.clock.monotonicMs();
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof KubeError && error.isExpired;
}

/** No answer, or one that asks for patience. */
const RESUMABLE_STATUSES: ReadonlySet<number> = new Set([0, 429, 503]);

/**
 * Whether a watch may go on where it broke off; otherwise the next thing is a list. A server that answers otherwise may do so
 * for as long as it is asked for that state: one that was restored from a backup has not reached it yet.
 */
function isWorthResuming(error: unknown): boolean {
  return error instanceof KubeError && error.isRetriable && RESUMABLE_STATUSES.has(error.status);
}
