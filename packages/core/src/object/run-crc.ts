import { writeInt32 } from '../bytes/fixed.ts';
import { UUID_BYTES, writeTopicId } from '../bytes/uuid.ts';
import { StreamError } from '../errors.ts';
import type { Offset, PartitionIndex, TopicId, TopicPartition } from '../ids.ts';
import type { Crc32c } from '../record/compression.ts';

/**
 * CRC-32C over topicId (16 bytes), partition (int32 big-endian), then the run's bytes: the bytes of one partition are
 * corrupt when they are read as another's (I-14).
 */
export function runCrc(
  topicId: TopicId,
  partition: PartitionIndex,
  runBytes: Uint8Array,
  crc32c: Crc32c,
): number {
  const owner = new Uint8Array(UUID_BYTES + 4);
  writeTopicId(owner, 0, topicId);
  writeInt32(owner, UUID_BYTES, partition);
  return crc32c(runBytes, crc32c(owner));
}

/** What is known of a stored run before its bytes are read. */
export interface ExpectedRun {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly crc: number;
}

/**
 * @throws StreamError `corrupt` RUN_CRC when the bytes are not that run of that partition; details: topicId, partition,
 *   baseOffset, lastOffset.
 */
export function verifyRun(
  { topicId, partition }: TopicPartition,
  run: ExpectedRun,
  runBytes: Uint8Array,
  crc32c: Crc32c,
): void {
  if (runCrc(topicId, partition, runBytes, crc32c) === run.crc) return;
  throw new StreamError(
    'corrupt',
    'RUN_CRC',
    `offsets ${run.baseOffset}..${run.lastOffset} of ${topicId}/${partition} are not what was stored`,
    {
      details: {
        topicId,
        partition: String(partition),
        baseOffset: String(run.baseOffset),
        lastOffset: String(run.lastOffset),
      },
    },
  );
}
