import type { OffsetReset } from '@streamhouse/api/rest/groups.ts';
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import { call, pageOf, repeatKey } from './api.ts';

const KEY = 'groups';
const PAGE_ROWS = 200;

export function groupsQuery(q: string | undefined) {
  return infiniteQueryOptions({
    queryKey: [KEY, 'list', q ?? ''],
    queryFn: async ({ pageParam: cursor, signal }) =>
      pageOf(
        await call('GET /api/v1/consumer-groups', {
          query: { limit: PAGE_ROWS, cursor, q: q === '' ? undefined : q },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

/** Groups whose id has a text, for choices. */
export function groupChoicesQuery(q: string) {
  return queryOptions({
    queryKey: [KEY, 'choices', q],
    queryFn: async ({ signal }) => {
      const query = { limit: 10, q: q === '' ? undefined : q };
      return pageOf(await call('GET /api/v1/consumer-groups', { query, signal }));
    },
    placeholderData: keepPreviousData,
  });
}

export function groupQuery(id: string) {
  return queryOptions({
    queryKey: [KEY, 'one', id],
    queryFn: async ({ signal }) =>
      (await call('GET /api/v1/consumer-groups/{id}', { path: { id }, signal })).data,
  });
}

/** What a reset would change, or changes. */
export function useResetOffsets(id: string, { isDryRun }: { readonly isDryRun: boolean }) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: OffsetReset) =>
      (
        await call('POST /api/v1/consumer-groups/{id}/reset-offsets', {
          path: { id },
          body,
          ...(isDryRun ? { query: { dryRun: true } } : { headers: repeatKey() }),
        })
      ).data,
    onSuccess: async () => {
      if (!isDryRun) await client.invalidateQueries({ queryKey: [KEY] });
    },
  });
}
