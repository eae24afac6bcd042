import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { WindowCounts } from '../window-counts.ts';

/** Failures of one address within a window. Those after them are told to wait, and nobody else is asked about their tokens. */
const FAILURES_MAX = 20;
const WINDOW_MS = 60_000;

/**
 * Nobody tries many tokens. A right one is taken from any address: behind a proxy, one visitor must not lock out the others.
 */
export class FailureGate {
  readonly #failures: WindowCounts;

  constructor(clock: Clock) {
    this.#failures = new WindowCounts(clock, WINDOW_MS);
  }

  /** @throws StreamError `overloaded` TOO_MANY_FAILURES. */
  check(address: string): void {
    const { count, leftMs } = this.#failures.of(address);
    if (count < FAILURES_MAX) return;
    const message = 'too many requests without a valid token came from this address: wait';
    throw new StreamError('overloaded', 'TOO_MANY_FAILURES', message, { retryAfterMs: leftMs });
  }

  fail(address: string): void {
    this.#failures.add(address);
  }
}
