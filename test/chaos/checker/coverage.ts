/** Which offsets of a partition some reader went past. */
import type { Span } from './facts.ts';

export class Coverage {
  /** Ascending and disjoint. */
  readonly #spans: readonly Span[];

  constructor(spans: readonly Span[]) {
    const merged: Span[] = [];
    for (const { start, end } of [...spans].sort((one, other) => one.start - other.start)) {
      const last = merged.at(-1);
      if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
      else if (end > start) merged.push({ start, end });
    }
    this.#spans = merged;
  }

  has(offset: number): boolean {
    let [low, high] = [0, this.#spans.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#spans[middle]?.end ?? Infinity) <= offset) low = middle + 1;
      else high = middle;
    }
    return (this.#spans[low]?.start ?? Infinity) <= offset;
  }
}
