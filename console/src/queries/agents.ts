import { queryOptions } from '@tanstack/react-query';
import { call, pageOf } from './api.ts';

const KEY = 'agents';
const ROWS_MAX = 1_000;

export function agentsQuery() {
  return queryOptions({
    queryKey: [KEY, 'list'],
    queryFn: async ({ signal }) =>
      pageOf(await call('GET /api/v1/agents', { query: { limit: ROWS_MAX }, signal })),
  });
}

export function agentQuery(id: string) {
  return queryOptions({
    queryKey: [KEY, 'one', id],
    queryFn: async ({ signal }) =>
      (await call('GET /api/v1/agents/{id}', { path: { id }, signal })).data,
  });
}

export function agentPartitionsQuery(id: string) {
  return queryOptions({
    queryKey: [KEY, 'partitions', id],
    queryFn: async ({ signal }) =>
      pageOf(
        await call('GET /api/v1/agents/{id}/partitions', {
          path: { id },
          query: { limit: ROWS_MAX },
          signal,
        }),
      ),
  });
}
