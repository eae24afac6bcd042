import type { TopicId } from '../ids.ts';
import { epoch, offset, partitionIndex, producerId, topicId } from '../ids.ts';
import type { RunInput } from '../object/wal-object.ts';
import { buildBatch, plainRecords } from './batches.test-support.ts';

export const TOPIC_A: TopicId = topicId('00112233-4455-6677-8899-aabbccddeeff');
export const TOPIC_B: TopicId = topicId('f0000000-0000-4000-8000-000000000001');

/** A batch of `count` records of producer 7, epoch 3, or of none when there is no sequence. */
export function batchFrom(
  count: number,
  sequence?: number,
  producer = 7,
  producerEpoch = 3,
): Uint8Array<ArrayBuffer> {
  if (sequence === undefined) return buildBatch(plainRecords(count));
  return buildBatch(plainRecords(count), {
    producerId: producerId(producer),
    producerEpoch,
    baseSequence: sequence,
  });
}

export function runOf(batches: readonly Uint8Array[], of: Partial<RunInput> = {}): RunInput {
  return {
    topicId: TOPIC_A,
    partition: partitionIndex(3),
    epoch: epoch(5),
    baseOffset: offset(1_000),
    batches,
    ...of,
  };
}
