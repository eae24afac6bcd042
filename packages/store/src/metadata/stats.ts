import type { Incarnation, TopicId } from '@streamhouse/core/ids.ts';

/** What went in and out, counted since the count began. */
export interface FlowCounts {
  readonly recordsIn: number;
  readonly bytesIn: number;
  readonly recordsOut: number;
  readonly bytesOut: number;
}

export interface TopicCounts extends FlowCounts {
  /** When the count began, as `aliveMs`. */
  readonly sinceMs: number;
}

/** What one life of an agent has counted. Counts only grow, and begin at 0 with the life. */
export interface AgentStats {
  readonly incarnation: Incarnation;
  /** Milliseconds of this life by the agent's monotonic clock: the time between two of them is what a rate is over. */
  readonly aliveMs: number;
  readonly totals: FlowCounts;
  /** Batches by the time until they were acknowledged; fetches with records by the time to read these. See core/stats. */
  readonly produceLatencies: readonly number[];
  readonly fetchLatencies: readonly number[];
  /** Those with records in or out of late. */
  readonly topics: ReadonlyMap<TopicId, TopicCounts>;
  /** Whether a topic that is not in `topics` had neither; else there were more than are counted. */
  readonly isComplete: boolean;
  /** Of the process, whatever it runs besides. */
  readonly rssBytes: number;
  /** Longest time that its event loop stood still since it was last looked at. */
  readonly loopDelayMs: number;
  readonly connections: number;
}

/** What agents tell of themselves, the latest of each life. It may be lost, and is told again within seconds. */
export interface StatsStore {
  /** Takes the place of what this incarnation told before. Nothing is kept of one that is fenced. */
  write(stats: AgentStats, signal: AbortSignal): Promise<void>;
  /** Of the first `limit` incarnations that are not fenced, in order; undefined where one has told nothing yet. */
  live(
    limit: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Incarnation, AgentStats | undefined>>;
}
