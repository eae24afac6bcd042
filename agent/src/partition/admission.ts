/** The way of one batch from a producer into the log: checks first, room second, the partition last. */
import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { type StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import type { Offset } from '@streamhouse/core/ids.ts';
import { recordTooLarge } from '@streamhouse/core/record/batch-builder.ts';
import type { BatchHeader } from '@streamhouse/core/record/batch-header.ts';
import { validateBatch, validateBatchRecords } from '@streamhouse/core/record/validate.ts';
import type { Topic } from '@streamhouse/store/metadata/topics.ts';
import type { RunningIncarnation } from '../incarnation.ts';
import { recordBytesMaxOf } from '../topic-config.ts';
import type { HeldPartition } from './held-partition.ts';

/** What a producer asks for; `topic` is what the topic itself says. */
export type AcknowledgeAt = 'published' | 'accepted' | 'topic';

/**
 * Appends one encoded batch. `reply` is called once, with its base offset when it is acknowledged or with why it is not in
 * the log. Resolves when the next batch may come: at once, or when there is room again.
 */
export async function admitBatch(
  life: RunningIncarnation,
  partition: HeldPartition,
  bytes: Uint8Array,
  acknowledge: AcknowledgeAt,
  reply: (result: Offset | StreamError) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, flow } = life;
  const sinceMs = clock.monotonicMs();
  try {
    life.checkServing();
    while (life.checks.isSpent) await life.checks.nextTurn();
    const topic = life.view.snapshot.topicsById.get(partition.topicId);
    const header = life.checks.run(() => check(bytes, recordBytesMaxOf(topic)));
    if (!life.budget.tryTake(bytes.length)) {
      // A life that ends gives nothing back: who waits must not wait for ever.
      await life.budget.take(bytes.length, AbortSignal.any([signal, life.over]));
    }
    const isAccepted = partition.append({
      bytes,
      header,
      acknowledge: resolve(topic, acknowledge),
      reply: (result) => {
        if (typeof result === 'number') flow.observeProduce(clock.monotonicMs() - sinceMs);
        reply(result);
      },
    });
    if (isAccepted) life.flusher.appended(partition, bytes.length);
    else life.budget.give(bytes.length);
  } catch (error) {
    reply(toStreamError(error));
  }
}

function check(bytes: Uint8Array, recordBytesMax: number): BatchHeader {
  const header = validateBatch(bytes, crc32c);
  const { largestRecordBytes } = validateBatchRecords(bytes, header, nativeCompression);
  if (largestRecordBytes > recordBytesMax) throw recordTooLarge(largestRecordBytes, recordBytesMax);
  return header;
}

function resolve(topic: Topic | undefined, acknowledge: AcknowledgeAt): 'published' | 'accepted' {
  if (acknowledge !== 'topic') return acknowledge;
  return topic?.durability === 'memory' ? 'accepted' : 'published';
}
