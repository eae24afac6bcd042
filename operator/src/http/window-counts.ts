import type { Clock } from '@streamhouse/core/async/clock.ts';

/** Keys that are counted. More: the one counted for longest is forgotten. */
const KEYS_MAX = 10_000;

interface Entry {
  count: number;
  readonly untilMs: number;
}

export interface Counted {
  readonly count: number;
  /** Until it begins anew. */
  readonly leftMs: number;
}

/** How often something has happened within a window, which begins with the first time. */
export class WindowCounts {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  of(key: string): Counted {
    const entry = this.#entries.get(key);
    const leftMs = (entry?.untilMs ?? 0) - this.#clock.monotonicMs();
    if (entry !== undefined && leftMs > 0) return { count: entry.count, leftMs };
    this.#entries.delete(key);
    return { count: 0, leftMs: this.#windowMs };
  }

  /** @returns with this time. */
  add(key: string): Counted {
    const { count, leftMs } = this.of(key);
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.count += 1;
    else this.#begin(key);
    return { count: count + 1, leftMs };
  }

  #begin(key: string): void {
    this.#entries.set(key, { count: 1, untilMs: this.#clock.monotonicMs() + this.#windowMs });
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > KEYS_MAX && oldest !== undefined) this.#entries.delete(oldest);
  }
}
