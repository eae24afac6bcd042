import {
  epoch,
  type Incarnation,
  incarnation,
  offset,
  type PartitionIndex,
  partitionIndex,
  producerId,
  type TopicId,
  type TopicPartition,
  topicId,
} from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { ProducerSnapshot } from '@streamhouse/core/log/producer-state.ts';
import type { Handover, HeldPartition, LeaseCount, LeaseStore, PartitionLease } from '../leases.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Database, Statement } from './database.ts';
import { unflattenBatches } from './producer-batches.ts';

const HELD_COLUMNS = `
  topic_id AS "topicId", part AS partition, epoch, next_offset AS "nextOffset",
  log_start_offset AS "logStartOffset", producer_id AS "producerId",
  producer_epoch AS "producerEpoch", batches`;

const TAKE: Statement = {
  name: 'take-partitions',
  text: `SELECT ${HELD_COLUMNS} FROM take_partitions($1, $2, $3, $4)`,
};

const LOAD: Statement = {
  name: 'load-partitions',
  text: `SELECT ${HELD_COLUMNS} FROM held_partitions($1, $2, $3, $4)`,
};

const RELEASE: Statement = {
  name: 'release-partitions',
  text: 'SELECT release_partitions($1, $2, $3, $4, $5) AS count',
};

const LEASES = `
  SELECT p.topic_id AS "topicId", p.part AS partition, t.pool, s.incarnation AS holder, p.epoch
  FROM partitions p JOIN topics t ON t.topic_id = p.topic_id AND t.deleted_at IS NULL
  LEFT JOIN agent_sessions s ON s.incarnation = p.holder_incarnation AND s.fenced_at IS NULL`;

const ALL: Statement = { name: 'all-leases', text: `${LEASES} ORDER BY p.topic_id, p.part` };

const COUNTS: Statement = {
  name: 'lease-counts',
  text: `
    SELECT s.incarnation AS holder, count(*) AS partitions
    FROM topics t JOIN partitions p ON p.topic_id = t.topic_id
    LEFT JOIN agent_sessions s ON s.incarnation = p.holder_incarnation AND s.fenced_at IS NULL
    WHERE t.pool = $1 AND t.deleted_at IS NULL AND (cardinality($2::text[]) = 0 OR t.name = ANY ($2))
    GROUP BY s.incarnation`,
};

const HOLDER: Statement = {
  name: 'partition-holder',
  text: `${LEASES} WHERE p.topic_id = $1 AND p.part = $2`,
};

interface HeldRow {
  readonly topicId: string;
  readonly partition: number;
  readonly epoch: number;
  readonly nextOffset: number;
  readonly logStartOffset: number;
  readonly producerId: number | null;
  readonly producerEpoch: number;
  readonly batches: readonly number[];
}

interface CountRow {
  readonly holder: number | null;
  readonly partitions: number;
}

interface LeaseRow {
  readonly topicId: string;
  readonly partition: number;
  readonly pool: string;
  readonly holder: number | null;
  readonly epoch: number;
}

export class PgLeases implements LeaseStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async all(signal: AbortSignal): Promise<readonly PartitionLease[]> {
    const rows = await this.#database.read<LeaseRow>(ALL, [], signal);
    return rows.map(toLease);
  }

  async counts(
    pool: string,
    topics: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly LeaseCount[]> {
    const rows = await this.#database.read<CountRow>(COUNTS, [pool, topics], signal);
    return rows.map(({ holder, partitions }) => ({
      holder: holder === null ? undefined : incarnation(holder),
      partitions,
    }));
  }

  async takeover(
    me: Incarnation,
    wanted: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<readonly HeldPartition[]> {
    const rows = await this.#database.write<HeldRow>(TAKE, wantedValues(me, wanted), signal);
    return toHeld(rows);
  }

  async load(
    me: Incarnation,
    wanted: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<readonly HeldPartition[]> {
    const rows = await this.#database.read<HeldRow>(LOAD, wantedValues(me, wanted), signal);
    return toHeld(rows);
  }

  async release(
    me: Incarnation,
    handovers: readonly Handover[],
    signal: AbortSignal,
  ): Promise<number> {
    const values = [
      me,
      arrayLiteral(handovers.map((handover) => handover.topicId)),
      arrayLiteral(handovers.map((handover) => handover.partition)),
      arrayLiteral(handovers.map((handover) => handover.epoch)),
      arrayLiteral(handovers.map((handover) => handover.heir ?? null)),
    ];
    const [row] = await this.#database.write<{ count: number }>(RELEASE, values, signal);
    return row?.count ?? 0;
  }

  async holder(
    id: TopicId,
    partition: PartitionIndex,
    signal: AbortSignal,
  ): Promise<PartitionLease | undefined> {
    const [row] = await this.#database.read<LeaseRow>(HOLDER, [id, partition], signal);
    return row === undefined ? undefined : toLease(row);
  }
}

function wantedValues(me: Incarnation, wanted: readonly TopicPartition[]): (string | number)[] {
  return [
    me,
    arrayLiteral(wanted.map((one) => one.topicId)),
    arrayLiteral(wanted.map((one) => one.partition)),
    LIMITS.partitionProducersMax,
  ];
}

function toLease(row: LeaseRow): PartitionLease {
  return {
    topicId: topicId(row.topicId),
    partition: partitionIndex(row.partition),
    pool: row.pool,
    holder: row.holder === null ? undefined : incarnation(row.holder),
    epoch: epoch(row.epoch),
  };
}

/** Rows of one partition follow each other, one per producer. */
function toHeld(rows: readonly HeldRow[]): readonly HeldPartition[] {
  const held: HeldPartition[] = [];
  let last: HeldRow | undefined;
  let producers: ProducerSnapshot[] = [];
  for (const row of rows) {
    if (last?.topicId !== row.topicId || last.partition !== row.partition) {
      producers = [];
      held.push({
        topicId: topicId(row.topicId),
        partition: partitionIndex(row.partition),
        epoch: epoch(row.epoch),
        nextOffset: offset(row.nextOffset),
        logStartOffset: offset(row.logStartOffset),
        producers,
      });
    }
    last = row;
    if (row.producerId === null) continue;
    producers.push({
      producerId: producerId(row.producerId),
      producerEpoch: row.producerEpoch,
      batches: unflattenBatches(row.batches),
    });
  }
  return held;
}
