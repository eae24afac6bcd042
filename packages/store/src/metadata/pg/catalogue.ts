import {
  epoch,
  type Incarnation,
  incarnation,
  offset,
  partitionIndex,
  type TopicId,
  type TopicPartition,
  topicId,
} from '@streamhouse/core/ids.ts';
import type {
  Catalogue,
  CatalogueAgent,
  CatalogueGroup,
  CataloguePartition,
  CatalogueTopic,
  CatalogueTotals,
  GroupPartition,
  GroupPartitions,
  HeldPartitionName,
  Page,
  Slice,
  TopicOrder,
  TopicSlice,
} from '../catalogue.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Database, Statement } from './database.ts';
import { type SummaryRow, toSummary } from './group-rows.ts';
import { TOPIC_COLUMNS, type TopicRow, toTopic } from './topic-row.ts';

/** What a topic is sorted by besides its name, as a bigint. */
const ORDER_VALUE: Readonly<Record<TopicOrder, string>> = {
  name: '0::bigint',
  createdAt: '(extract(epoch FROM created_at) * 1000)::bigint',
  partitions: 'partitions::bigint',
};

/** Before and after every name and value that there is. */
const FIRST = { name: '', value: -1 };
const LAST = { name: '~', value: Number.MAX_SAFE_INTEGER };

const STORED = `
  SELECT coalesce(sum(p.next_offset - p.log_start_offset), 0)::bigint AS records,
         coalesce(sum(p.bytes), 0)::bigint AS stored_bytes
  FROM partitions p WHERE p.topic_id = t.topic_id`;

const NAME_HAS = `strpos(lower(name), lower($1)) > 0`;

function topicsStatement(order: TopicOrder, isDescending: boolean): Statement {
  const value = ORDER_VALUE[order];
  const direction = isDescending ? 'DESC' : 'ASC';
  const beyond = isDescending ? '<' : '>';
  const [place, sort] =
    order === 'name'
      ? [`name ${beyond} $2 AND $3::bigint IS NOT NULL`, `name ${direction}`]
      : [`(${value}, name) ${beyond} ($3::bigint, $2)`, `${value} ${direction}, name ${direction}`];
  return {
    name: `page-of-topics-${order}-${direction}`,
    text: `
      SELECT ${TOPIC_COLUMNS}, s.records, s.stored_bytes AS bytes
      FROM (SELECT * FROM topics WHERE deleted_at IS NULL AND ${NAME_HAS} AND ${place}
            ORDER BY ${sort} LIMIT $4) t
      CROSS JOIN LATERAL (${STORED}) s ORDER BY ${sort}`,
  };
}

const COUNT_TOPICS: Statement = {
  name: 'count-topics',
  text: `SELECT count(*) AS total FROM topics WHERE deleted_at IS NULL AND ${NAME_HAS}`,
};

const TOPIC: Statement = {
  name: 'catalogue-topic',
  text: `
    SELECT ${TOPIC_COLUMNS}, s.records, s.stored_bytes AS bytes
    FROM topics t CROSS JOIN LATERAL (${STORED}) s WHERE t.name = $1 AND t.deleted_at IS NULL`,
};

const PARTITIONS: Statement = {
  name: 'catalogue-partitions',
  text: `
    SELECT p.part AS partition, p.log_start_offset AS "logStartOffset", p.next_offset AS "nextOffset",
           p.bytes, p.epoch, s.agent_id AS holder
    FROM partitions p JOIN topics t ON t.topic_id = p.topic_id AND t.deleted_at IS NULL
    LEFT JOIN agent_sessions s ON s.incarnation = p.holder_incarnation AND s.fenced_at IS NULL
    WHERE p.topic_id = $1 AND p.part > $2 ORDER BY p.part LIMIT $3`,
};

const AGENTS: Statement = {
  name: 'catalogue-agents',
  text: `
    SELECT s.incarnation, s.agent_id AS "agentId", s.pool, s.zone, s.address,
           s.managed_topics AS "managedTopics", s.draining AS "isDraining", s.fenced AS "isFenced",
           coalesce(h.beat, 0) AS beat,
           (extract(epoch FROM s.started_at) * 1000)::bigint AS "startedAtMs",
           CASE WHEN s.fenced THEN 0 ELSE coalesce(l.leases, 0) END AS leases
    FROM agent_sessions s
    LEFT JOIN agent_heartbeats h USING (incarnation)
    LEFT JOIN (SELECT holder_incarnation AS incarnation, count(*) AS leases
               FROM partitions WHERE holder_incarnation IS NOT NULL GROUP BY 1) l USING (incarnation)
    WHERE s.fenced_at IS NULL
       OR (s.fenced_at > clock_timestamp() - interval '10 minutes' AND NOT s.draining
           AND NOT EXISTS (SELECT FROM agent_sessions later
                           WHERE later.agent_id = s.agent_id AND later.incarnation > s.incarnation))
    ORDER BY s.agent_id`,
};

