import { type PartitionIndex, partitionKey, type TopicId } from '@streamhouse/core/ids.ts';
import type { HeldPartition } from './held-partition.ts';

/** The partitions of this incarnation, by topic and index. Only the placement keeper adds and removes. */
export class HeldPartitions {
  readonly #byKey = new Map<string, HeldPartition>();

  get size(): number {
    return this.#byKey.size;
  }

  get(topicId: TopicId, partition: PartitionIndex): HeldPartition | undefined {
    return this.#byKey.get(partitionKey(topicId, partition));
  }

  all(): readonly HeldPartition[] {
    return [...this.#byKey.values()];
  }

  add(partition: HeldPartition): void {
    this.#byKey.set(partition.key, partition);
  }

  remove(partition: HeldPartition): void {
    if (this.#byKey.get(partition.key) === partition) this.#byKey.delete(partition.key);
  }
}
