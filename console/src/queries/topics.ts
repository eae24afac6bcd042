import type {
  DeletedTopic,
  NewTopic,
  Topic,
  TopicChange,
  TopicSort,
} from '@streamhouse/api/rest/topics.ts';
import { ProblemError } from '@streamhouse/api/rest/client.ts';
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import { call, pageOf, repeatKey } from './api.ts';

const KEY = 'topics';
/** Rows of a list that are fetched at once. */
const PAGE_ROWS = 200;
/** Partitions of a topic are shown at once: the API's longest page. */
const PARTITIONS_MAX = 1_000;

export interface TopicFilter {
  readonly q?: string | undefined;
  readonly sort?: TopicSort | undefined;
}

export function topicsQuery({ q, sort }: TopicFilter) {
  return infiniteQueryOptions({
    queryKey: [KEY, 'list', q ?? '', sort ?? 'name'],
    queryFn: async ({ pageParam: cursor, signal }) =>
      pageOf(
        await call('GET /api/v1/topics', {
          query: { limit: PAGE_ROWS, cursor, sort, q: q === '' ? undefined : q },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

/** The newest ones. */
export function recentTopicsQuery(limit: number) {
  return queryOptions({
    queryKey: [KEY, 'recent', limit],
    queryFn: async ({ signal }) =>
      pageOf(await call('GET /api/v1/topics', { query: { limit, sort: '-created_at' }, signal })),
  });
}

/** Topics whose name has a text, for choices. */
export function topicChoicesQuery(q: string) {
  return queryOptions({
    queryKey: [KEY, 'choices', q],
    queryFn: async ({ signal }) => {
      const query = { limit: 20, q: q === '' ? undefined : q };
      return pageOf(await call('GET /api/v1/topics', { query, signal }));
    },
    placeholderData: keepPreviousData,
  });
}

export function topicQuery(name: string) {
  return queryOptions({
    queryKey: [KEY, 'one', name],
    queryFn: async ({ signal }) =>
      (await call('GET /api/v1/topics/{name}', { path: { name }, signal })).data,
  });
}

export function partitionsQuery(name: string) {
  return queryOptions({
    queryKey: [KEY, 'partitions', name],
    queryFn: async ({ signal }) =>
      pageOf(
        await call('GET /api/v1/topics/{name}/partitions', {
          path: { name },
          query: { limit: PARTITIONS_MAX },
          signal,
        }),
      ),
  });
}

export function useCreateTopic() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: NewTopic) =>
      (await call('POST /api/v1/topics', { body, headers: repeatKey() })).data,
    onSuccess: () => client.invalidateQueries({ queryKey: [KEY] }),
  });
}

export interface ReadTopic {
  readonly topic: Topic;
  /** Names the state that was read. */
  readonly etag: string;
}

/**
 * What a change begins from. It stays as it was read until somebody asks again: a change of what others have changed meanwhile
 * would undo theirs unseen.
 */
export function changeBaseQuery(name: string) {
  return queryOptions({
    queryKey: ['topic-change', name],
    queryFn: async ({ signal }): Promise<ReadTopic> => {
      const { data, headers } = await call('GET /api/v1/topics/{name}', { path: { name }, signal });
      return { topic: data, etag: headers.get('etag') ?? '' };
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

interface TopicEdit {
  readonly change: TopicChange;
  /** Of the state that it was made for. */
  readonly etag: string;
}

/** What a change would make of a topic, or makes. */
export function useChangeTopic(name: string, { isDryRun }: { readonly isDryRun: boolean }) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ change: body, etag }: TopicEdit) =>
      (
        await call('PATCH /api/v1/topics/{name}', {
          ...{ path: { name }, query: { dryRun: isDryRun }, body },
          headers: { 'if-match': etag },
        })
      ).data,
    onSuccess: async () => {
      if (!isDryRun) await client.invalidateQueries({ queryKey: [KEY] });
    },
  });
}

/** Whether somebody has changed a topic since it was read. */
export function isOvertaken(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.reason === 'PRECONDITION_FAILED';
}

/** What a deletion would take away. */
export function deletionQuery(name: string) {
  return queryOptions({
    // Not with the others: what is deleted cannot be counted again.
    queryKey: ['topic-deletion', name],
    queryFn: async ({ signal }): Promise<DeletedTopic> =>
      (
        await call('DELETE /api/v1/topics/{name}', {
          path: { name },
          query: { dryRun: true },
          signal,
        })
      ).data,
    staleTime: 0,
    gcTime: 0,
  });
}

export function useDeleteTopic(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => (await call('DELETE /api/v1/topics/{name}', { path: { name } })).data,
    onSuccess: async () => {
      client.removeQueries({ queryKey: [KEY, 'one', name] });
      client.removeQueries({ queryKey: [KEY, 'partitions', name] });
      await client.invalidateQueries({ queryKey: [KEY] });
    },
  });
}
