/**
 * The WAL object: what one agent writes in one flush, of all its partitions.
 *
 *   runs      sorted by (topicId, partition), at most one of each, no gap between them;
 *             a run is RecordBatches in a row (record/batch-header.ts)
 *   footer    where each run is and what it holds (object-footer.ts)
 *   trailer   footer length, version, magic, crc (object-footer.ts)
 */
import { ByteWriter } from '../bytes/byte-writer.ts';
import { readInt16, readInt32, readInt64 } from '../bytes/fixed.ts';
import { StreamError } from '../errors.ts';
import type { Epoch, Offset, PartitionIndex, ProducerId, TopicId, TopicPartition } from '../ids.ts';
import { offset, producerId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProducerBatch, ProducerSnapshot } from '../log/producer-state.ts';
import { FIELD, lastSequence, writeBaseOffset } from '../record/batch-header.ts';
import type { Crc32c } from '../record/compression.ts';
import type { RunLayout } from './object-footer.ts';
import { compareTopicPartitions, footerBytes, writeFooter } from './object-footer.ts';
import { runCrc } from './run-crc.ts';

/** Batches of one partition for one object, each accepted by `validateBatch`, in the order of their offsets. */
export interface RunInput extends TopicPartition {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly epoch: Epoch;
  readonly baseOffset: Offset;
  /** Copied, not changed. Never empty. */
  readonly batches: readonly Uint8Array[];
}

export interface EncodedObject {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Sorted by (topicId, partition). */
  readonly runs: readonly RunLayout[];
}

/**
 * Lays runs out as one object and assigns each batch its offset and epoch on the way.
 *
 * @param runs in any order, at most one of each partition.
 * @throws StreamError `internal`: RUN_TWICE, RUN_EMPTY, OBJECT_TOO_LARGE.
 */
export function encodeObject(runs: readonly RunInput[], crc32c: Crc32c): EncodedObject {
  const sorted = [...runs].sort(compareTopicPartitions);
  checkRuns(sorted);
  const summaries = sorted.map(summarize);
  const runsBytes = summaries.reduce((sum, { length }) => sum + length, 0);
  const objectBytes = runsBytes + footerBytes(summaries);
  if (objectBytes > LIMITS.objectBytesMax) {
    throw new StreamError(
      'internal',
      'OBJECT_TOO_LARGE',
      `an object of ${objectBytes} bytes is not written`,
    );
  }
  const writer = new ByteWriter(objectBytes, objectBytes);
  const layouts = sorted.map((run, index) =>
    writeRun(writer, run, summaries[index] as RunSummary, crc32c),
  );
  writeFooter(writer, layouts, crc32c);
  return { bytes: writer.bytes, runs: layouts };
}

interface RunSummary {
  readonly length: number;
  readonly recordCount: number;
  readonly maxTimestampMs: number;
  readonly producers: readonly ProducerSnapshot[];
}

function checkRuns(sorted: readonly RunInput[]): void {
  let previous: RunInput | undefined;
  for (const run of sorted) {
    const name = `${run.topicId}/${run.partition}`;
    if (run.batches.length === 0)
      throw new StreamError('internal', 'RUN_EMPTY', `no batches for ${name}`);
    if (previous !== undefined && compareTopicPartitions(previous, run) === 0) {
      throw new StreamError('internal', 'RUN_TWICE', `two runs for ${name}`);
    }
    previous = run;
  }
}

function summarize(run: RunInput): RunSummary {
  let length = 0;
  let recordCount = 0;
  let maxTimestampMs = 0;
  const producers = new Map<ProducerId, WritableSnapshot>();
  for (const batch of run.batches) {
    noteProducer(producers, batch, offset(run.baseOffset + recordCount));
    length += batch.length;
    recordCount += readInt32(batch, FIELD.recordCount);
    maxTimestampMs = Math.max(maxTimestampMs, readInt64(batch, FIELD.maxTimestamp));
  }
  return { length, recordCount, maxTimestampMs, producers: [...producers.values()] };
}

interface WritableSnapshot extends ProducerSnapshot {
  readonly batches: ProducerBatch[];
}

function noteProducer(
  producers: Map<ProducerId, WritableSnapshot>,
  batch: Uint8Array,
  baseOffset: Offset,
): void {
  const id = producerId(readInt64(batch, FIELD.producerId));
  if (id === -1) return;
  const producerEpoch = readInt16(batch, FIELD.producerEpoch);
  let snapshot = producers.get(id);
  if (snapshot === undefined || snapshot.producerEpoch !== producerEpoch) {
    snapshot = { producerId: id, producerEpoch, batches: [] };
    producers.set(id, snapshot);
  }
  const firstSequence = readInt32(batch, FIELD.baseSequence);
  snapshot.batches.push({
    firstSequence,
    lastSequence: lastSequence(firstSequence, readInt32(batch, FIELD.recordCount)),
    baseOffset,
  });
  if (snapshot.batches.length > LIMITS.producerBatchesMax) snapshot.batches.shift();
}

function writeRun(
  writer: ByteWriter,
  run: RunInput,
  summary: RunSummary,
  crc32c: Crc32c,
): RunLayout {
  const position = writer.position;
  let next: number = run.baseOffset;
  for (const batch of run.batches) {
    const start = writer.position;
    writer.writeBytes(batch);
    writeBaseOffset(writer.bytes, start, offset(next), run.epoch);
    next += readInt32(batch, FIELD.recordCount);
  }
  const { topicId, partition, epoch, baseOffset } = run;
  const crc = runCrc(topicId, partition, writer.bytes.subarray(position, writer.position), crc32c);
  return { topicId, partition, epoch, baseOffset, position, crc, ...summary };
}
