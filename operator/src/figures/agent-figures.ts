/** Figures from what the agents tell of themselves, looked at every two seconds. */
import type { FiguresHistory } from '@streamhouse/api/rest/metrics.ts';
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import type { Incarnation } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { StatsStore } from '@streamhouse/store/metadata/stats.ts';
import { type Figures, type FiguresSource, UNKNOWN } from '../http/figures-source.ts';
import { AgentSeries } from './agent-series.ts';
import { clusterFigures } from './cluster-figures.ts';
import { FiguresRing } from './figures-ring.ts';

const EVERY_MS = 2_000;
/** Milliseconds after the last look that went well until nothing is known any more. */
const LOOK_MS_MAX = 5_000;

export interface AgentFiguresOptions {
  readonly stats: Pick<StatsStore, 'live'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
}

export class AgentFigures implements FiguresSource {
  readonly #options: AgentFiguresOptions;
  readonly #history = new FiguresRing();
  #series: ReadonlyMap<Incarnation, AgentSeries> = new Map();
  #figures = UNKNOWN;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: AgentFiguresOptions) {
    this.#options = options;
  }

  current(): Figures {
    const { clock } = this.#options;
    const isOld = clock.monotonicMs() - this.#lookedMs > LOOK_MS_MAX;
    return isOld ? UNKNOWN : this.#figures;
  }

  history(seconds: number): FiguresHistory {
    return this.#history.from(this.#options.clock.wallMs() / 1_000 - seconds);
  }

  /** Looks until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, onError } = this.#options;
    const loop = { name: 'figures', everyMs: EVERY_MS, clock, random, signal, onError };
    await runLoop(loop, () => this.look(signal));
  }

  /** Looks once. One that fails leaves a gap in the history. */
  async look(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const measuredAt = clock.wallMs() / 1_000;
    let row = UNKNOWN;
    try {
      row = { ...(await this.#figuresNow(signal)), measuredAt };
      this.#figures = row;
      this.#lookedMs = clock.monotonicMs();
    } finally {
      this.#history.push(measuredAt, row.throughput, row.latency);
    }
  }

  async #figuresNow(signal: AbortSignal): Promise<Omit<Figures, 'measuredAt'>> {
    const { stats, clock } = this.#options;
    // One more than is taken shows that there are too many.
    const live = await stats.live(LIMITS.statsAgentsMax + 1, signal);
    if (live.size > LIMITS.statsAgentsMax) return UNKNOWN;
    const nowMs = clock.monotonicMs();
    const before = this.#series;
    this.#series = new Map(
      [...live.keys()].map((life) => [life, before.get(life) ?? new AgentSeries()]),
    );
    return clusterFigures(
      [...this.#series].map(([life, series]) => {
        const told = live.get(life);
        if (told !== undefined) series.add(told, nowMs);
        return { latest: series.latest(nowMs), window: series.window(nowMs) };
      }),
    );
  }
}
