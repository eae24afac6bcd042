/**
 * Keys that wait to be reconciled. The rules are those of client-go's workqueue: a key stands in it once; one that is added
 * while it is worked on runs again afterwards, never twice at a time; one that fails comes back later and later.
 */
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { StreamError } from '@streamhouse/core/errors.ts';

/** As client-go's controllers (5 ms, doubled), but 5 minutes at most instead of 17, and jittered to 50..100 %. */
const BACKOFF_MS = 5;
const BACKOFF_MS_MAX = 300_000;
/** Changes taken in a row while a resync waits: the figure bounds by how much a storm of changes slows resyncs down. */
const CHANGES_IN_A_ROW_MAX = 16;

/** What someone did comes before what is looked at again to be sure. */
export type Lane = 'change' | 'resync';

/** What a reconcile that did not fail asks for: to be called again after a while, or nothing. */
export interface Again {
  readonly requeueAfterMs?: number;
}

/** For `workqueue_*` and `controller_runtime_reconcile_*`; none of them may throw. */
export interface WorkQueueObserver {
  added(lane: Lane): void;
  /** A failed key waits for its next turn. */
  retried(): void;
  /** A worker takes a key that was ready for `queuedMs`. */
  taken(lane: Lane, queuedMs: number): void;
  done(outcome: 'success' | 'requeueAfter' | 'error', workMs: number): void;
}

export interface WorkQueueOptions {
  /** Reconciles at a time. */
  readonly workers: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: WorkQueueObserver;
  readonly onError: (error: unknown, key: string) => void;
}

interface Waiting {
  readonly lane: Lane;
  readonly sinceMs: number;
}

interface Later {
  readonly dueMs: number;
  readonly lane: Lane;
  readonly cancel: () => void;
}

type Handler = (key: string) => Promise<Again>;

/** A queue in the order of arrival that any key can leave. Its bound is the number of keys: each stands in it once. */
class KeyLine {
  readonly #keys = new Set<string>();
  /** An iterator of a Set sees what comes later and skips what went: going on with one makes taking the first O(1). */
  #first = this.#keys.values();

  get size(): number {
    return this.#keys.size;
  }

  add(key: string): void {
    this.#keys.add(key);
  }

  remove(key: string): void {
    this.#keys.delete(key);
  }

  take(): string | undefined {
    let first = this.#first.next();
    if (first.done === true) {
      this.#first = this.#keys.values();
      first = this.#first.next();
    }
    if (first.done === true) return undefined;
    this.#keys.delete(first.value);
    return first.value;
  }
}

