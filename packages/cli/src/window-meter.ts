/** Least, middle and greatest of some figures. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** All 0 when there are no figures. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] ?? 0;
  const high = sorted[Math.ceil(middle)] ?? 0;
  return { min: sorted[0] ?? 0, median: (low + high) / 2, max: sorted.at(-1) ?? 0 };
}

/**
 * Counts in windows of time and gives each window's rate. A window is closed by the first count after its time is over and its
 * rate is over the time that it really took, so a stall makes one slow window instead of several that are missing.
 */
export class WindowMeter {
  readonly #windowMs: number;
  readonly #rates: number[] = [];
  #startMs: number;
  #count = 0;
  #total = 0;

  constructor(windowMs: number, nowMs: number) {
    this.#windowMs = windowMs;
    this.#startMs = nowMs;
  }

  /** Of all windows, the open one included. */
  get total(): number {
    return this.#total;
  }

  add(count: number, nowMs: number): void {
    this.#count += count;
    this.#total += count;
    if (nowMs - this.#startMs >= this.#windowMs) this.#close(nowMs);
  }

  /** Counts per second of the closed windows; of the open one when there is no other. */
  rates(nowMs: number): readonly number[] {
    if (this.#rates.length === 0 && this.#count > 0) this.#close(nowMs);
    return this.#rates;
  }

  #close(nowMs: number): void {
    const elapsedMs = nowMs - this.#startMs;
    if (elapsedMs > 0) this.#rates.push((this.#count * 1_000) / elapsedMs);
    this.#startMs = nowMs;
    this.#count = 0;
  }
}
