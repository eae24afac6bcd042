/** The part of the Kubernetes API that the commands of resources use: a standalone serves it, and so does `kubectl proxy`. */
import { abortAfter, type Clock } from '@streamhouse/core/async/clock.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { fullName, type Kind, type Target } from './kinds.ts';

/** Any JSON object. */
export interface Fields {
  readonly [name: string]: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: Fields;
}

export interface ApiClientOptions {
  /** As in `http://127.0.0.1:3001`. */
  readonly server: string;
  readonly namespace: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly mediaType?: string;
  readonly body?: object;
}

const TIMEOUT_MS = 30_000;
const PAGE_OBJECTS = '500';
const FIELD_MANAGER = 'streamhouse-cli';
const NEXT_STEP =
  'start a cluster with "npm start", or name its API with --server URL or STREAMHOUSE_SERVER';

export class ApiClient {
  readonly #options: ApiClientOptions;

  /** @throws CommandError for a server that is no URL. */
  constructor(options: ApiClientOptions) {
    const { server } = options;
    const isUrl = URL.canParse(server) && ['http:', 'https:'].includes(new URL(server).protocol);
    if (!isUrl) {
      const example = 'use one such as http://127.0.0.1:3001';
      throw new CommandError(
        EXIT.usage,
        `${JSON.stringify(server)} is no URL of a server; ${example}`,
      );
    }
    this.#options = options;
  }

  /** Undefined when there is none. */
  async get(
    target: Target,
    namespace: string = this.#options.namespace,
  ): Promise<Fields | undefined> {
    const answer = await this.#call({
      method: 'GET',
      path: pathOf(target.kind, namespace, target.name),
    });
    if (isMissing(answer)) return undefined;
    return this.#successful(answer, fullName(target)).body;
  }

  /** All objects of a kind, page by page. */
  async list(
    kind: Kind,
    options: { readonly isEverywhere: boolean; readonly selector: string },
  ): Promise<Fields[]> {
    const path = pathOf(kind, options.isEverywhere ? undefined : this.#options.namespace);
    const items: Fields[] = [];
    for (let next: unknown = ''; typeof next === 'string'; ) {
      const query = { limit: PAGE_OBJECTS, labelSelector: options.selector, continue: next };
      const answer = this.#successful(
        await this.#call({ method: 'GET', path, query }),
        kind.plural,
      );
      const { items: page, metadata } = answer.body;
      if (!Array.isArray(page)) throw this.#foreign(`its list of ${kind.plural} has no items`);
      items.push(...page.filter(isFields));
      next = (isFields(metadata) && metadata['continue']) || undefined;
    }
    return items;
  }

  /** Server-side apply. Fields that others changed are taken back, as `kubectl apply` does. */
  async apply(target: Target, namespace: string, body: Fields): Promise<Answer> {
    const answer = await this.#call({
      method: 'PATCH',
      path: pathOf(target.kind, namespace, target.name),
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      mediaType: 'application/apply-patch+yaml',
      body,
    });
    return this.#successful(answer, fullName(target));
  }

  async scale(target: Target, replicas: number): Promise<void> {
    const answer = await this.#call({
      method: 'PATCH',
      path: `${pathOf(target.kind, this.#options.namespace, target.name)}/scale`,
      query: { fieldManager: FIELD_MANAGER },
      mediaType: 'application/merge-patch+json',
      body: { spec: { replicas } },
    });
    this.#successful(answer, fullName(target));
  }

  /** `gone`, `marked` while finalizers hold it, or `absent` when there was none. */
  async delete(
    target: Target,
    namespace: string = this.#options.namespace,
  ): Promise<'gone' | 'marked' | 'absent'> {
    const path = pathOf(target.kind, namespace, target.name);
    const answer = await this.#call({ method: 'DELETE', path });
    if (isMissing(answer)) return 'absent';
    const { body } = this.#successful(answer, fullName(target));
    return body['kind'] === target.kind.kind ? 'marked' : 'gone';
  }

  async #call({ method, path, query = {}, mediaType, body }: Call): Promise<Answer> {
    const { server, signal, clock } = this.#options;
    const given = Object.entries(query).filter(([, value]) => value !== '');
    const parameters = given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
    using deadline = abortAfter(clock, TIMEOUT_MS);
    try {
      const response = await fetch(`${server.replace(/\/+$/, '')}${path}${parameters}`, {
        method,
        redirect: 'error',
        signal: AbortSignal.any([signal, deadline.signal]),
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': mediaType ?? '' } }),
      });
      return { status: response.status, body: fieldsIn(await response.text()) };
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.signal.aborted)
        throw new CommandError(
          EXIT.unavailable,
          `${server} did not answer within ${TIMEOUT_MS / 1_000} s; it may have happened: look before you repeat it`,
        );
      throw new CommandError(
        EXIT.unavailable,
        `${server} cannot be reached: ${reasonOf(error)}; ${NEXT_STEP}`,
        {
          cause: error,
        },
      );
    }
  }

  #successful(answer: Answer, what: string): Answer {
    const { status, body } = answer;
    if (status >= 200 && status < 300 && body['kind'] !== undefined) return answer;
    if (body['kind'] !== 'Status') throw this.#foreign(`it answered ${status}`);
    const message = typeof body['message'] === 'string' ? body['message'] : `it answered ${status}`;
    throw new CommandError(exitCodeOf(status), `${what}: ${message}; ${nextStepOf(status)}`);
  }

  #foreign(why: string): CommandError {
    const { server } = this.#options;
    return new CommandError(
      EXIT.unavailable,
      `${server} is not the API of a cluster: ${why}; ${NEXT_STEP}`,
    );
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pathOf(kind: Kind, namespace: string | undefined, name?: string): string {
  const below = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `/apis/${kind.group}/${kind.version}${below}/${kind.plural}${object}`;
}

/** The object is not there. A path that is not there has no object in its answer: another server, or an older one. */
function isMissing({ status, body }: Answer): boolean {
  const message = String(body['message']);
  return status === 404 && body['kind'] === 'Status' && message.endsWith('not found');
}

function fieldsIn(text: string): Fields {
  try {
    const body: unknown = JSON.parse(text);
    return isFields(body) ? body : {};
  } catch {
    return {};
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error)
    return cause.errors[0].message;
  return cause instanceof Error ? cause.message : String(cause);
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.notAllowed;
  if (status === 404) return EXIT.notFound;
  if (status === 409 || status === 410) return EXIT.failed;
  return status === 429 || status >= 500 ? EXIT.unavailable : EXIT.usage;
}

function nextStepOf(status: number): string {
  const code = exitCodeOf(status);
  if (code === EXIT.notAllowed) return 'ask the owner of the cluster for access';
  if (code === EXIT.notFound) return '"streamhouse get" shows what is there';
  if (code === EXIT.unavailable) return 'try again in a few seconds';
  if (code === EXIT.failed) return 'look at it with "streamhouse get -o yaml", then decide';
  return 'correct it and try again';
}
