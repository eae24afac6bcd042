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
import { RecordBatchBuilder } from '@streamhouse/core/record/batch-builder.ts';
import { murmur2 } from '@streamhouse/core/record/murmur2.ts';
import type { Topic } from '@streamhouse/store/metadata/topics.ts';
import type { RunningIncarnation } from '../incarnation.ts';
import { type AcknowledgeAt, admitBatch } from '../partition/admission.ts';
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
  const topic = findTopic(life, request.topic);
  const records = checkCount('records', request.records, LIMITS.batchRecordsMax);
  if (records.length === 0) throw invalidField('records', 'must not be empty');
  const at = acknowledgeAt(request.durability);
  const nowMs = Date.now();
  const choose = partitionChooser(life, topic, request.partition);
  const byPartition = Map.groupBy(records.keys(), (index) => choose(records[index]));
  const positions: RecordPosition[] = [];
  await Promise.all(
    [...byPartition].map(async ([partition, indexes]) => {
      const own = indexes.flatMap((index) => records[index] ?? []);
      const baseOffset = await appendRecords(life, topic, partition, own, { at, nowMs, signal });
      for (const [delta, index] of indexes.entries()) {
        const timestampMs = own[delta]?.timestampMs || nowMs;
        positions[index] = { partition, offset: baseOffset + delta, timestampMs };
      }
    }),
  );
  return { positions };
}

interface AppendOptions {
  readonly at: AcknowledgeAt;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

async function appendRecords(
  life: RunningIncarnation,
  topic: Topic,
  partition: number,
  records: readonly ProduceRecord__Output[],
  { at, nowMs, signal }: AppendOptions,
): Promise<Offset> {
  const held = findHeld(life, topicIdToBytes(topic.topicId), partition);
  const builder = new RecordBatchBuilder();
  for (const record of records) {
    const headers = record.headers.map(({ name, value }) => ({ name, value: value ?? null }));
    builder.append(record.key ?? null, record.value ?? null, headers, record.timestampMs || nowMs);
  }
  const bytes = builder.finish({
    ...NOT_IDEMPOTENT,
    compression: 'lz4',
    port: nativeCompression,
    crc32c,
  });
  return await new Promise<Offset>((resolve, reject) => {
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
