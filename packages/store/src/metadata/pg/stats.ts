import { type Incarnation, incarnation, topicId } from '@streamhouse/core/ids.ts';
import type { AgentStats, FlowCounts, StatsStore, TopicCounts } from '../stats.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Database, Statement } from './database.ts';

/** The heartbeat is there until the session is fenced. */
const WRITE: Statement = {
  name: 'write-stats',
  text: `
    INSERT INTO agent_stats
      (incarnation, alive_ms, rss_bytes, loop_delay_ms, connections, totals, produce_latencies,
       fetch_latencies, is_complete, topic_ids, topic_counts)
    SELECT incarnation, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
    FROM agent_heartbeats WHERE incarnation = $1
    ON CONFLICT (incarnation) DO UPDATE SET
      alive_ms = excluded.alive_ms, rss_bytes = excluded.rss_bytes,
      loop_delay_ms = excluded.loop_delay_ms, connections = excluded.connections,
      totals = excluded.totals, produce_latencies = excluded.produce_latencies,
      fetch_latencies = excluded.fetch_latencies, is_complete = excluded.is_complete,
      topic_ids = excluded.topic_ids, topic_counts = excluded.topic_counts`,
};

const LIVE: Statement = {
  name: 'live-stats',
  text: `
    SELECT h.incarnation, s.alive_ms AS "aliveMs", s.rss_bytes AS "rssBytes",
           s.loop_delay_ms AS "loopDelayMs", s.connections, s.totals,
           s.produce_latencies AS "produceLatencies", s.fetch_latencies AS "fetchLatencies",
           s.is_complete AS "isComplete", s.topic_ids::text[] AS "topicIds",
           s.topic_counts AS "topicCounts"
    FROM agent_heartbeats h LEFT JOIN agent_stats s USING (incarnation)
    ORDER BY h.incarnation LIMIT $1`,
};

const NUMBERS_OF_TOPIC = 5;

interface StatsRow extends Omit<AgentStats, 'incarnation' | 'aliveMs' | 'totals' | 'topics'> {
  readonly incarnation: number;
  /** The row has its columns or none of them. */
  readonly aliveMs: number | null;
  readonly totals: readonly number[];
  readonly topicIds: readonly string[];
  readonly topicCounts: readonly number[];
}

export class PgStats implements StatsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async write(stats: AgentStats, signal: AbortSignal): Promise<void> {
    const { topics } = stats;
    const counts = [...topics.values()].flatMap((topic) => [topic.sinceMs, ...numbersOf(topic)]);
    const values = [
      stats.incarnation,
      stats.aliveMs,
      stats.rssBytes,
      stats.loopDelayMs,
      stats.connections,
      arrayLiteral(numbersOf(stats.totals)),
      arrayLiteral(stats.produceLatencies),
      arrayLiteral(stats.fetchLatencies),
      stats.isComplete,
      arrayLiteral([...topics.keys()]),
      arrayLiteral(counts),
    ];
    await this.#database.write(WRITE, values, signal);
  }

  async live(
    limit: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Incarnation, AgentStats | undefined>> {
    const rows = await this.#database.read<StatsRow>(LIVE, [limit], signal);
    return new Map(rows.map((row) => [incarnation(row.incarnation), toStats(row)]));
  }
}

function numbersOf({ recordsIn, bytesIn, recordsOut, bytesOut }: FlowCounts): number[] {
  return [recordsIn, bytesIn, recordsOut, bytesOut];
}

function toStats(row: StatsRow): AgentStats | undefined {
  const { aliveMs, topicIds, topicCounts, totals, ...rest } = row;
  if (aliveMs === null) return undefined;
  const topics = topicIds.map((id, index): [ReturnType<typeof topicId>, TopicCounts] => {
    const [sinceMs = 0, ...counts] = topicCounts.slice(
      index * NUMBERS_OF_TOPIC,
      (index + 1) * NUMBERS_OF_TOPIC,
    );
    return [topicId(id), { sinceMs, ...flowOf(counts) }];
  });
  return {
    ...rest,
    incarnation: incarnation(row.incarnation),
    aliveMs,
    totals: flowOf(totals),
    topics: new Map(topics),
  };
}

function flowOf([
  recordsIn = 0,
  bytesIn = 0,
  recordsOut = 0,
  bytesOut = 0,
]: readonly number[]): FlowCounts {
  return { recordsIn, bytesIn, recordsOut, bytesOut };
}
