/** The unary Produce: plain records in, offsets out. For simple clients and grpcurl; the SDK streams encoded batches. */
import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import type { ProduceRecord__Output } from '@streamhouse/api/gen/streamhouse/v1/ProduceRecord.ts';
import type { ProduceRequest__Output } from '@streamhouse/api/gen/streamhouse/v1/ProduceRequest.ts';
import type { ProduceResponse } from '@streamhouse/api/gen/streamhouse/v1/ProduceResponse.ts';
import type { RecordPosition } from '@streamhouse/api/gen/streamhouse/v1/RecordPosition.ts';
import { topicIdToBytes } from '@streamhouse/core/bytes/uuid.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { type Offset, producerId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { RecordBatchBuilder, recordBytesMax } from '@streamhouse/core/record/batch-builder.ts';
import { murmur2 } from '@streamhouse/core/record/murmur2.ts';
import type { Topic } from '@streamhouse/store/metadata/topics.ts';
import type { RunningIncarnation } from '../incarnation.ts';
import { type AcknowledgeAt, admitBatch } from '../partition/admission.ts';
import type { HeldPartition } from '../partition/held-partition.ts';
import {
  acknowledgeAt,
  checkCount,
  checkPartition,
  findHeld,
  findTopic,
  invalidField,
} from './validate.ts';

const NOT_IDEMPOTENT = { producerId: producerId(-1), producerEpoch: -1, baseSequence: -1 };

export async function produceRecords(
  life: RunningIncarnation,
  request: ProduceRequest__Output,
  signal: AbortSignal,
): Promise<ProduceResponse> {
  const topic = await findTopic(life, request.topic);
  const records = checkCount('records', request.records, LIMITS.batchRecordsMax);
  if (records.length === 0) throw invalidField('records', 'must not be empty');
  const at = acknowledgeAt(request.durability);
  const nowMs = life.clock.wallMs();
  const choose = partitionChooser(life, topic, request.partition);
  const byPartition = Map.groupBy(records.keys(), (index) => choose(records[index]));
  // All of them before the first is appended: what is wrong with one must not leave the others in the log (I-11).
  const batches = [...byPartition].map(([partition, indexes]) => ({
    held: findHeld(life, topicIdToBytes(topic.topicId), partition),
    indexes,
    bytes: encode(
      indexes.flatMap((index) => records[index] ?? []),
      nowMs,
    ),
  }));
  const appended = await Promise.allSettled(
    batches.map(({ held, bytes }) => append(life, held, bytes, at, signal)),
  );
  const positions: RecordPosition[] = [];
  for (const [place, { held, indexes }] of batches.entries()) {
    const result = appended[place];
    if (result?.status !== 'fulfilled') throw failureOf(appended, result?.reason);
    for (const [delta, index] of indexes.entries()) {
      const timestampMs = records[index]?.timestampMs || nowMs;
      positions[index] = { partition: held.partition, offset: result.value + delta, timestampMs };
    }
  }
  return { positions };
}

/** Why a request failed: definitely only when nothing of it is in the log. */
function failureOf(appended: readonly PromiseSettledResult<Offset>[], reason: unknown): unknown {
  if (!appended.some((result) => result.status === 'fulfilled')) return reason;
  const message = 'a part of the records is in the log, another one is not';
  return new StreamError('indefinite', 'PARTLY_APPENDED', message, { cause: reason });
}

function encode(records: readonly ProduceRecord__Output[], nowMs: number): Uint8Array {
  const builder = new RecordBatchBuilder();
  try {
    for (const { key, value, headers, timestampMs } of records) {
      const named = headers.map((header) => ({ name: header.name, value: header.value ?? null }));
      builder.append(key ?? null, value ?? null, named, timestampMs || nowMs);
    }
  } catch (error) {
    throw error instanceof StreamError && error.reason === 'BATCH_FULL' ? tooLarge(records) : error;
  }
  return builder.finish({
    ...NOT_IDEMPOTENT,
    compression: 'lz4',
    port: nativeCompression,
    crc32c,
  });
}

function tooLarge(records: readonly ProduceRecord__Output[]): StreamError {
  const limit = LIMITS.batchBytesMax;
  let actual = 0;
  for (const { key, value, headers } of records) {
    actual += recordBytesMax(
      key ?? null,
      value ?? null,
      headers.map((header) => ({ name: header.name, value: header.value ?? null })),
    );
  }
  return new StreamError(
    'overloaded',
    'BATCH_TOO_LARGE',
    `the records of one request for one partition have at most ${limit} bytes, these about ${actual}: send fewer`,
    { details: { limit: String(limit), actual: String(actual) } },
  );
}

function append(
  life: RunningIncarnation,
  held: HeldPartition,
  bytes: Uint8Array,
  at: AcknowledgeAt,
  signal: AbortSignal,
): Promise<Offset> {
  return new Promise<Offset>((resolve, reject) => {
    const settle = (result: Offset | StreamError): void => {
      signal.removeEventListener('abort', onAbort);
      if (result instanceof StreamError) reject(result);
      else resolve(result);
    };
    const onAbort = (): void =>
      settle(new StreamError('indefinite', 'CALL_ENDED', 'the call ended before the answer'));
    signal.addEventListener('abort', onAbort, { once: true });
    admitBatch(life, held, bytes, at, settle, signal).catch(reject);
  });
}

/** Keyed records go where Kafka's default partitioner sends them, keyless ones to one partition that this agent holds. */
function partitionChooser(
  life: RunningIncarnation,
  topic: Topic,
  partition: number | undefined,
): (record: ProduceRecord__Output | undefined) => number {
  if (partition !== undefined) {
    const index = checkPartition(topic, partition);
    return () => index;
  }
  const held = life.held.all().filter((candidate) => candidate.topicId === topic.topicId);
  const keyless = held[Math.floor(Math.random() * held.length)]?.partition ?? 0;
  return (record) =>
    record?.key == null ? keyless : (murmur2(record.key) & 0x7fffffff) % topic.partitions;
}