const HELD_BY: Statement = {
  name: 'partitions-held-by',
  text: `
    SELECT t.name AS topic, p.part AS partition, p.epoch
    FROM partitions p JOIN topics t ON t.topic_id = p.topic_id AND t.deleted_at IS NULL
    WHERE p.holder_incarnation = $1 AND (t.name, p.part) > ($2, $3)
    ORDER BY t.name, p.part LIMIT $4`,
};

const TOTALS: Statement = {
  name: 'catalogue-totals',
  text: `
    SELECT count(DISTINCT p.topic_id) AS topics, count(*) AS partitions,
           coalesce(sum(p.next_offset - p.log_start_offset), 0)::bigint AS records,
           coalesce(sum(p.bytes), 0)::bigint AS bytes,
           (SELECT count(*) FROM group_members) AS consumers
    FROM partitions p JOIN topics t ON t.topic_id = p.topic_id AND t.deleted_at IS NULL`,
};

const GROUPS: Statement = {
  name: 'page-of-groups',
  text: `
    SELECT g.group_id AS "groupId", g.generation, g.assignor, g.is_assigned AS "isAssigned",
           (SELECT count(*) FROM group_members m WHERE m.group_id = g.group_id) AS members,
           c.topics, c.partitions, c.lag
    FROM (SELECT * FROM groups WHERE strpos(lower(group_id), lower($1)) > 0 AND group_id > $2
          ORDER BY group_id LIMIT $3) g
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(DISTINCT t.name), '{}') AS topics, count(*) AS partitions,
             coalesce(sum(greatest(p.next_offset - o.next_offset, 0)), 0)::bigint AS lag
      FROM group_offsets o JOIN topics t ON t.topic_id = o.topic_id AND t.deleted_at IS NULL
      JOIN partitions p ON p.topic_id = o.topic_id AND p.part = o.part
      WHERE o.group_id = g.group_id) c
    ORDER BY g.group_id`,
};

const COUNT_GROUPS: Statement = {
  name: 'count-groups',
  text: 'SELECT count(*) AS total FROM groups WHERE strpos(lower(group_id), lower($1)) > 0',
};

const COMMITTED_COLUMNS = `
  t.name AS topic, p.topic_id AS "topicId", p.part AS partition, p.next_offset AS "highWatermark",
  o.next_offset AS committed, (extract(epoch FROM o.committed_at) * 1000)::bigint AS "committedAtMs",
  CASE WHEN o.next_offset >= p.next_offset THEN 0 WHEN o.next_offset IS NOT NULL THEN (
    SELECT (extract(epoch FROM clock_timestamp() - stored.committed_at) * 1000)::bigint
    FROM batches b JOIN objects stored USING (object_key)
    WHERE b.topic_id = p.topic_id AND b.part = p.part
      AND b.base_offset <= greatest(o.next_offset, p.log_start_offset)
    ORDER BY b.base_offset DESC LIMIT 1) END AS "unreadMs"`;

const GROUP_PARTITIONS: Statement = {
  name: 'partitions-of-group',
  text: `
    SELECT ${COMMITTED_COLUMNS}
    FROM (SELECT topic_id, part FROM group_offsets WHERE group_id = $1
          UNION SELECT * FROM unnest($2::uuid[], $3::integer[])) w
    JOIN partitions p USING (topic_id, part)
    JOIN topics t ON t.topic_id = p.topic_id AND t.deleted_at IS NULL
    LEFT JOIN group_offsets o ON o.group_id = $1 AND o.topic_id = p.topic_id AND o.part = p.part
    ORDER BY t.name, p.part`,
};

const COMMITTED: Statement = {
  name: 'committed-of-groups',
  text: `
    SELECT g.group_id AS "groupId", ${COMMITTED_COLUMNS}
    FROM (SELECT group_id FROM groups ORDER BY group_id LIMIT $1) g
    JOIN group_offsets o ON o.group_id = g.group_id
    JOIN partitions p ON p.topic_id = o.topic_id AND p.part = o.part
    JOIN topics t ON t.topic_id = p.topic_id AND t.deleted_at IS NULL
    ORDER BY g.group_id, t.name, p.part`,
};

type StoredRow = TopicRow & { readonly records: number; readonly bytes: number };
type AgentRow = Omit<CatalogueAgent, 'incarnation'> & { readonly incarnation: number };
type GroupRow = SummaryRow & Pick<CatalogueGroup, 'topics' | 'partitions' | 'lag'>;

interface PartitionRow {
  readonly partition: number;
  readonly logStartOffset: number;
  readonly nextOffset: number;
  readonly bytes: number;
  readonly epoch: number;
  readonly holder: string | null;
}

