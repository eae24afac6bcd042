/** The windows of all agents as figures of the cluster. Pure. A sum is known when each of its parts is. */
import type { TopicId } from '@streamhouse/core/ids.ts';
import { latencyQuantileMs } from '@streamhouse/core/stats/latency-buckets.ts';
import type { AgentStats, FlowCounts } from '@streamhouse/store/metadata/stats.ts';
import { type Figures, UNKNOWN } from '../http/figures-source.ts';
import { topicRates, totalRates, type Window } from './agent-series.ts';

/** What is known of one agent; undefined: it is silent, or has told too little. */
export interface AgentNow {
  readonly latest: AgentStats | undefined;
  readonly window: Window | undefined;
}

type Latencies = 'produceLatencies' | 'fetchLatencies';

export function clusterFigures(agents: readonly AgentNow[]): Omit<Figures, 'measuredAt'> {
  // Where there is nobody, nothing is known.
  if (agents.length === 0) return UNKNOWN;
  const latest = agents.map((agent) => agent.latest);
  const windows = agents.map(({ window }) => window);
  const all = windows.map((window) => window && totalRates(window));
  const produce = latencies(windows, 'produceLatencies');
  const fetch = latencies(windows, 'fetchLatencies');
  return {
    throughput: {
      produceRate: sum(all, ({ recordsIn }) => recordsIn),
      fetchRate: sum(all, ({ recordsOut }) => recordsOut),
      produceBytes: sum(all, ({ bytesIn }) => bytesIn),
      fetchBytes: sum(all, ({ bytesOut }) => bytesOut),
    },
    latency: {
      produceP50: seconds(produce, 0.5),
      produceP95: seconds(produce, 0.95),
      produceP99: seconds(produce, 0.99),
      fetchP50: seconds(fetch, 0.5),
      fetchP95: seconds(fetch, 0.95),
      fetchP99: seconds(fetch, 0.99),
    },
    topic: (topicId: TopicId) => {
      const rates = windows.map((window): FlowCounts | undefined =>
        window === undefined ? undefined : topicRates(window, topicId),
      );
      return {
        produceRate: sum(rates, ({ recordsIn }) => recordsIn),
        fetchRate: sum(rates, ({ recordsOut }) => recordsOut),
      };
    },
    activeConnections: sum(latest, ({ connections }) => connections),
    memoryUsageBytes: sum(latest, ({ rssBytes }) => rssBytes),
  };
}

/** To the thousandth, which is as much as anybody reads. */
function sum<T>(parts: readonly (T | undefined)[], valueOf: (part: T) => number): number | null {
  let total = 0;
  for (const part of parts) {
    if (part === undefined) return null;
    total += valueOf(part);
  }
  return Math.round(total * 1_000) / 1_000;
}

/** How often each bucket was met within the windows; undefined when that of an agent is not known. */
function latencies(
  windows: readonly (Window | undefined)[],
  name: Latencies,
): readonly number[] | undefined {
  const counts: number[] = [];
  for (const window of windows) {
    if (window === undefined) return undefined;
    const { from, to } = window;
    for (const [bucket, count] of to[name].entries())
      counts[bucket] = (counts[bucket] ?? 0) + count - (from?.[name][bucket] ?? 0);
  }
  return counts;
}

/** To the microsecond. */
function seconds(counts: readonly number[] | undefined, share: number): number | null {
  const ms = counts && latencyQuantileMs(counts, share);
  return ms === undefined ? null : Math.round(ms * 1_000) / 1_000_000;
}
