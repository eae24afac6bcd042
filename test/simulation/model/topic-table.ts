import { StreamError } from '@streamhouse/core/errors.ts';
import {
  epoch,
  type Offset,
  offset,
  type PartitionIndex,
  partitionIndex,
  partitionKey,
  type TopicId,
} from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { Change } from '@streamhouse/store/metadata/changes.ts';
import type { PartitionRange, StoredRun } from '@streamhouse/store/metadata/log.ts';
import type { PartitionState, Topic, TopicSettings } from '@streamhouse/store/metadata/topics.ts';
import type { PartitionRow, TopicRow } from './rows.ts';

export interface TopicTableOptions {
  readonly newTopicId: () => TopicId;
  readonly wallMs: () => number;
  readonly notify: (...changes: readonly Change[]) => void;
  readonly onLease: (row: PartitionRow) => void;
}

/** Topics and their partitions. Rows stay after a deletion, as they do in Postgres. */
export class TopicTable {
  readonly #options: TopicTableOptions;
  readonly #topics = new Map<TopicId, TopicRow>();
  readonly #partitions = new Map<string, PartitionRow>();

  constructor(options: TopicTableOptions) {
    this.#options = options;
  }

  create(name: string, partitions: number, settings: TopicSettings): Topic {
    for (const other of this.#present()) {
      if (other.name === name) {
        const details = { topicId: other.topicId };
        throw new StreamError('alreadyExists', 'TOPIC_EXISTS', `"${name}" exists`, { details });
      }
      if (canonical(other.name) !== canonical(name)) continue;
      const message = `"${name}" differs from "${other.name}" only by . and _`;
      const details = { topic: other.name };
      throw new StreamError('conflict', 'TOPIC_NAME_COLLISION', message, { details });
    }
    this.#checkPartitionsLeft(partitions);
    const row: TopicRow = {
      ...settings,
      ...{ topicId: this.#options.newTopicId(), name, partitions, owner: { kind: 'api' } },
      createdAtMs: this.#options.wallMs(),
      isDeleted: false,
    };
    this.#topics.set(row.topicId, row);
    this.#addPartitions(row, 0);
    this.#options.notify('topics');
    return view(row);
  }

  alter(id: TopicId, change: Partial<TopicSettings> & { readonly partitions?: number }): Topic {
    const row = this.#get(id);
    const { partitions = row.partitions } = change;
    if (partitions < row.partitions) {
      const message = `"${row.name}" has ${row.partitions} partitions`;
      throw new StreamError('invalid', 'PARTITIONS_SHRINK', message);
    }
    this.#checkPartitionsLeft(partitions - row.partitions);
    const first = row.partitions;
    Object.assign(row, change);
    this.#addPartitions(row, first);
    this.#options.notify('topics');
    return view(row);
  }

  delete(id: TopicId): void {
    const topic = this.#get(id);
    topic.isDeleted = true;
    for (let index = 0; index < topic.partitions; index++) {
      const row = this.partition(id, partitionIndex(index));
      if (row === undefined) continue;
      row.holder = undefined;
      row.epoch = epoch(row.epoch + 1);
      this.#options.onLease(row);
    }
    this.#options.notify('topics', 'leases');
  }

  byName(name: string): Topic | undefined {
    const row = this.#present().find((topic) => topic.name === name);
    return row === undefined ? undefined : view(row);
  }

  list(): readonly Topic[] {
    return this.#present()
      .sort((a, b) => compare(a.name, b.name))
      .map(view);
  }

  partitions(id: TopicId): readonly PartitionState[] {
    return this.partitionRows()
      .filter((row) => row.topic.topicId === id)
      .map(({ partition, logStartOffset, nextOffset, bytes }) => ({
        ...{ partition, logStartOffset, nextOffset, bytes },
      }));
  }

  partition(id: TopicId, partition: PartitionIndex): PartitionRow | undefined {
    return this.#partitions.get(partitionKey(id, partition));
  }

  /** Those of topics that are not deleted, sorted by (topicId, partition). */
  partitionRows(): readonly PartitionRow[] {
    return [...this.#partitions.values()]
      .filter((row) => !row.topic.isDeleted)
      .sort((a, b) => compare(a.topic.topicId, b.topic.topicId) || a.partition - b.partition);
  }

  /** Those of deleted topics too. */
  allRows(): readonly PartitionRow[] {
    return [...this.#partitions.values()];
  }

  range(id: TopicId, partition: PartitionIndex): PartitionRange {
    const row = this.partition(id, partition);
    if (row === undefined || row.topic.isDeleted) {
      const message = `topic ${id} has no partition ${partition}`;
      throw new StreamError('notFound', 'PARTITION_MISSING', message);
    }
    return { logStartOffset: row.logStartOffset, nextOffset: row.nextOffset };
  }

  runs(id: TopicId, partition: PartitionIndex, from: Offset, limit: number): readonly StoredRun[] {
    const runs = this.partition(id, partition)?.runs ?? [];
    const first = runs.findIndex((run) => run.lastOffset >= from);
    return first === -1 ? [] : runs.slice(first, first + limit);
  }

  runByTimestamp(id: TopicId, partition: PartitionIndex, atMs: number): StoredRun | undefined {
    return this.partition(id, partition)?.runs.find((run) => run.maxTimestampMs >= atMs);
  }

  #present(): TopicRow[] {
    return [...this.#topics.values()].filter((topic) => !topic.isDeleted);
  }

  #get(id: TopicId): TopicRow {
    const row = this.#topics.get(id);
    if (row !== undefined && !row.isDeleted) return row;
    throw new StreamError('notFound', 'TOPIC_MISSING', `there is no topic with the id ${id}`);
  }

  #addPartitions(topic: TopicRow, first: number): void {
    for (let partition = first; partition < topic.partitions; partition++) {
      const key = partitionKey(topic.topicId, partitionIndex(partition));
      this.#partitions.set(key, {
        ...{ topic, partition, holder: undefined, epoch: epoch(0), bytes: 0 },
        ...{ nextOffset: offset(0), logStartOffset: offset(0), runs: [], producers: new Map() },
      });
    }
  }

  #checkPartitionsLeft(added: number): void {
    const present = this.#present().reduce((sum, topic) => sum + topic.partitions, 0);
    if (present + added <= LIMITS.clusterPartitionsMax) return;
    const message = `the cluster has ${present} of ${LIMITS.clusterPartitionsMax} partitions`;
    throw new StreamError('overloaded', 'PARTITIONS_LIMIT', message);
  }
}

function view({ isDeleted: _isDeleted, ...topic }: TopicRow): Topic {
  return topic;
}

function canonical(name: string): string {
  return name.replaceAll('.', '_');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
