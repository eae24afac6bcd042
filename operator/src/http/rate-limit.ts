import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { WindowCounts } from './window-counts.ts';

const WINDOW_MS = 60_000;

/** Counts the requests of each principal. */
export class RateLimit {
  readonly #counts: WindowCounts;
  readonly #perMinute: number;

  constructor(perMinute: number, clock: Clock) {
    this.#counts = new WindowCounts(clock, WINDOW_MS);
    this.#perMinute = perMinute;
  }

  /**
   * What the caller is told of it. Source: draft-ietf-httpapi-ratelimit-headers-07.
   *
   * @throws StreamError `overloaded` RATE_LIMITED.
   */
  count(who: string): Readonly<Record<string, string>> {
    const limit = this.#perMinute;
    const { count, leftMs } = this.#counts.add(who);
    if (count > limit) {
      const message = `more than ${limit} requests in a minute`;
      throw new StreamError('overloaded', 'RATE_LIMITED', message, { retryAfterMs: leftMs });
    }
    const left = `limit=${limit}, remaining=${limit - count}, reset=${Math.ceil(leftMs / 1_000)}`;
    return { 'ratelimit-policy': `${limit};w=${WINDOW_MS / 1_000}`, ratelimit: left };
  }
}
