import type { ProducerRecord, RecordMetadata } from '@streamhouse/client/public/record.ts';
import type { ConsumerRecord } from '@streamhouse/client/public/record.ts';
import {
  type BatchResult,
  type Consumed,
  CONSUME_RECORDS_DEFAULT,
  type ConsumeQuery,
  type Produced,
  type RecordIn,
  type RecordOperations,
  type RecordOut,
} from '@streamhouse/api/rest/records.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import type { Catalogue, CataloguePartition } from '@streamhouse/store/metadata/catalogue.ts';
import type { Topic } from '@streamhouse/store/metadata/topics.ts';
import type { Handlers } from '../handler.ts';
import { InvalidRequest, isRetryable } from '../problem.ts';
import type { RecordGateway } from '../record-gateway.ts';
import { decodedBytes, encodedText } from '../record-text.ts';
import { findPartition, findTopic, partitionOutOfRange } from './topics.ts';

export function recordHandlers(
  catalogue: Catalogue,
  gateway: RecordGateway,
): Handlers<RecordOperations> {
  return {
    'POST /api/v1/produce': async ({ body, isDryRun, signal }) => {
      const topic = await findTopic(catalogue, body.topic, signal);
      const record = checked(topic, body, 'body');
      if (isDryRun) return { body: planned(record) };
      const [result] = await gateway.produce([record], signal);
      if (result?.status !== 'fulfilled') throw result?.reason;
      return { body: placeOf(result.value) };
    },
    'POST /api/v1/produce/batch': async ({ body, isDryRun, signal }) => {
      const topic = await findTopic(catalogue, body.topic, signal);
      const records = body.records.map((record, index) =>
        checked(topic, record, `body.records.${index}`),
      );
      const results = isDryRun
        ? records.map(planned)
        : (await gateway.produce(records, signal)).map(resultOf);
      const failed = results.filter((result) => 'error' in result).length;
      return { body: { produced: isDryRun ? 0 : results.length - failed, failed, results } };
    },
    'GET /api/v1/consume': async ({ query, signal }) => {
      const { offset, timestamp } = query;
      if (offset !== undefined && timestamp !== undefined) {
        const message = 'is not given together with an offset';
        throw new InvalidRequest([{ path: 'query.timestamp', message }]);
      }
      const topic = await findTopic(catalogue, query.topic, signal);
      const partition = await findPartition(catalogue, topic, query.partition, signal);
      const from = await startOf(gateway, query, partition, signal);
      return { body: await consume(gateway, query, partition, from, signal) };
    },
  };
}

/** @throws StreamError `outOfRange` OFFSET_OUT_OF_RANGE with the range that can be read. */
async function startOf(
  gateway: RecordGateway,
  { topic, partition, offset, timestamp }: ConsumeQuery,
  { logStartOffset, nextOffset }: CataloguePartition,
  signal: AbortSignal,
): Promise<number> {
  if (timestamp !== undefined) {
    const found = await gateway.offsetAt({ topic, partition, timestampMs: timestamp }, signal);
    return Math.min(Math.max(found, logStartOffset), nextOffset);
  }
  const from = offset ?? logStartOffset;
  if (from >= logStartOffset && from <= nextOffset) return from;
  const message = `offset must be in ${logStartOffset}..${nextOffset} of ${topic}/${partition}, got ${from}`;
  throw new StreamError('outOfRange', 'OFFSET_OUT_OF_RANGE', message, {
    details: { earliest: String(logStartOffset), latest: String(nextOffset) },
  });
}

async function consume(
  gateway: RecordGateway,
  { topic, partition, maxRecords: recordsMax = CONSUME_RECORDS_DEFAULT }: ConsumeQuery,
  { logStartOffset, nextOffset }: CataloguePartition,
  from: number,
  signal: AbortSignal,
): Promise<Consumed> {
  const request = { topic, partition, offset: from, end: nextOffset, recordsMax };
  const records = from === nextOffset ? [] : await gateway.read(request, signal);
  const last = records.at(-1);
  return {
    records: records.map(recordOut),
    nextOffset: last === undefined ? from : last.offset + 1,
    lowWatermark: logStartOffset,
    highWatermark: nextOffset,
  };
}

/** @throws InvalidRequest; StreamError `outOfRange` PARTITION_OUT_OF_RANGE. */
function checked({ name, partitions }: Topic, record: RecordIn, path: string): ProducerRecord {
  const { key = null, keyEncoding = 'utf8', value, valueEncoding = 'utf8' } = record;
  const { partition, timestamp, headers = [] } = record;
  if (partition !== undefined && partition >= partitions)
    throw partitionOutOfRange(name, partitions, partition);
  return {
    topic: name,
    key: decodedBytes(key, keyEncoding, `${path}.key`),
    value: decodedBytes(value, valueEncoding, `${path}.value`),
    headers: headers.map((header, index) => ({
      name: header.name,
      value: decodedBytes(
        header.value,
        header.encoding ?? 'utf8',
        `${path}.headers.${index}.value`,
      ),
    })),
    ...(partition === undefined ? {} : { partition }),
    ...(timestamp === undefined ? {} : { timestampMs: timestamp }),
  };
}

function planned({ partition = null }: { readonly partition?: number | null }): Produced {
  return { partition, offset: null };
}

function placeOf({ partition, offset }: RecordMetadata): Produced {
  return { partition, offset };
}

function resultOf(result: PromiseSettledResult<RecordMetadata>): BatchResult {
  if (result.status === 'fulfilled') return placeOf(result.value);
  const error = toStreamError(result.reason);
  const { reason, message: detail } = error;
  return {
    partition: null,
    offset: null,
    error: { reason, detail, retryable: isRetryable(error) },
  };
}

function recordOut(record: ConsumerRecord): RecordOut {
  const key = encodedText(record.key);
  const value = encodedText(record.value);
  return {
    partition: record.partition,
    offset: record.offset,
    key: key.text,
    keyEncoding: key.encoding,
    value: value.text,
    valueEncoding: value.encoding,
    timestamp: record.timestampMs,
    headers: record.headers.map((header) => {
      const { text, encoding } = encodedText(header.value);
      return { name: header.name, value: text, encoding };
    }),
  };
}
