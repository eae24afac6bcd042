/**
 * RecordBatch, version 2, as Kafka defines it (https://kafka.apache.org/documentation/#recordbatch). Big-endian.
 *
 *   position  type    field
 *          0  int64   baseOffset             offset of the first record; assigned by the holder
 *          8  int32   batchLength            bytes after this field
 *         12  int32   partitionLeaderEpoch   the lease's epoch; assigned by the holder
 *         16  int8    magic                  2
 *         17  uint32  crc                    CRC-32C of everything from attributes to the end
 *         21  int16   attributes             bits 0-2 compression, 3 timestamp type (0 create, 1 append),
 *                                            4 transactional, 5 control, 6 has delete horizon
 *         23  int32   lastOffsetDelta
 *         27  int64   baseTimestamp          milliseconds since 1970
 *         35  int64   maxTimestamp
 *         43  int64   producerId             -1: not idempotent
 *         51  int16   producerEpoch          -1: not idempotent
 *         53  int32   baseSequence           -1: not idempotent
 *         57  int32   records                their count
 *         61          the records (batch-builder.ts), compressed as a whole
 *
 * baseOffset and partitionLeaderEpoch stand outside the CRC, so that the holder can assign them without reading the
 * rest. What protects them once they are stored is the CRC of the run (object/run-crc.ts).
 */
import { branded } from '../bytes/branded.ts';
import {
  readInt8,
  readInt16,
  readInt32,
  readInt64,
  readUint32,
  writeInt32,
  writeInt64,
} from '../bytes/fixed.ts';
import { StreamError } from '../errors.ts';
import type { Epoch, Offset, ProducerId } from '../ids.ts';
import { offset, producerId } from '../ids.ts';
import type { Compression, Crc32c } from './compression.ts';
import { COMPRESSIONS } from './compression.ts';

export const BATCH_HEADER_BYTES = 61;
/** Bytes of baseOffset and batchLength, which batchLength does not count. */
export const BATCH_PREFIX_BYTES = 12;
export const BATCH_MAGIC = 2;