interface CommittedRow {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly highWatermark: number;
  readonly committed: number | null;
  readonly committedAtMs: number | null;
  readonly unreadMs: number | null;
}

export class PgCatalogue implements Catalogue {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async topics(slice: TopicSlice, signal: AbortSignal): Promise<Page<CatalogueTopic>> {
    const { order, isDescending, contains, limit } = slice;
    const { name, value } = slice.after ?? (isDescending ? LAST : FIRST);
    const values = [contains, name, value, limit];
    const statement = topicsStatement(order, isDescending);
    const [rows, total] = await Promise.all([
      this.#database.read<StoredRow>(statement, values, signal),
      this.#count(COUNT_TOPICS, contains, signal),
    ]);
    return { items: rows.map(toCatalogueTopic), total };
  }

  async topic(name: string, signal: AbortSignal): Promise<CatalogueTopic | undefined> {
    const [row] = await this.#database.read<StoredRow>(TOPIC, [name], signal);
    return row === undefined ? undefined : toCatalogueTopic(row);
  }

  async partitions(
    id: TopicId,
    after: number,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly CataloguePartition[]> {
    const rows = await this.#database.read<PartitionRow>(PARTITIONS, [id, after, limit], signal);
    return rows.map((row) => ({
      partition: row.partition,
      logStartOffset: offset(row.logStartOffset),
      nextOffset: offset(row.nextOffset),
      bytes: row.bytes,
      epoch: epoch(row.epoch),
      holder: row.holder ?? undefined,
    }));
  }

  async agents(signal: AbortSignal): Promise<readonly CatalogueAgent[]> {
    const rows = await this.#database.read<AgentRow>(AGENTS, [], signal);
    return rows.map((row) => ({ ...row, incarnation: incarnation(row.incarnation) }));
  }

  async heldBy(
    agent: Incarnation,
    after: Omit<HeldPartitionName, 'epoch'> | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly HeldPartitionName[]> {
    const values = [agent, after?.topic ?? '', after?.partition ?? -1, limit];
    const rows = await this.#database.read<{ topic: string; partition: number; epoch: number }>(
      HELD_BY,
      values,
      signal,
    );
    return rows.map((row) => ({ ...row, epoch: epoch(row.epoch) }));
  }

  async totals(signal: AbortSignal): Promise<CatalogueTotals> {
    const [row] = await this.#database.read<CatalogueTotals & object>(TOTALS, [], signal);
    return row ?? { topics: 0, partitions: 0, records: 0, bytes: 0, consumers: 0 };
  }

  async groups(slice: Slice<string>, signal: AbortSignal): Promise<Page<CatalogueGroup>> {
    const { contains, after = '', limit } = slice;
    const [rows, total] = await Promise.all([
      this.#database.read<GroupRow>(GROUPS, [contains, after, limit], signal),
      this.#count(COUNT_GROUPS, contains, signal),
    ]);
    const items = rows.map((row) => ({
      ...toSummary(row),
      topics: row.topics,
      partitions: row.partitions,
      lag: row.lag,
    }));
    return { items, total };
  }

  async groupPartitions(
    groupId: string,
    others: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<readonly GroupPartition[]> {
    const values = [
      groupId,
      arrayLiteral(others.map((other) => other.topicId)),
      arrayLiteral(others.map((other) => other.partition)),
    ];
    const rows = await this.#database.read<CommittedRow>(GROUP_PARTITIONS, values, signal);
    return rows.map(toGroupPartition);
  }

  async committed(limit: number, signal: AbortSignal): Promise<readonly GroupPartitions[]> {
    const rows = await this.#database.read<CommittedRow & { readonly groupId: string }>(
      COMMITTED,
      [limit],
      signal,
    );
    const groups = Map.groupBy(rows, (row) => row.groupId);
    return [...groups].map(([groupId, partitions]) => ({
      groupId,
      partitions: partitions.map(toGroupPartition),
    }));
  }

  async #count(statement: Statement, contains: string, signal: AbortSignal): Promise<number> {
    const [row] = await this.#database.read<{ total: number }>(statement, [contains], signal);
    return row?.total ?? 0;
  }
}

function toCatalogueTopic(row: StoredRow): CatalogueTopic {
  return { ...toTopic(row), records: row.records, bytes: row.bytes };
}

function toGroupPartition(row: CommittedRow): GroupPartition {
  return {
    topicId: topicId(row.topicId),
    topic: row.topic,
    partition: partitionIndex(row.partition),
    committed: row.committed === null ? undefined : offset(row.committed),
    committedAtMs: row.committedAtMs ?? undefined,
    unreadMs: row.unreadMs ?? undefined,
    highWatermark: offset(row.highWatermark),
  };
}
