/**
 * Footer and trailer of a WAL object (wal-object.ts). Big-endian.
 *
 *   footer
 *     uint32  run count
 *     per run:
 *       16 bytes  topicId
 *       int32     partition
 *       int64     epoch
 *       int64     baseOffset
 *       uint32    record count
 *       uint32    position         bytes from the start of the object
 *       uint32    length
 *       int64     maxTimestamp     milliseconds since 1970
 *       uint32    crc              of the run (run-crc.ts)
 *       uint32    producer count
 *       per idempotent producer that wrote in the run, in the order of its first batch there:
 *         int64   producerId
 *         int16   producerEpoch
 *         uint32  batch count      its last batches in the run, at most LIMITS.producerBatchesMax
 *         per batch, oldest first:
 *           int32   first sequence
 *           int32   last sequence
 *           int64   baseOffset
 *   trailer
 *     uint32  footer length
 *     uint32  version              1
 *     uint32  magic                "SHWO"
 *     uint32  crc                  CRC-32C of footer and trailer up to here
 *
 * It stands last, so that one ranged read of an object's end finds it. It repeats all that Postgres knows of the runs:
 * metadata can be rebuilt from footers alone.
 */
import { branded } from '../bytes/branded.ts';
import { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';
import { readUint32 } from '../bytes/fixed.ts';
import { topicIdFromBytes, topicIdToBytes, UUID_BYTES } from '../bytes/uuid.ts';
import { StreamError } from '../errors.ts';
import type { Epoch, Offset, PartitionIndex, TopicId, TopicPartition } from '../ids.ts';
import { epoch, offset, partitionIndex, producerId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProducerBatch, ProducerSnapshot } from '../log/producer-state.ts';
import type { Crc32c } from '../record/compression.ts';

export const TRAILER_BYTES = 16;
const VERSION = 1;
/** "SHWO" */
const MAGIC = 0x5348574f;
const RUN_BYTES_MIN = UUID_BYTES + 48;
const PRODUCER_BYTES_MIN = 14;
const PRODUCER_BATCH_BYTES = 16;

/** One run as it lies in an object. */
export interface RunLayout extends TopicPartition {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly epoch: Epoch;
  readonly baseOffset: Offset;
  readonly recordCount: number;
  /** Bytes from the start of the object. */
  readonly position: number;
  readonly length: number;
  readonly maxTimestampMs: number;
  /** As `runCrc`. */
  readonly crc: number;
  /** What this run's batches say of their producers; earlier batches are not repeated. */
  readonly producers: readonly ProducerSnapshot[];
}

/** Bytes that `writeFooter` takes, the trailer included. */
export function footerBytes(runs: readonly Pick<RunLayout, 'producers'>[]): number {
  let bytes = 4 + TRAILER_BYTES;
  for (const { producers } of runs) {
    bytes += RUN_BYTES_MIN;
    for (const { batches } of producers)
      bytes += PRODUCER_BYTES_MIN + PRODUCER_BATCH_BYTES * batches.length;
  }
  return bytes;
}

export function writeFooter(writer: ByteWriter, runs: readonly RunLayout[], crc32c: Crc32c): void {
  const start = writer.position;
  writer.writeInt32(runs.length);
  for (const run of runs) writeRunEntry(writer, run);
  writer.writeInt32(writer.position - start);
  writer.writeInt32(VERSION);
  writer.writeInt32(MAGIC);
  writer.writeInt32(crc32c(writer.bytes.subarray(start, writer.position)));
}

/**
 * How many bytes of an object's end `decodeFooter` needs.
 *
 * @param tail the object's last bytes, at least TRAILER_BYTES of them.
 * @throws StreamError `corrupt`: FOOTER_TRUNCATED, FOOTER_MAGIC (not a WAL object), FOOTER_VERSION, FOOTER_LENGTH.
 */
export function footerTailBytes(tail: Uint8Array, objectBytes: number): number {
  if (tail.length < TRAILER_BYTES)
    throw corrupt('FOOTER_TRUNCATED', `${tail.length} bytes do not hold a trailer`);
  const trailer = tail.length - TRAILER_BYTES;
  const magic = readUint32(tail, trailer + 8);
  if (magic !== MAGIC)
    throw corrupt(
      'FOOTER_MAGIC',
      `the object does not end as a WAL object: 0x${magic.toString(16)}`,
    );
  const version = readUint32(tail, trailer + 4);
  if (version !== VERSION)
    throw corrupt('FOOTER_VERSION', `version ${version} of the WAL object is not known`);
  const bytes = readUint32(tail, trailer) + TRAILER_BYTES;
  if (bytes > objectBytes) {
    throw corrupt(
      'FOOTER_LENGTH',
      `a footer of ${bytes} bytes does not fit into an object of ${objectBytes}`,
    );
  }
  return bytes;
}

/**
 * The runs of an object.
 *
 * @param tail the object's last bytes, at least `footerTailBytes` of them.
 * @param objectBytes size of the whole object.
 * @throws StreamError `corrupt`: as `footerTailBytes`, FOOTER_CRC, FOOTER_RUNS (the runs do not fill the object in order).
 */
export function decodeFooter(tail: Uint8Array, objectBytes: number, crc32c: Crc32c): RunLayout[] {
  const bytes = footerTailBytes(tail, objectBytes);
  if (bytes > tail.length)
    throw corrupt('FOOTER_TRUNCATED', `the footer has ${bytes} bytes, got ${tail.length}`);
  const start = tail.length - bytes;
  const end = tail.length - TRAILER_BYTES;
  if (crc32c(tail.subarray(start, tail.length - 4)) !== readUint32(tail, tail.length - 4)) {
    throw corrupt('FOOTER_CRC', 'the footer has a wrong CRC-32C');
  }
  const reader = new ByteReader(tail.subarray(start, end));
  const runs: RunLayout[] = [];
  const count = readCount(reader, RUN_BYTES_MIN);
  for (let index = 0; index < count; index++) runs.push(readRunEntry(reader));
  if (reader.position !== reader.bytes.length)
    throw corrupt('FOOTER_RUNS', `bytes are left after ${count} runs`);
  checkOrder(runs, objectBytes - bytes);
  return runs;
}

/** The order of runs in an object, and of rows in a publish: topic id as text, then partition. */
export function compareTopicPartitions(left: TopicPartition, right: TopicPartition): number {
  if (left.topicId !== right.topicId) return left.topicId < right.topicId ? -1 : 1;
  return left.partition - right.partition;
}

function writeRunEntry(writer: ByteWriter, run: RunLayout): void {
  writer.writeBytes(topicIdToBytes(run.topicId));
  writer.writeInt32(run.partition);
  writer.writeInt64(run.epoch);
  writer.writeInt64(run.baseOffset);
  writer.writeInt32(run.recordCount);
  writer.writeInt32(run.position);
  writer.writeInt32(run.length);
  writer.writeInt64(run.maxTimestampMs);
  writer.writeInt32(run.crc);
  writer.writeInt32(run.producers.length);
  for (const producer of run.producers) {
    writer.writeInt64(producer.producerId);
    writer.writeInt16(producer.producerEpoch);
    writer.writeInt32(producer.batches.length);
    for (const batch of producer.batches) {
      writer.writeInt32(batch.firstSequence);
      writer.writeInt32(batch.lastSequence);
      writer.writeInt64(batch.baseOffset);
    }
  }
}

function readRunEntry(reader: ByteReader): RunLayout {
  return {
    topicId: topicIdFromBytes(reader.readBytes(UUID_BYTES)),
    partition: branded(partitionIndex, reader.readInt32()),
    epoch: branded(epoch, reader.readInt64()),
    baseOffset: branded(offset, reader.readInt64()),
    recordCount: reader.readUint32(),
    position: reader.readUint32(),
    length: reader.readUint32(),
    maxTimestampMs: reader.readInt64(),
    crc: reader.readUint32(),
    producers: readProducers(reader),
  };
}

function readProducers(reader: ByteReader): ProducerSnapshot[] {
  const producers: ProducerSnapshot[] = [];
  const count = readCount(reader, PRODUCER_BYTES_MIN);
  for (let index = 0; index < count; index++) {
    producers.push({
      producerId: branded(producerId, reader.readInt64()),
      producerEpoch: reader.readInt16(),
      batches: readProducerBatches(reader),
    });
  }
  return producers;
}

function readProducerBatches(reader: ByteReader): ProducerBatch[] {
  const count = readCount(reader, PRODUCER_BATCH_BYTES);
  if (count === 0 || count > LIMITS.producerBatchesMax)
    throw corrupt('FOOTER_RUNS', `${count} batches of one producer`);
  const batches: ProducerBatch[] = [];
  for (let index = 0; index < count; index++) {
    batches.push({
      firstSequence: reader.readInt32(),
      lastSequence: reader.readInt32(),
      baseOffset: branded(offset, reader.readInt64()),
    });
  }
  return batches;
}

/** A count that the bytes left can hold, so that no forged one makes us allocate. */
function readCount(reader: ByteReader, itemBytesMin: number): number {
  const count = reader.readUint32();
  const left = reader.bytes.length - reader.position;
  if (count * itemBytesMin > left)
    throw corrupt('FOOTER_RUNS', `${count} items do not fit into ${left} bytes`);
  return count;
}

function checkOrder(runs: readonly RunLayout[], runsBytes: number): void {
  let position = 0;
  let previous: RunLayout | undefined;
  for (const run of runs) {
    if (run.position !== position)
      throw corrupt('FOOTER_RUNS', `a run at ${run.position}, expected ${position}`);
    if (previous !== undefined && compareTopicPartitions(previous, run) >= 0) {
      throw corrupt('FOOTER_RUNS', `the run of ${run.topicId}/${run.partition} is out of order`);
    }
    position += run.length;
    previous = run;
  }
  if (position !== runsBytes)
    throw corrupt('FOOTER_RUNS', `the runs have ${position} bytes, expected ${runsBytes}`);
}

function corrupt(reason: string, message: string): StreamError {
  return new StreamError('corrupt', reason, message);
}
