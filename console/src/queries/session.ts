import type { LagThresholds } from '@streamhouse/api/rest/session.ts';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call, SESSION_KEY } from './api.ts';

/** Who asks; an error of status 401 where that has to be said first. */
export function sessionQuery() {
  return queryOptions({
    queryKey: SESSION_KEY,
    queryFn: async ({ signal }) => (await call('GET /api/v1/session', { signal })).data,
    staleTime: 60_000,
  });
}

/** From where on a group is called what; undefined: the server has not said it yet. */
export function useLagThresholds(): LagThresholds | undefined {
  return useQuery(sessionQuery()).data?.lagThresholds;
}

/** A token becomes a cookie that no script can read. */
export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (token: string) =>
      (await call('POST /api/v1/session', { body: { token } })).data,
    onSuccess: () => client.invalidateQueries(),
  });
}
