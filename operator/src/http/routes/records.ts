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
import type { ReadRequest, RecordGateway } from '../record-gateway.ts';
import { decodedBytes, encodedText } from '../record-text.ts';
import type { RecordSearch } from '../search/record-search.ts';
import { findPartition, findTopic, partitionOutOfRange } from './topics.ts';

export interface RecordParts {
  readonly catalogue: Catalogue;
  readonly gateway: RecordGateway;
  readonly search: RecordSearch;
}

export function recordHandlers(parts: RecordParts): Handlers<RecordOperations> {
  const { catalogue, gateway, search } = parts;
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
      const { request, watermarks } = await rangeOf(parts, query, signal);
      const records = await gateway.read(request, signal);
      const last = records.at(-1);
      const nextOffset = last === undefined ? request.offset : last.offset + 1;
      return { body: { records: records.map(recordOut), nextOffset, ...watermarks } };
    },
    'GET /api/v1/search': async ({ query, signal }) => {
      const { text, filter } = query;
      if (text === undefined && filter === undefined)
        throw new InvalidRequest([{ path: 'query.text', message: 'is required, or a filter' }]);
      const { request, watermarks } = await rangeOf(parts, query, signal);
      const { found, ...seen } = await search.run(request, { text, filter }, signal);
      return { body: { records: found.map(recordOut), ...seen, ...watermarks } };
    },
  };
}

interface Range {
  readonly request: ReadRequest;
  readonly watermarks: Pick<Consumed, 'lowWatermark' | 'highWatermark'>;
}

/** What a query asks to read. @throws as `startOf`; InvalidRequest; StreamError `notFound`, PARTITION_OUT_OF_RANGE. */
async function rangeOf(
  { catalogue, gateway }: RecordParts,
  query: ConsumeQuery,
  signal: AbortSignal,
): Promise<Range> {
  const { topic, offset, timestamp, maxRecords = CONSUME_RECORDS_DEFAULT } = query;
  if (offset !== undefined && timestamp !== undefined) {
    const message = 'is not given together with an offset';
    throw new InvalidRequest([{ path: 'query.timestamp', message }]);
  }
  const found = await findTopic(catalogue, topic, signal);
  const partition = await findPartition(catalogue, found, query.partition, signal);
  const { logStartOffset: lowWatermark, nextOffset: highWatermark } = partition;
  const from = await startOf(gateway, query, partition, signal);
  return {
    request: {
      ...{ topic, partition: query.partition, offset: from, end: highWatermark },
      recordsMax: maxRecords,
    },
    watermarks: { lowWatermark, highWatermark },
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
