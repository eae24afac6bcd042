import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import type { ListedOffset } from '@streamhouse/api/gen/streamhouse/v1/ListedOffset.ts';
import type { ListOffsetsPartition__Output } from '@streamhouse/api/gen/streamhouse/v1/ListOffsetsPartition.ts';
import { iterateBatches } from '@streamhouse/core/record/batch-header.ts';
import { decodeBatch } from '@streamhouse/core/record/decode.ts';
import type { RunningIncarnation } from '../incarnation.ts';
import type { HeldPartition } from '../partition/held-partition.ts';
import { errorMessage, type ServiceContext } from './call.ts';
import { findHeld, invalidField } from './validate.ts';

interface Found {
  readonly offset: number;
  /** Milliseconds since 1970; -1: not asked by timestamp, or none found. */
  readonly timestampMs: number;
}

/** One entry of a ListOffsets response; what is wrong with it stands in its `error`. */
export async function listOffset(
  context: ServiceContext,
  life: RunningIncarnation,
  asked: ListOffsetsPartition__Output,
  signal: AbortSignal,
): Promise<ListedOffset> {
  const { topicId, partition } = asked;
  try {
    const held = findHeld(life, topicId, partition);
    return { topicId, partition, ...(await find(life, held, asked, signal)) };
  } catch (error) {
    return { topicId, partition, error: errorMessage(error, context.log) };
  }
}

async function find(
  life: RunningIncarnation,
  held: HeldPartition,
  asked: ListOffsetsPartition__Output,
  signal: AbortSignal,
): Promise<Found> {
  // I-16: others may have moved the end of what is not surely held. A beginning that rose is told by the next read.
  if (asked.at !== 'earliest') life.checkServing();
  switch (asked.at) {
    case 'earliest':
      return { offset: held.logStartOffset, timestampMs: -1 };
    case 'latest':
      return { offset: held.highWatermark, timestampMs: -1 };
    case 'timestampMs':
      return await findByTimestamp(life, held, asked.timestampMs ?? 0, signal);
    case undefined:
      break;
  }
  throw invalidField('at', 'must be one of earliest, latest and timestamp_ms');
}

async function findByTimestamp(
  life: RunningIncarnation,
  held: HeldPartition,
  timestampMs: number,
  signal: AbortSignal,
): Promise<Found> {
  if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) {
    throw invalidField('timestamp_ms', `must be milliseconds since 1970, got ${timestampMs}`);
  }
  const { topicId, partition, highWatermark } = held;
  const run = await life.metadata.log.runByTimestamp(topicId, partition, timestampMs, signal);
  if (run !== undefined) {
    const { chunks } = await life.reader.read(held, run.baseOffset, run.length, signal);
    for (const chunk of chunks) {
      for (const { position, header } of iterateBatches(chunk)) {
        if (header.maxTimestampMs < timestampMs) continue;
        const records = decodeBatch(chunk, position, { port: nativeCompression, crc32c });
        const first = records.find((record) => record.timestampMs >= timestampMs);
        if (first !== undefined) return { offset: first.offset, timestampMs: first.timestampMs };
      }
    }
  }
  return { offset: highWatermark, timestampMs: -1 };
}
