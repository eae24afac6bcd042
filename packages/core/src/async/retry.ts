import { toStreamError } from '../errors.ts';
import { type Clock, delay, type Random } from './clock.ts';

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** First wait in milliseconds; each later one is twice as long, up to `backoffMaxMs`, then jittered to 50..100 %. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** Milliseconds after which the last error is thrown. */
  readonly timeoutMs: number;
}

/** Milliseconds to wait before attempt number `attempt` (from 1). */
export function backoffDelayMs(
  attempt: number,
  options: Pick<RetryOptions, 'backoffMs' | 'backoffMaxMs' | 'random'>,
): number {
  const ceiling = Math.min(
    options.backoffMaxMs,
    options.backoffMs * 2 ** Math.min(attempt - 1, 30),
  );
  return ceiling * (0.5 + options.random() / 2);
}

/** Calls `attempt` until it succeeds, fails with a kind that is not retriable, or the time is over. */
export async function retry<T>(
  options: RetryOptions,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const startMs = options.clock.monotonicMs();
  for (let count = 1; ; count++) {
    try {
      return await attempt(options.signal);
    } catch (error) {
      const known = toStreamError(error);
      const waitMs = Math.max(backoffDelayMs(count, options), known.retryAfterMs ?? 0);
      const isLate = options.clock.monotonicMs() - startMs + waitMs > options.timeoutMs;
      if (!known.isRetriable || isLate || options.signal.aborted) throw error;
      await delay(options.clock, waitMs, options.signal);
    }
  }
}
