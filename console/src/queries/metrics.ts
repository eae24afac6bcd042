import type { FiguresHistory } from '@streamhouse/api/rest/metrics.ts';
import { keepPreviousData, type QueryClient, queryOptions } from '@tanstack/react-query';
import { call } from './api.ts';
import { historyWith, type ToldFigures } from './history.ts';

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

/** Followed by the seconds that it goes back. */
const HISTORY_KEY = ['metrics', 'history'];

/** What the server has measured over the last seconds. */
export function historyQuery(seconds: number) {
  return queryOptions({
    queryKey: [...HISTORY_KEY, seconds],
    queryFn: async ({ signal }) =>
      (await call('GET /api/v1/metrics/history', { query: { seconds }, signal })).data,
    placeholderData: keepPreviousData,
  });
}

/** Goes on with each history that is kept; one that misses something is asked for again. */
export function continueHistories(client: QueryClient, told: ToldFigures): void {
  const kept = client.getQueriesData<FiguresHistory>({ queryKey: HISTORY_KEY });
  for (const [queryKey, history] of kept) {
    if (history === undefined) continue;
    const continued = historyWith(history, told, Number(queryKey.at(-1)));
    if (continued === undefined) void client.invalidateQueries({ queryKey });
    else client.setQueryData(queryKey, continued);
  }
}
