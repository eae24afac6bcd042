import type { TopicView } from '../cluster/cluster-view.ts';
import {
  openPartitionQueue,
  type PartitionQueueState,
  type ProducerIdentity,
} from './partition-queue.ts';
import type { PendingBatch } from './pending-batch.ts';

/** What a producer has of one partition: the batch being filled, those on their way, and where they go. */
export class PartitionWriter {
  readonly topic: string;
  /** Another one once the topic is made again. */
  topicIdBytes: Uint8Array;
  readonly partition: number;
  readonly queue: PartitionQueueState<PendingBatch>;
  open: PendingBatch | undefined;
  /** Fencing number and incarnation of the holder that batches are sent to; 0 while there is none. */
  epoch = -1;
  holder = 0;
  /** `host:port` of the holder; undefined while it is not known. */
  address: string | undefined;
  isIdentifying = false;
  cancelWake: (() => void) | undefined;

  constructor(topic: TopicView, partition: number, identity: ProducerIdentity) {
    this.topic = topic.name;
    this.topicIdBytes = topic.topicIdBytes;
    this.partition = partition;
    this.queue = openPartitionQueue(identity);
  }
}
