/** What the process takes, whoever asks. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { AgentStats } from '@streamhouse/store/metadata/stats.ts';

/** Milliseconds between two looks at the event loop: a shorter stop may not be seen. */
const RESOLUTION_MS = 100;

export type ProcessFigures = Pick<AgentStats, 'rssBytes' | 'loopDelayMs'>;

export class ProcessGauge {
  readonly #delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delays.enable();
  }

  /** Delays are those since it was last read. */
  read(): ProcessFigures {
    const longestMs = this.#delays.max / 1e6;
    const hasLooked = this.#delays.count > 0;
    this.#delays.reset();
    return {
      rssBytes: process.memoryUsage.rss(),
      // What it measures is the time from one look to the next.
      loopDelayMs: hasLooked ? Math.max(0, longestMs - RESOLUTION_MS) : 0,
    };
  }
}
