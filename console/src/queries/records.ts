import type {
  Consumed,
  ConsumeQuery,
  ProduceBatchRequest,
  ProducedBatch,
  ProduceRequest,
  RecordOut,
  Searched,
  SearchQuery,
} from '@streamhouse/api/rest/records.ts';
import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
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

/** The offset that the next record of a partition gets. */
export async function endOf(
  topic: string,
  partition: number,
  signal: AbortSignal,
): Promise<number> {
  const path = { name: topic, id: partition };
  const { data } = await call('GET /api/v1/topics/{name}/partitions/{id}', { path, signal });
  return data.high_watermark;
}

/** One record by its offset; null when there is none. */
export function recordQuery(topic: string, partition: number, offset: number) {
  return queryOptions({
    queryKey: ['record', topic, partition, offset],
    queryFn: async ({ signal }) => {
      const { records } = await consume({ topic, partition, offset, maxRecords: 1 }, signal);
      return records.find((record) => record.offset === offset) ?? null;
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
  });
}

/** Lets go what was read of a topic: what is shown is read anew. */
export function useForgetRecords(topic: string): () => void {
  const client = useQueryClient();
  return () => void client.resetQueries({ queryKey: ['records', topic] });
}

/** What is looked for: a text, or an expression in CEL. */
export type ScanCriteria = Pick<SearchQuery, 'text' | 'filter'>;

export interface ScanProgress extends Pick<Searched, 'scanned' | 'failed' | 'firstFailure'> {
  readonly found: readonly RecordOut[];
  /** Undefined: nothing has been heard yet. */
  readonly nextOffset: number | undefined;
  readonly isAtEnd: boolean;
}

export const UNSCANNED: ScanProgress = {
  ...{ scanned: 0, failed: 0, firstFailure: null },
  ...{ found: [], nextOffset: undefined, isAtEnd: false },
};

/** Records that one scan looks at, and finds, before it asks to go on. */
const SCAN_RECORDS_MAX = 100_000;
const SCAN_FOUND_MAX = 500;

/** Searches on from an offset, as far as each answer of the server reaches. */
export async function scan(
  { topic, partition, offset, timestamp }: RecordsStart,
  criteria: ScanCriteria,
  onProgress: (progress: ScanProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  let from: Partial<SearchQuery> = { offset, timestamp };
  let before = UNSCANNED;
  for (;;) {
    const maxRecords = SCAN_FOUND_MAX - before.found.length;
    const query = { topic, partition, ...from, ...criteria, maxRecords };
    const { data } = await call('GET /api/v1/search', { query, signal });
    before = {
      scanned: before.scanned + data.scanned,
      failed: before.failed + data.failed,
      firstFailure: before.firstFailure ?? data.firstFailure,
      found: [...before.found, ...data.records],
      nextOffset: data.nextOffset,
      isAtEnd: data.endedBy === 'end',
    };
    onProgress(before);
    const isFull = before.found.length >= SCAN_FOUND_MAX || before.scanned >= SCAN_RECORDS_MAX;
    if (before.isAtEnd || isFull || data.scanned === 0) return;
    from = { offset: data.nextOffset };
  }
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