export class WorkQueue implements Disposable {
  readonly #options: WorkQueueOptions;
  readonly #lines: Readonly<Record<Lane, KeyLine>> = {
    change: new KeyLine(),
    resync: new KeyLine(),
  };
  readonly #waiting = new Map<string, Waiting>();
  readonly #later = new Map<string, Later>();
  /** When each key in work was taken. */
  readonly #working = new Map<string, number>();
  /** Keys in work that were added meanwhile. */
  readonly #again = new Map<string, Waiting>();
  readonly #failures = new Map<string, number>();
  #handler: Handler | undefined;
  #isPumpDue = false;
  #changesInARow = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that are ready to be taken. */
  get depth(): number {
    return this.#waiting.size + this.#again.size;
  }

  /** Keys that come back after a delay. */
  get delayed(): number {
    return this.#later.size;
  }

  /** What is in work now: for `workqueue_unfinished_work_seconds` and `workqueue_longest_running_processor_seconds`. */
  unfinished(): { readonly totalMs: number; readonly longestMs: number } {
    const nowMs = this.#options.clock.monotonicMs();
    const ages = [...this.#working.values()].map((sinceMs) => nowMs - sinceMs);
    return { totalMs: ages.reduce((sum, age) => sum + age, 0), longestMs: Math.max(0, ...ages) };
  }

  add(key: string, lane: Lane): void {
    const place = this.#working.has(key) ? this.#again : this.#waiting;
    const known = place.get(key);
    if (known !== undefined && (known.lane === 'change' || lane === 'resync')) return;
    const waiting = { lane, sinceMs: known?.sinceMs ?? this.#options.clock.monotonicMs() };
    if (known === undefined) this.#options.observer.added(lane);
    place.set(key, waiting);
    if (place === this.#again) return;
    this.#lines.resync.remove(key);
    this.#lines[lane].add(key);
    this.#pumpSoon();
  }

  /** Adds the key once `delayMs` are over. A key has one such date: the earlier one. */
  addAfter(key: string, delayMs: number, lane: Lane): void {
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    const known = this.#later.get(key);
    if (known !== undefined && known.dueMs <= dueMs) return;
    known?.cancel();
    const cancel = clock.schedule(delayMs, () => {
      this.#later.delete(key);
      this.add(key, lane);
    });
    this.#later.set(key, { dueMs, lane, cancel });
  }

  /**
   * Calls `handler` for each key, `workers` at a time, until the signal aborts: then it takes no more, waits for the calls that
   * run, and resolves. What waits stays for the next `run`. A handler that throws is called again after the key's backoff, or
   * after the error's `retryAfterMs` if that is later.
   */
  async run(handler: Handler, signal: AbortSignal): Promise<void> {
    if (this.#handler !== undefined || this.#working.size > 0)
      throw new StreamError('internal', 'QUEUE_RUNS', 'a queue is run once at a time');
    if (signal.aborted) return;
    this.#handler = handler;
    this.#pumpSoon();
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#handler = undefined;
    if (this.#working.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    this.#onIdle = undefined;
  }

  /** Forgets the keys that come later; nothing keeps a timer. */
  [Symbol.dispose](): void {
    for (const { cancel } of this.#later.values()) cancel();
    this.#later.clear();
  }

  /** In another turn, so that a list of thousands is wholly in the queue before the first one runs, and no caller is called back. */
  #pumpSoon(): void {
    if (this.#isPumpDue || this.#handler === undefined) return;
    this.#isPumpDue = true;
    this.#options.clock.nextTurn(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#handler !== undefined && this.#working.size < this.#options.workers) {
      const next = this.#take();
      if (next === undefined) return;
      void this.#work(this.#handler, next.key, next.lane);
    }
  }

  #take(): { readonly key: string; readonly lane: Lane } | undefined {
    const { change, resync } = this.#lines;
    const isResyncDue = this.#changesInARow >= CHANGES_IN_A_ROW_MAX && resync.size > 0;
    const key = isResyncDue ? resync.take() : (change.take() ?? resync.take());
    const waiting = key === undefined ? undefined : this.#waiting.get(key);
    if (key === undefined || waiting === undefined) return undefined;
    this.#changesInARow = waiting.lane === 'change' ? this.#changesInARow + 1 : 0;
    this.#waiting.delete(key);
    const nowMs = this.#options.clock.monotonicMs();
    this.#working.set(key, nowMs);
    this.#options.observer.taken(waiting.lane, nowMs - waiting.sinceMs);
    return { key, lane: waiting.lane };
  }

  /** Never rejects. */
  async #work(handler: Handler, key: string, lane: Lane): Promise<void> {
    const { clock, observer, onError } = this.#options;
    const startMs = clock.monotonicMs();
    let outcome: Parameters<WorkQueueObserver['done']>[0] = 'success';
    try {
      const { requeueAfterMs } = await handler(key);
      this.#failures.delete(key);
      if (requeueAfterMs !== undefined) {
        outcome = 'requeueAfter';
        this.addAfter(key, requeueAfterMs, 'resync');
      }
    } catch (error) {
      outcome = 'error';
      onError(error, key);
      this.#retry(key, lane, error instanceof StreamError ? (error.retryAfterMs ?? 0) : 0);
    }
    observer.done(outcome, clock.monotonicMs() - startMs);
    this.#finish(key);
  }

  #retry(key: string, lane: Lane, retryAfterMs: number): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#options.observer.retried();
    const backoffMs = backoffDelayMs(failures, {
      backoffMs: BACKOFF_MS,
      backoffMaxMs: BACKOFF_MS_MAX,
      random: this.#options.random,
    });
    this.addAfter(key, Math.max(backoffMs, retryAfterMs), lane);
  }

  #finish(key: string): void {
    this.#working.delete(key);
    const again = this.#again.get(key);
    if (again !== undefined) {
      this.#again.delete(key);
      this.#waiting.set(key, again);
      this.#lines[again.lane].add(key);
    }
    if (this.#working.size === 0) this.#onIdle?.();
    this.#pumpSoon();
  }
}
