import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';

/** Failures of one address within a window. Those after them are told to wait, and nobody else is asked about their tokens. */
const FAILURES_MAX = 20;
const WINDOW_MS = 60_000;
/** Addresses that are counted. More: the one counted for longest is forgotten. */
const ADDRESSES_MAX = 10_000;

/**
 * Nobody tries many tokens. A right one is taken from any address: behind a proxy, one visitor must not lock out the others.
 */
export class FailureGate {
  readonly #clock: Clock;
  readonly #failures = new Map<string, { count: number; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws StreamError `overloaded` TOO_MANY_FAILURES. */
  check(address: string): void {
    const entry = this.#failures.get(address);
    const leftMs = (entry?.untilMs ?? 0) - this.#clock.monotonicMs();
    if (entry === undefined || leftMs <= 0) this.#failures.delete(address);
    else if (entry.count >= FAILURES_MAX) {
      const message = 'too many requests without a valid token came from this address: wait';
      throw new StreamError('overloaded', 'TOO_MANY_FAILURES', message, { retryAfterMs: leftMs });
    }
  }

  fail(address: string): void {
    const entry = this.#failures.get(address);
    if (entry !== undefined) {
      entry.count += 1;
      return;
    }
    this.#failures.set(address, { count: 1, untilMs: this.#clock.monotonicMs() + WINDOW_MS });
    const oldest = this.#failures.keys().next().value;
    if (this.#failures.size > ADDRESSES_MAX && oldest !== undefined) this.#failures.delete(oldest);
  }
}
