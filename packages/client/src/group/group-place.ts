/** Partitions as the coordinator names them, and as members do. */
import type {
  GroupPartition,
  GroupPartition__Output,
} from '@streamhouse/api/gen/streamhouse/v1/GroupPartition.ts';
import { topicIdFromBytes, topicIdToBytes } from '@streamhouse/core/bytes/uuid.ts';
import { partitionIndex, partitionKey, type TopicId, topicId } from '@streamhouse/core/ids.ts';
import type { TopicView } from '../cluster/cluster-view.ts';
import type { PartitionPlace } from '../consumer/offset-lookup.ts';

export interface GroupPlace extends PartitionPlace {
  readonly topicId: TopicId;
  /** What a membership knows it by: of its topic's id, so that one made again under the same name is another (I-28). */
  readonly key: string;
}

export function groupPlace(topic: TopicView, partition: number): GroupPlace {
  return {
    topic: topic.name,
    topicId: topic.topicId,
    topicIdBytes: topic.topicIdBytes,
    partition,
    key: partitionKey(topic.topicId, partitionIndex(partition)),
  };
}

/** @throws StreamError `invalid` when the coordinator names what cannot be. */
export function keyOfMessage({ topicId: id, partition }: GroupPartition__Output): string {
  return partitionKey(topicIdFromBytes(id), partitionIndex(partition));
}

export function messageOfKey(key: string): GroupPartition {
  const [id = '', partition] = key.split('/');
  return { topicId: topicIdToBytes(topicId(id)), partition: Number(partition) };
}
