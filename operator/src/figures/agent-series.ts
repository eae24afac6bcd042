/** What one life of an agent has told lately, and the stretch of it that its rates are over. Pure. */
import type { TopicId } from '@streamhouse/core/ids.ts';
import type { AgentStats, FlowCounts } from '@streamhouse/store/metadata/stats.ts';

/** Milliseconds that a rate is over at least: two of the agents' intervals, so that one that comes late is no dip. */
const WINDOW_MS_MIN = 3_500;
/** Milliseconds that a rate is over at most: past that it would not be about now. */
const WINDOW_MS_MAX = 10_000;
/** Milliseconds without news after which an agent counts as silent. */
const SILENT_MS = 5_000;
const ZERO: FlowCounts = { recordsIn: 0, bytesIn: 0, recordsOut: 0, bytesOut: 0 };

/** From one count of a life to a later one. */
export interface Window {
  readonly ms: number;
  /** undefined: the beginning of the life, where all counts were 0. */
  readonly from: AgentStats | undefined;
  readonly to: AgentStats;
}

export class AgentSeries {
  /** By age, oldest first, within the longest window. */
  #told: readonly AgentStats[] = [];
  /** When the last of them was seen first, by the clock of who looks. */
  #newsMs = Number.NEGATIVE_INFINITY;

  add(stats: AgentStats, nowMs: number): void {
    if (stats.aliveMs === this.#told.at(-1)?.aliveMs) return;
    const sinceMs = stats.aliveMs - WINDOW_MS_MAX;
    this.#told = [...this.#told.filter(({ aliveMs }) => aliveMs >= sinceMs), stats];
    this.#newsMs = nowMs;
  }

  /** The last that it told; undefined when it is silent. */
  latest(nowMs: number): AgentStats | undefined {
    return nowMs - this.#newsMs <= SILENT_MS ? this.#told.at(-1) : undefined;
  }

  /** undefined: it is silent, or has told too little yet. */
  window(nowMs: number): Window | undefined {
    const to = this.latest(nowMs);
    if (to === undefined) return undefined;
    const from = this.#told.findLast(({ aliveMs }) => to.aliveMs - aliveMs >= WINDOW_MS_MIN);
    if (from !== undefined) return { ms: to.aliveMs - from.aliveMs, from, to };
    const isYoung = to.aliveMs > 0 && to.aliveMs <= WINDOW_MS_MAX;
    return isYoung ? { ms: to.aliveMs, from: undefined, to } : undefined;
  }
}

/** Per second of the window. */
export function totalRates({ ms, from, to }: Window): FlowCounts {
  return rates(from?.totals ?? ZERO, to.totals, ms);
}

/** undefined: the agent had more topics than it counts, and this one is not among them. */
export function topicRates({ ms, from, to }: Window, topicId: TopicId): FlowCounts | undefined {
  const counts = to.topics.get(topicId);
  if (counts === undefined) return to.isComplete ? ZERO : undefined;
  const before = from?.topics.get(topicId);
  if (before?.sinceMs === counts.sinceMs) return rates(before, counts, ms);
  // A topic that was idle is counted from zero again.
  return counts.sinceMs >= (from?.aliveMs ?? 0) ? rates(ZERO, counts, ms) : undefined;
}

function rates(from: FlowCounts, to: FlowCounts, ms: number): FlowCounts {
  const perSecond = (name: keyof FlowCounts): number => ((to[name] - from[name]) / ms) * 1_000;
  return {
    recordsIn: perSecond('recordsIn'),
    bytesIn: perSecond('bytesIn'),
    recordsOut: perSecond('recordsOut'),
    bytesOut: perSecond('bytesOut'),
  };
}
