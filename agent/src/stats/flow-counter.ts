/** What one life of an agent has counted: for those who look at the cluster. Counts begin at 0 with the life and only grow. */
import type { TopicId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { LATENCY_BUCKETS, latencyBucket } from '@streamhouse/core/stats/latency-buckets.ts';
import type { AgentStats, FlowCounts, TopicCounts } from '@streamhouse/store/metadata/stats.ts';

/** Milliseconds without a record in or out after which a topic is counted no longer by itself. */
const IDLE_MS = 30_000;

export type Flow = Pick<
  AgentStats,
  'aliveMs' | 'totals' | 'produceLatencies' | 'fetchLatencies' | 'topics' | 'isComplete'
>;

type Counts = { -readonly [K in keyof FlowCounts]: number };

interface TopicEntry extends Counts {
  readonly sinceMs: number;
  activeMs: number;
}

export class FlowCounter {
  readonly #aliveMs: () => number;
  readonly #totals: Counts = { recordsIn: 0, bytesIn: 0, recordsOut: 0, bytesOut: 0 };
  readonly #topics = new Map<TopicId, TopicEntry>();
  readonly #produceLatencies = new Array<number>(LATENCY_BUCKETS).fill(0);
  readonly #fetchLatencies = new Array<number>(LATENCY_BUCKETS).fill(0);
  /** When a topic found no room. */
  #fullMs = Number.NEGATIVE_INFINITY;

  /** `aliveMs` tells the milliseconds of this life so far. */
  constructor(aliveMs: () => number) {
    this.#aliveMs = aliveMs;
  }

  countPublished(topicId: TopicId, records: number, bytes: number): void {
    for (const counts of this.#countsOf(topicId)) {
      counts.recordsIn += records;
      counts.bytesIn += bytes;
    }
  }

  countFetched(topicId: TopicId, records: number, bytes: number): void {
    for (const counts of this.#countsOf(topicId)) {
      counts.recordsOut += records;
      counts.bytesOut += bytes;
    }
  }

  /** Milliseconds from the arrival of a batch to its acknowledgement. */
  observeProduce(ms: number): void {
    count(this.#produceLatencies, ms);
  }

  /** Milliseconds to read what a fetch found. */
  observeFetch(ms: number): void {
    count(this.#fetchLatencies, ms);
  }

  /** All of it as of now. Topics that were idle for long have their last place in the one before. */
  read(): Flow {
    const aliveMs = this.#aliveMs();
    const topics = new Map<TopicId, TopicCounts>();
    for (const [topicId, { activeMs, ...counts }] of this.#topics) {
      if (aliveMs - activeMs > IDLE_MS) this.#topics.delete(topicId);
      else topics.set(topicId, counts);
    }
    return {
      aliveMs,
      totals: { ...this.#totals },
      produceLatencies: [...this.#produceLatencies],
      fetchLatencies: [...this.#fetchLatencies],
      topics,
      // For as long as a topic that is counted would be told.
      isComplete: aliveMs - this.#fullMs > IDLE_MS,
    };
  }

  /** What is to be counted up: the totals, and the topic's own unless there are too many. */
  #countsOf(topicId: TopicId): readonly Counts[] {
    const aliveMs = this.#aliveMs();
    const known = this.#topics.get(topicId);
    if (known !== undefined) {
      known.activeMs = aliveMs;
      return [this.#totals, known];
    }
    if (this.#topics.size >= LIMITS.statsTopicsMax) {
      this.#fullMs = aliveMs;
      return [this.#totals];
    }
    const zero = { recordsIn: 0, bytesIn: 0, recordsOut: 0, bytesOut: 0 };
    const entry = { ...zero, sinceMs: aliveMs, activeMs: aliveMs };
    this.#topics.set(topicId, entry);
    return [this.#totals, entry];
  }
}

function count(buckets: number[], ms: number): void {
  const bucket = latencyBucket(ms);
  buckets[bucket] = (buckets[bucket] ?? 0) + 1;
}
