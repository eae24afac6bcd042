/** The one way to the server: calls by the contract, lists by pages, and how often they are asked again. */
import { createCaller, ProblemError } from '@streamhouse/api/rest/client.ts';
import { MutationCache, QueryCache, QueryClient, useQueryClient } from '@tanstack/react-query';
import { usePreferences } from '../ui/preferences.ts';

/** Where the console is mounted: `` or `/streamhouse`. The server writes it into the page. */
export const BASE_PATH: string = new URL(document.baseURI).pathname.replace(/\/$/, '');

export const call = createCaller({ baseUrl: BASE_PATH });

const RETRIES_MAX = 2;

/** Who asks. */
export const SESSION_KEY: readonly string[] = ['session'];

export function isUnknown(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.status === 401;
}

export function createQueryClient(): QueryClient {
  // Whoever is no longer known is asked to sign in, whatever it was that told so.
  const onError = (error: unknown): void => {
    const isTold = isUnknown(client.getQueryState(SESSION_KEY)?.error);
    if (isUnknown(error) && !isTold) void client.invalidateQueries({ queryKey: SESSION_KEY });
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 1_000,
        networkMode: 'always',
        retry: (failures, error) =>
          failures < RETRIES_MAX && (!(error instanceof ProblemError) || error.problem.retryable),
      },
      mutations: { networkMode: 'always' },
    },
  });
  return client;
}

/** For what is looked at again and again while its page is open. */
export function useRefresh(): { readonly refetchInterval: () => number | false } {
  const { refreshMs } = usePreferences();
  const client = useQueryClient();
  // Who is not known is not let in by asking again, and the server counts it.
  const isWaiting = (): boolean => isUnknown(client.getQueryState(SESSION_KEY)?.error);
  return { refetchInterval: () => (refreshMs === 0 || isWaiting() ? false : refreshMs) };
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; undefined after the last one. */
  readonly next: string | undefined;
  /** Of all pages. */
  readonly total: number;
}

export function pageOf<T>(answer: {
  readonly data: readonly T[];
  readonly headers: Headers;
}): Page<T> {
  const { data, headers } = answer;
  const link = /<([^>]*)>;\s*rel="next"/.exec(headers.get('link') ?? '')?.[1];
  const next =
    link === undefined ? null : new URL(link, document.baseURI).searchParams.get('cursor');
  const total = Number(headers.get('x-total-count') ?? data.length);
  return { items: data, next: next ?? undefined, total };
}

/** What went wrong, for people. */
export function messageOf(error: unknown): string {
  if (error instanceof ProblemError) {
    const { detail, errors } = error.problem;
    return errors.length === 0 ? detail : errors.map(fieldText).join('; ');
  }
  return 'The server cannot be reached.';
}

/** What is wrong with each field of a form, by its name; under `` what is about none of them. */
export function fieldErrorsOf(error: unknown, names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  if (error == null) return found;
  const errors = error instanceof ProblemError ? error.problem.errors : [];
  for (const { path, message } of errors) {
    const name = path.replace(/^(body|query)\./, '');
    if (names.includes(name)) found.set(name, message);
  }
  if (found.size === 0) found.set('', messageOf(error));
  return found;
}

function fieldText({ path, message }: { readonly path: string; readonly message: string }): string {
  return `${path.replace(/^(body|query|path)\./, '')} ${message}`;
}

/** So that a request that is sent again counts once. */
export function repeatKey(): Record<string, string> {
  return { 'idempotency-key': crypto.randomUUID() };
}
