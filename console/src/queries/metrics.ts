import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from './api.ts';

export function clusterQuery() {
  return queryOptions({
    queryKey: ['metrics', 'cluster'],
    queryFn: async ({ signal }) => (await call('GET /api/v1/metrics', { signal })).data,
  });
}

export function monitoringQuery() {
  return queryOptions({
    queryKey: ['metrics', 'monitoring'],
    queryFn: async ({ signal }) => (await call('GET /api/monitoring/metrics', { signal })).data,
  });
}

/** What the server has measured over the last seconds. */
export function historyQuery(seconds: number) {
  return queryOptions({
    queryKey: ['metrics', 'history', seconds],
    queryFn: async ({ signal }) =>
      (await call('GET /api/v1/metrics/history', { query: { seconds }, signal })).data,
    placeholderData: keepPreviousData,
  });
}
