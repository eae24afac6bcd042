import type { Clock } from '@streamhouse/core/async/clock.ts';

/** Time that stands still until it is moved. */
export class ManualClock implements Clock {
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  #nowMs = 0;

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  nextTurn(run: () => void): void {
    setImmediate(run);
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    const due = [...this.#timers].filter((timer) => timer.atMs <= this.#nowMs);
    for (const timer of due.toSorted((a, b) => a.atMs - b.atMs)) {
      if (this.#timers.delete(timer)) timer.run();
    }
  }
}
