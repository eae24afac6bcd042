/**
 * A caller of the REST API whose types follow from the table of routes. It brings nothing of that table along, so that a
 * page stays small: a key names method and path, and the server validates.
 */
import type { Problem } from './problem.ts';
import type { Operations } from './routes.ts';

type Key = keyof Operations;
type Optional<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] };
/** A part of the input: left out where nothing in it is required. */
type Part<Name extends string, T> = T extends undefined
  ? unknown
  : keyof Optional<T> extends never
    ? { readonly [K in Name]?: T }
    : { readonly [K in Name]: T };

export type CallInput<K extends Key> = Part<'path', Operations[K]['path']> &
  Part<'query', Operations[K]['query']> &
  Part<'body', Operations[K]['body']> & {
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
  };

export interface CallOutput<K extends Key> {
  readonly status: number;
  readonly headers: Headers;
  /** Of success; undefined for 204 and 304. */
  readonly data: Operations[K]['response'];
}

/** What the server answered instead. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

export interface CallerOptions {
  /** Where the API is: `http://127.0.0.1:3001`, or the path of a page's base. */
  readonly baseUrl: string;
  readonly fetch?: typeof fetch;
  /** Sent with each request, for example `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export type Call = <K extends Key>(key: K, input: CallInput<K>) => Promise<CallOutput<K>>;

/**
 * Calls reject with ProblemError for what the server refuses, and as `fetch` does when it cannot be reached.
 *
 * @example
 * const call = createCaller({ baseUrl: 'http://127.0.0.1:3001' });
 * const { data } = await call('GET /api/v1/topics/{name}', { path: { name: 'orders' } });
 */
export function createCaller(options: CallerOptions): Call {
  const send = options.fetch ?? fetch;
  return async (key, input) => {
    const { path, query, body, headers, signal }: AnyInput = input;
    const [method = '', template = ''] = key.split(' ');
    const response = await send(`${options.baseUrl}${urlOf(template, path ?? {}, query ?? {})}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const data = await dataOf(response);
    if (response.status >= 400) throw new ProblemError(data as Problem);
    return { status: response.status, headers: response.headers, data: data as never };
  };
}

interface AnyInput {
  readonly path?: object;
  readonly query?: object;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

function urlOf(template: string, path: object, query: object): string {
  const parts = new Map(Object.entries(path).map(([name, value]) => [name, String(value)]));
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(parts.get(name) ?? ''),
  );
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? filled : `${filled}?${parameters.toString()}`;
}

async function dataOf(response: Response): Promise<unknown> {
  const type = response.headers.get('content-type') ?? '';
  const text = await response.text();
  if (text === '') return undefined;
  return /[/+]json\b/.test(type) ? (JSON.parse(text) as unknown) : text;
}