/** Positions of the fields, in their order. */
export const FIELD = {
  baseOffset: 0,
  batchLength: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;

export const COMPRESSION_BITS = 0x07;
const APPEND_TIME_BIT = 0x08;
const TRANSACTIONAL_BIT = 0x10;
const CONTROL_BIT = 0x20;

export interface BatchHeader {
  readonly baseOffset: Offset;
  /** Bytes of the whole batch: what the field says plus the 12 before it. */
  readonly batchLength: number;
  /** -1 before a holder has assigned it. */
  readonly leaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly compression: Compression;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  /** `append`: every record has the batch's max timestamp. */
  readonly timestampType: 'create' | 'append';
  readonly lastOffsetDelta: number;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  /** -1: not idempotent; epoch and sequence then mean nothing. */
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

/** One of several batches in a row. */
export interface BatchAt {
  readonly position: number;
  readonly header: BatchHeader;
}

/**
 * Reads the header of the batch at `position`; does not check the CRC.
 *
 * @throws StreamError `corrupt`: BATCH_TRUNCATED (the batch is not wholly there), BATCH_MAGIC, BATCH_ATTRIBUTES (unknown
 *   compression), INT64_RANGE, OUT_OF_BOUNDS.
 */
export function readBatchHeader(bytes: Uint8Array, position = 0): BatchHeader {
  const batchLength = readBatchLength(bytes, position);
  const magic = readInt8(bytes, position + FIELD.magic);
  if (magic !== BATCH_MAGIC) {
    throw new StreamError(
      'corrupt',
      'BATCH_MAGIC',
      `the batch at ${position} has magic ${magic}, expected ${BATCH_MAGIC}`,
    );
  }
  const attributes = readInt16(bytes, position + FIELD.attributes);
  return {
    baseOffset: branded(offset, readInt64(bytes, position + FIELD.baseOffset)),
    batchLength,
    leaderEpoch: readInt32(bytes, position + FIELD.leaderEpoch),
    magic,
    crc: readUint32(bytes, position + FIELD.crc),
    compression: compressionOf(attributes),
    isTransactional: (attributes & TRANSACTIONAL_BIT) !== 0,
    isControl: (attributes & CONTROL_BIT) !== 0,
    timestampType: (attributes & APPEND_TIME_BIT) === 0 ? 'create' : 'append',
    lastOffsetDelta: readInt32(bytes, position + FIELD.lastOffsetDelta),
    baseTimestampMs: readInt64(bytes, position + FIELD.baseTimestamp),
    maxTimestampMs: readInt64(bytes, position + FIELD.maxTimestamp),
    producerId: branded(producerId, readInt64(bytes, position + FIELD.producerId)),
    producerEpoch: readInt16(bytes, position + FIELD.producerEpoch),
    baseSequence: readInt32(bytes, position + FIELD.baseSequence),
    recordCount: readInt32(bytes, position + FIELD.recordCount),
  };
}

/**
 * Batches that follow each other to the end of `bytes`, first to last.
 *
 * @throws StreamError `corrupt` as `readBatchHeader`.
 */
export function* iterateBatches(bytes: Uint8Array): Generator<BatchAt, void, undefined> {
  for (let position = 0; position < bytes.length; ) {
    const header = readBatchHeader(bytes, position);
    yield { position, header };
    position += header.batchLength;
  }
}

/** Assigns offset and epoch in place. Neither is under the batch's CRC. */
export function writeBaseOffset(
  bytes: Uint8Array,
  position: number,
  baseOffset: Offset,
  epoch: Epoch,
): void {
  if (epoch > 0x7fffffff) {
    throw new StreamError(
      'internal',
      'EPOCH_RANGE',
      `epoch ${epoch} does not fit into a batch's int32`,
    );
  }
  writeInt64(bytes, position + FIELD.baseOffset, baseOffset);
  writeInt32(bytes, position + FIELD.leaderEpoch, epoch);
}

/** @throws StreamError `corrupt` BATCH_CRC when the batch at `position` is not what was written. */
export function verifyBatchCrc(
  bytes: Uint8Array,
  position: number,
  header: BatchHeader,
  crc32c: Crc32c,
): void {
  const actual = crc32c(bytes.subarray(position + FIELD.attributes, position + header.batchLength));
  if (actual !== header.crc) {
    throw new StreamError(
      'corrupt',
      'BATCH_CRC',
      `the batch at offset ${header.baseOffset} has a wrong CRC-32C`,
      {
        details: {
          baseOffset: String(header.baseOffset),
          lastOffset: String(header.baseOffset + header.lastOffsetDelta),
        },
      },
    );
  }
}

/** Sequence of a batch's last record: sequences go from 2^31 - 1 to 0. */
export function lastSequence(baseSequence: number, recordCount: number): number {
  return (baseSequence + recordCount - 1) % 0x8000_0000;
}

function readBatchLength(bytes: Uint8Array, position: number): number {
  const available = bytes.length - position;
  if (available < BATCH_HEADER_BYTES) throw truncated(position, BATCH_HEADER_BYTES, available);
  const batchLength = readInt32(bytes, position + FIELD.batchLength) + BATCH_PREFIX_BYTES;
  if (batchLength < BATCH_HEADER_BYTES || batchLength > available)
    throw truncated(position, batchLength, available);
  return batchLength;
}

function compressionOf(attributes: number): Compression {
  const compression = COMPRESSIONS[attributes & COMPRESSION_BITS];
  if (compression === undefined) {
    throw new StreamError(
      'corrupt',
      'BATCH_ATTRIBUTES',
      `unknown compression ${attributes & COMPRESSION_BITS}`,
    );
  }
  return compression;
}

function truncated(position: number, needed: number, available: number): StreamError {
  return new StreamError(
    'corrupt',
    'BATCH_TRUNCATED',
    `the batch at ${position} says it has ${needed} bytes, there are ${available}`,
  );
}
