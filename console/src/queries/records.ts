import type {
  Consumed,
  ConsumeQuery,
  ProduceBatchRequest,
  ProducedBatch,
  ProduceRequest,
  RecordOut,
} from '@streamhouse/api/rest/records.ts';
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { call, repeatKey } from './api.ts';

/** Where reading begins. */
export interface RecordsStart {
  readonly topic: string;
  readonly partition: number;
  readonly offset?: number | undefined;
  readonly timestamp?: number | undefined;
}

export async function consume(query: ConsumeQuery, signal: AbortSignal): Promise<Consumed> {
  return (await call('GET /api/v1/consume', { query, signal })).data;
}

export function recordsQuery({ topic, partition, offset, timestamp }: RecordsStart, max: number) {
  return infiniteQueryOptions({
    queryKey: ['records', topic, partition, offset ?? null, timestamp ?? null, max],
    queryFn: ({ pageParam, signal }) =>
      consume(
        pageParam === undefined
          ? { topic, partition, offset, timestamp, maxRecords: max }
          : { topic, partition, offset: pageParam, maxRecords: max },
        signal,
      ),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) =>
      page.nextOffset < page.highWatermark ? page.nextOffset : undefined,
    // Records do not change: only those who ask for more look again.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
  });
}

export interface ScanProgress {
  readonly scanned: number;
  readonly found: readonly RecordOut[];
  readonly nextOffset: number;
  readonly isAtEnd: boolean;
}

/** Records that one search looks at, and finds, before it asks to go on. */
const SCAN_RECORDS_MAX = 20_000;
const SCAN_FOUND_MAX = 500;
const SCAN_STEP = 1_000;

/** Reads on from an offset and keeps what has the text in its key, value or headers, in any case. */
export async function scan(
  start: RecordsStart,
  text: string,
  onProgress: (progress: ScanProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const wanted = text.toLowerCase();
  let found: readonly RecordOut[] = [];
  let scanned = 0;
  let query: ConsumeQuery = { ...start, maxRecords: SCAN_STEP };
  for (;;) {
    const { records, nextOffset, highWatermark } = await consume(query, signal);
    scanned += records.length;
    found = [...found, ...records.filter((record) => hasText(record, wanted))];
    const isAtEnd = nextOffset >= highWatermark;
    onProgress({ scanned, found, nextOffset, isAtEnd });
    if (isAtEnd || scanned >= SCAN_RECORDS_MAX || found.length >= SCAN_FOUND_MAX) return;
    query = {
      topic: start.topic,
      partition: start.partition,
      offset: nextOffset,
      maxRecords: SCAN_STEP,
    };
  }
}

function hasText({ key, value, headers }: RecordOut, wanted: string): boolean {
  const texts = [key, value, ...headers.flatMap((header) => [header.name, header.value])];
  return texts.some((text) => text?.toLowerCase().includes(wanted) === true);
}

export function useProduce() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: ProduceRequest) =>
      (await call('POST /api/v1/produce', { body, headers: repeatKey() })).data,
    onSuccess: () => client.invalidateQueries({ queryKey: ['topics'] }),
  });
}

export async function produceBatch(
  body: ProduceBatchRequest,
  signal: AbortSignal,
): Promise<ProducedBatch> {
  return (await call('POST /api/v1/produce/batch', { body, headers: repeatKey(), signal })).data;
}
