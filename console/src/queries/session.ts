import { ProblemError } from '@streamhouse/api/rest/client.ts';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { call } from './api.ts';

/** Who asks; an error of status 401 where that has to be said first. */
export function sessionQuery() {
  return queryOptions({
    queryKey: ['session'],
    queryFn: async ({ signal }) => (await call('GET /api/v1/session', { signal })).data,
    staleTime: 60_000,
  });
}

export function isUnknown(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.status === 401;
}

/** A token becomes a cookie that no script can read. */
export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (token: string) =>
      (await call('POST /api/v1/session', { body: { token } })).data,
    onSuccess: () => client.resetQueries(),
  });
}
