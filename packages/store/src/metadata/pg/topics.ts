import { StreamError } from '@streamhouse/core/errors.ts';
import { offset, type TopicId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { PartitionState, Topic, TopicSettings, TopicStore } from '../topics.ts';
import type { Statement, Statements } from './database.ts';
import { TOPIC_COLUMNS, type TopicRow, toTopic } from './topic-row.ts';

const CREATE: Statement = {
  name: 'create-topic',
  text: `SELECT ${TOPIC_COLUMNS} FROM create_topic($1, $2, $3, $4)`,
};

const ALTER: Statement = {
  name: 'alter-topic',
  text: `SELECT ${TOPIC_COLUMNS} FROM alter_topic($1, $2, $3)`,
};

const DELETE: Statement = {
  name: 'delete-topic',
  text: 'SELECT delete_topic($1) AS "isDeleted"',
};

const BY_NAME: Statement = {
  name: 'topic-by-name',
  text: `SELECT ${TOPIC_COLUMNS} FROM topics WHERE name = $1 AND deleted_at IS NULL`,
};

const LIST: Statement = {
  name: 'list-topics',
  text: `SELECT ${TOPIC_COLUMNS} FROM topics WHERE deleted_at IS NULL ORDER BY name`,
};

const PARTITIONS: Statement = {
  name: 'topic-partitions',
  text: `
    SELECT p.part AS partition, p.log_start_offset AS "logStartOffset",
           p.next_offset AS "nextOffset", p.bytes
    FROM partitions p JOIN topics t USING (topic_id)
    WHERE p.topic_id = $1 AND t.deleted_at IS NULL ORDER BY p.part`,
};

interface PartitionRow {
  readonly partition: number;
  readonly logStartOffset: number;
  readonly nextOffset: number;
  readonly bytes: number;
}

export class PgTopics implements TopicStore {
  readonly #database: Statements;

  constructor(database: Statements) {
    this.#database = database;
  }

  async create(
    name: string,
    partitions: number,
    settings: TopicSettings,
    signal: AbortSignal,
  ): Promise<Topic> {
    const { pool, durability, retentionMs, retentionBytes, config } = settings;
    const fields = JSON.stringify({ pool, durability, retentionMs, retentionBytes, config });
    const values = [name, partitions, fields, LIMITS.clusterPartitionsMax];
    const [row] = await this.#database.write<TopicRow>(CREATE, values, signal);
    if (row === undefined) throw new StreamError('internal', 'NO_ROW', 'no topic was created');
    return toTopic(row);
  }

  async alter(
    id: TopicId,
    change: Partial<TopicSettings> & { readonly partitions?: number },
    signal: AbortSignal,
  ): Promise<Topic> {
    const values = [id, JSON.stringify(change), LIMITS.clusterPartitionsMax];
    const [row] = await this.#database.write<TopicRow>(ALTER, values, signal);
    if (row === undefined) throw noTopic(id);
    return toTopic(row);
  }

  async delete(id: TopicId, signal: AbortSignal): Promise<void> {
    const [row] = await this.#database.write<{ isDeleted: boolean }>(DELETE, [id], signal);
    if (row?.isDeleted !== true) throw noTopic(id);
  }

  async byName(name: string, signal: AbortSignal): Promise<Topic | undefined> {
    const [row] = await this.#database.read<TopicRow>(BY_NAME, [name], signal);
    return row === undefined ? undefined : toTopic(row);
  }

  async list(signal: AbortSignal): Promise<readonly Topic[]> {
    const rows = await this.#database.read<TopicRow>(LIST, [], signal);
    return rows.map(toTopic);
  }

  async partitions(id: TopicId, signal: AbortSignal): Promise<readonly PartitionState[]> {
    const rows = await this.#database.read<PartitionRow>(PARTITIONS, [id], signal);
    return rows.map((row) => ({
      ...row,
      logStartOffset: offset(row.logStartOffset),
      nextOffset: offset(row.nextOffset),
    }));
  }
}

function noTopic(id: TopicId): StreamError {
  return new StreamError('notFound', 'TOPIC_MISSING', `there is no topic with the id ${id}`);
}
