/** The bound on a producer's memory: whoever comes when it is full waits in line. */
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';

/** Someone in line. */
export interface Waiting {
  /** Monotonic milliseconds. Never less than that of whoever came before. */
  readonly deadlineMs: number;
  /** Hands over what it has as far as there is room: whether all of it. */
  admit(): boolean;
  reject(error: StreamError): void;
}

export class BufferGate {
  readonly #bytesMax: number;
  readonly #clock: Clock;
  #bytes = 0;
  readonly #line: Waiting[] = [];
  readonly #whenEmpty: (() => void)[] = [];
  #cancelTimer: (() => void) | undefined;
  #isAdmitting = false;

  constructor(bytesMax: number, clock: Clock) {
    this.#bytesMax = bytesMax;
    this.#clock = clock;
  }

  /** Whether there is no room. The last to enter may pass the bound by one record. */
  get isFull(): boolean {
    return this.#bytes >= this.#bytesMax;
  }

  /** Whether one must stand in line: there is no room, or others were first. */
  get isClosed(): boolean {
    return this.#line.length > 0 || this.#bytes >= this.#bytesMax;
  }

  take(bytes: number): void {
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#line.length > 0) this.#admit();
  }

  enter(waiting: Waiting): void {
    if (this.#line.length >= LIMITS.producerSendsWaitingMax) {
      waiting.reject(bufferFull('too many sends wait already'));
      return;
    }
    this.#line.push(waiting);
    this.#admit();
  }

  /** Resolves once nobody stands in line. */
  emptied(): Promise<void> {
    if (this.#line.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Sends everyone in line away. */
  dispose(error: StreamError): void {
    this.#cancelTimer?.();
    for (const waiting of this.#line.splice(0)) waiting.reject(error);
    this.#settle();
  }

  #admit(): void {
    // To admit may seal a batch and fail it at once, which releases bytes and comes back here.
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    let admitted = 0;
    for (const waiting of this.#line) {
      if (this.isFull || !waiting.admit()) break;
      admitted++;
    }
    this.#isAdmitting = false;
    if (admitted > 0) this.#line.splice(0, admitted);
    this.#settle();
  }

  #settle(): void {
    const [first] = this.#line;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (first === undefined) {
      for (const resolve of this.#whenEmpty.splice(0)) resolve();
      return;
    }
    const waitMs = Math.max(0, first.deadlineMs - this.#clock.monotonicMs());
    this.#cancelTimer = this.#clock.schedule(waitMs, () => this.#rejectOverdue());
  }

  #rejectOverdue(): void {
    const nowMs = this.#clock.monotonicMs();
    const overdue = this.#line.findIndex(({ deadlineMs }) => deadlineMs > nowMs);
    const count = overdue === -1 ? this.#line.length : overdue;
    for (const waiting of this.#line.splice(0, count)) {
      waiting.reject(bufferFull('no room within maxBlockMs'));
    }
    this.#settle();
  }
}

function bufferFull(why: string): StreamError {
  return new StreamError('overloaded', 'BUFFER_FULL', `the producer's buffer is full: ${why}`);
}
