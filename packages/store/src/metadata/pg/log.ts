import { StreamError } from '@streamhouse/core/errors.ts';
import {
  epoch,
  type Offset,
  offset,
  type PartitionIndex,
  type ProducerId,
  producerId,
  type TopicId,
} from '@streamhouse/core/ids.ts';
import type { LogStore, PartitionRange, PublishRequest, PublishResult, StoredRun } from '../log.ts';
import { arrayLiteral, nestedLiteral } from './array-literal.ts';
import type { Database, Statement } from './database.ts';
import { flattenBatches } from './producer-batches.ts';

const PUBLISH: Statement = {
  name: 'publish-object',
  text: `
    SELECT publish_object($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
      AS rejected`,
};

const RUN_COLUMNS = `
  base_offset AS "baseOffset", last_offset AS "lastOffset", epoch, object_key AS "objectKey",
  position, length, crc, max_timestamp AS "maxTimestampMs"`;

// Runs are contiguous and disjoint (I-03): the one that holds an offset is the last that starts at or below it.
const RUNS: Statement = {
  name: 'stored-runs',
  text: `
    SELECT ${RUN_COLUMNS} FROM batches
    WHERE topic_id = $1 AND part = $2 AND last_offset >= $3 AND base_offset >= coalesce(
      (SELECT max(base_offset) FROM batches
       WHERE topic_id = $1 AND part = $2 AND base_offset <= $3), $3)
    ORDER BY base_offset LIMIT $4`,
};

const RUN_BY_TIMESTAMP: Statement = {
  name: 'stored-run-by-timestamp',
  text: `
    SELECT ${RUN_COLUMNS} FROM batches
    WHERE topic_id = $1 AND part = $2 AND max_timestamp >= $3 ORDER BY base_offset LIMIT 1`,
};

const RANGE: Statement = {
  name: 'partition-range',
  text: `
    SELECT p.log_start_offset AS "logStartOffset", p.next_offset AS "nextOffset"
    FROM partitions p JOIN topics t ON t.topic_id = p.topic_id AND t.deleted_at IS NULL
    WHERE p.topic_id = $1 AND p.part = $2`,
};

const ALLOCATE_PRODUCER: Statement = {
  name: 'allocate-producer-id',
  text: `SELECT nextval('producer_ids') AS id`,
};

interface RunRow {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly objectKey: string;
  readonly position: number;
  readonly length: number;
  readonly crc: number;
  readonly maxTimestampMs: number;
}

export class PgLog implements LogStore {
  readonly #publishing: Database;
  readonly #database: Database;

  /** `publishing` is a pool of its own, so that a publish never waits behind other statements for a connection. */
  constructor(publishing: Database, database: Database) {
    this.#publishing = publishing;
    this.#database = database;
  }

  async publish(request: PublishRequest, signal: AbortSignal): Promise<PublishResult> {
    const values = publishValues(request);
    const [row] = await this.#publishing.write<{ rejected: number[] }>(PUBLISH, values, signal);
    if (row === undefined) {
      throw new StreamError('indefinite', 'NO_ROW', 'the publish had no answer');
    }
    const rejected = new Set(row.rejected);
    const accepted: number[] = [];
    for (let index = 0; index < request.runs.length; index++) {
      if (!rejected.has(index)) accepted.push(index);
    }
    return { accepted };
  }

  async runs(
    topicId: TopicId,
    partition: PartitionIndex,
    from: Offset,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly StoredRun[]> {
    const values = [topicId, partition, from, limit];
    const rows = await this.#database.read<RunRow>(RUNS, values, signal);
    return rows.map(toRun);
  }

  async range(
    topicId: TopicId,
    partition: PartitionIndex,
    signal: AbortSignal,
  ): Promise<PartitionRange> {
    const values = [topicId, partition];
    const [row] = await this.#database.read<Record<keyof PartitionRange, number>>(
      RANGE,
      values,
      signal,
    );
    if (row === undefined) {
      const message = `topic ${topicId} has no partition ${partition}`;
      throw new StreamError('notFound', 'PARTITION_MISSING', message);
    }
    return { logStartOffset: offset(row.logStartOffset), nextOffset: offset(row.nextOffset) };
  }

  async runByTimestamp(
    topicId: TopicId,
    partition: PartitionIndex,
    timestampMs: number,
    signal: AbortSignal,
  ): Promise<StoredRun | undefined> {
    const values = [topicId, partition, timestampMs];
    const [row] = await this.#database.read<RunRow>(RUN_BY_TIMESTAMP, values, signal);
    return row === undefined ? undefined : toRun(row);
  }

  async allocateProducerId(signal: AbortSignal): Promise<ProducerId> {
    const [row] = await this.#database.write<{ id: number }>(ALLOCATE_PRODUCER, [], signal);
    if (row === undefined) throw new StreamError('internal', 'NO_ROW', 'no producer id was given');
    return producerId(row.id);
  }
}

function publishValues(request: PublishRequest): (string | number)[] {
  const { runs } = request;
  const producers = runs.flatMap((run, index) =>
    run.producers.map((snapshot) => ({ run: index + 1, ...snapshot })),
  );
  return [
    request.incarnation,
    request.objectKey,
    request.objectBytes,
    arrayLiteral(runs.map((run) => run.topicId)),
    arrayLiteral(runs.map((run) => run.partition)),
    arrayLiteral(runs.map((run) => run.epoch)),
    arrayLiteral(runs.map((run) => run.baseOffset)),
    arrayLiteral(runs.map((run) => run.recordCount)),
    arrayLiteral(runs.map((run) => run.position)),
    arrayLiteral(runs.map((run) => run.length)),
    arrayLiteral(runs.map((run) => run.crc)),
    arrayLiteral(runs.map((run) => run.maxTimestampMs)),
    arrayLiteral(producers.map((producer) => producer.run)),
    arrayLiteral(producers.map((producer) => producer.producerId)),
    arrayLiteral(producers.map((producer) => producer.producerEpoch)),
    nestedLiteral(producers.map((producer) => flattenBatches(producer.batches))),
  ];
}

function toRun(row: RunRow): StoredRun {
  return {
    ...row,
    baseOffset: offset(row.baseOffset),
    lastOffset: offset(row.lastOffset),
    epoch: epoch(row.epoch),
  };
}
