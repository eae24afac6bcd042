import type { Offset } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { StoredRun } from '@streamhouse/store/metadata/log.ts';

/** The newest published runs of one partition, contiguous, so that tail reads do not ask Postgres. Oldest dropped. */
export class RecentRuns {
  #runs: StoredRun[] = [];

  push(run: StoredRun): void {
    this.#runs.push(run);
    // Dropping half at a time keeps the cost of a push constant.
    if (this.#runs.length > 2 * LIMITS.partitionRunsMax)
      this.#runs = this.#runs.slice(-LIMITS.partitionRunsMax);
  }

  /** Runs from the one that holds `offset` on, or undefined when it is older than what is remembered. */
  from(offset: Offset): readonly StoredRun[] | undefined {
    const first = this.#runs[0];
    if (first === undefined || offset < first.baseOffset) return undefined;
    return this.#runs.slice(this.#indexOf(offset));
  }

  #indexOf(offset: Offset): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const run = this.#runs[middle];
      if (run !== undefined && run.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
