/** The port over HTTP: paths, content types, time limits and retries. */
import type { IncomingMessage } from 'node:http';
import { type Clock, delay, type Random } from '@streamhouse/core/async/clock.ts';
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { Deadline } from './deadline.ts';
import { HttpConnections, type HttpRequest, linesOf, textOf } from './http-connections.ts';
import {
  type ApplyOptions,
  type KubeApi,
  KubeError,
  type KubeObject,
  type ListPage,
  type ListQuery,
  type ObjectRef,
  type Preconditions,
  pathOf,
  type ResourceType,
  type StatusBody,
  type Subresource,
  statusError,
  type WatchEvent,
  type WatchQuery,
} from './kube-api.ts';

const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 5_000;
const JSON_TYPE = 'application/json';

export type Verb = 'list' | 'watch' | 'get' | 'create' | 'apply' | 'patch' | 'update' | 'delete';

/** One attempt that is over. */
export interface Exchange {
  readonly verb: Verb;
  readonly method: HttpRequest['method'];
  readonly type: ResourceType;
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
}

export interface HttpKubeApiOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly random: Random;
  /** Who asks, for the API server's audit log: `name/version`. */
  readonly userAgent: string;
  readonly onExchange?: (exchange: Exchange) => void;
}

interface Call {
  readonly verb: Verb;
  readonly method: HttpRequest['method'];
  readonly type: ResourceType;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly contentType?: string;
  readonly body?: object;
  /** Whether sending it again does no harm when the first answer was lost. */
  readonly isIdempotent: boolean;
}

export class HttpKubeApi implements KubeApi, Disposable {
  readonly #options: HttpKubeApiOptions;
  readonly #connections: HttpConnections;

  constructor(options: HttpKubeApiOptions) {
    this.#options = options;
    this.#connections = new HttpConnections(options.access);
  }

  async list<T extends KubeObject>(
    type: ResourceType,
    query: ListQuery,
    signal: AbortSignal,
  ): Promise<ListPage<T>> {
    const { namespace, labelSelector, limit, continueToken } = query;
    const path = pathOf(type, namespace === undefined ? {} : { namespace });
    const answer = await this.#call<Partial<ListBody<T>>>(
      {
        verb: 'list',
        method: 'GET',
        type,
        path,
        query: { labelSelector, limit, continue: continueToken },
        isIdempotent: true,
      },
      signal,
    );
    return pageOf(answer);
  }

  async *watch<T extends KubeObject>(
    type: ResourceType,
    query: WatchQuery,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const { namespace, name, ...selection } = query;
    const fieldSelector = name === undefined ? undefined : `metadata.name=${name}`;
    const call: Call = {
      verb: 'watch',
      method: 'GET',
      type,
      path: pathOf(type, namespace === undefined ? {} : { namespace }),
      query: { watch: true, allowWatchBookmarks: true, fieldSelector, ...selection },
      isIdempotent: true,
    };
    using deadline = new Deadline(this.#options.clock, signal, LIMITS.kubeRequestMsMax);
    const message = await this.#send(call, deadline.signal);
    const extend = (): void => deadline.extend(LIMITS.kubeWatchIdleMsMax);
    extend();
    for await (const line of linesOf(message, deadline.signal, extend)) {
      if (line !== '') yield eventOf<T>(parse(line));
    }
  }

  async get<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    try {
      const path = pathOf(type, ref);
      return await this.#call(
        { verb: 'get', method: 'GET', type, path, isIdempotent: true },
        signal,
      );
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  create<T extends KubeObject>(type: ResourceType, object: T, signal: AbortSignal): Promise<T> {
    const { namespace } = object.metadata;
    const path = pathOf(type, namespace === undefined ? {} : { namespace });
    const body = typed(type, object);
    return this.#call(
      { verb: 'create', method: 'POST', type, path, body, isIdempotent: false },
      signal,
    );
  }

  apply<T extends KubeObject>(
    type: ResourceType,
    object: T,
    options: ApplyOptions,
    signal: AbortSignal,
  ): Promise<T> {
    return this.#call(
      {
        verb: 'apply',
        method: 'PATCH',
        type,
        path: pathOf(type, object.metadata),
        query: { fieldManager: options.fieldManager, force: options.force },
        // JSON is YAML, and older servers know only this name.
        contentType: 'application/apply-patch+yaml',
        body: typed(type, object),
        isIdempotent: true,
      },
      signal,
    );
  }

  mergePatch<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: object,
    options: { readonly subresource?: Subresource },
    signal: AbortSignal,
  ): Promise<T> {
    return this.#call(
      {
        verb: 'patch',
        method: 'PATCH',
        type,
        path: pathOf(type, ref) + below(options.subresource),
        contentType: 'application/merge-patch+json',
        body: patch,
        isIdempotent: true,
      },
      signal,
    );
  }

  update<T extends KubeObject>(
    type: ResourceType,
    object: T,
    options: { readonly subresource?: Subresource },
    signal: AbortSignal,
  ): Promise<T> {
    const path = pathOf(type, object.metadata) + below(options.subresource);
    const body = typed(type, object);
    return this.#call(
      { verb: 'update', method: 'PUT', type, path, body, isIdempotent: true },
      signal,
    );
  }

  async delete(
    type: ResourceType,
    ref: ObjectRef,
    preconditions: Preconditions | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Background',
      ...(preconditions === undefined ? {} : { preconditions }),
    };
    const path = pathOf(type, ref);
    try {
      await this.#call(
        { verb: 'delete', method: 'DELETE', type, path, body, isIdempotent: true },
        signal,
      );
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 404)) throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]();
  }

  async #call<T>(call: Call, signal: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt<T>(call, signal);
      } catch (error) {
        const waitMs = this.#retryAfterMs(error, call, attempt);
        if (waitMs === undefined || signal.aborted) throw error;
        await delay(this.#options.clock, waitMs, signal);
      }
    }
  }

  async #attempt<T>(call: Call, signal: AbortSignal): Promise<T> {
    using deadline = new Deadline(this.#options.clock, signal, LIMITS.kubeRequestMsMax);
    const message = await this.#send(call, deadline.signal);
    return parse(await textOf(message, deadline.signal)) as T;
  }

  /** The answer to `call`, its body unread. @throws KubeError when it is not one of success. */
  async #send(call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    const { verb, method, type } = call;
    let status: number | undefined;
    try {
      const message = await this.#connections.send(this.#requestOf(call), signal);
      status = message.statusCode ?? 0;
      if (status >= 200 && status < 300) return message;
      const retryAfter = message.headers['retry-after'];
      const text = await textOf(message, signal);
      throw statusError(status, statusOf(text), secondsOf(retryAfter));
    } finally {
      this.#options.onExchange?.({ verb, method, type, status });
    }
  }

  #requestOf(call: Call): HttpRequest {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {}))
      if (value !== undefined) query.set(name, String(value));
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    return {
      method: call.method,
      path: query.size === 0 ? call.path : `${call.path}?${query.toString()}`,
      headers: {
        accept: JSON_TYPE,
        'user-agent': this.#options.userAgent,
        ...(body === undefined
          ? {}
          : {
              'content-type': call.contentType ?? JSON_TYPE,
              'content-length': String(Buffer.byteLength(body)),
            }),
      },
      ...(body === undefined ? {} : { body }),
    };
  }

  /**
   * Milliseconds until the next attempt, or undefined when there is none. As client-go (rest/with_retry.go): an answer is
   * tried again only when the server turned the request away and says so, by 429 or by a 5xx with Retry-After; a lost
   * connection only when the request was not sent or may be sent twice.
   */
  #retryAfterMs(error: unknown, call: Call, attempt: number): number | undefined {
    if (!(error instanceof KubeError) || attempt >= LIMITS.kubeAttemptsMax) return undefined;
    const { status, kind, reason, retryAfterMs } = error;
    const isTurnedAway = status === 429 || (status >= 500 && retryAfterMs !== undefined);
    const isLost = kind === 'unavailable' || (call.isIdempotent && reason === 'CONNECTION_LOST');
    if (!(status === 0 ? isLost : isTurnedAway)) return undefined;
    if ((retryAfterMs ?? 0) > LIMITS.kubeRetryAfterMsMax) return undefined;
    const { random } = this.#options;
    const backoffMs = backoffDelayMs(attempt, {
      backoffMs: BACKOFF_MS,
      backoffMaxMs: BACKOFF_MS_MAX,
      random,
    });
    return Math.max(backoffMs, retryAfterMs ?? 0);
  }
}

interface ListBody<T> {
  readonly items: readonly T[] | null;
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
}

/** A list that lacks a part is an error: taken for an empty one, it would delete everything. */
function pageOf<T>(body: Partial<ListBody<T>>): ListPage<T> {
  const resourceVersion = body.metadata?.resourceVersion;
  if (body.items === undefined || resourceVersion === undefined)
    throw badAnswer('a list without items or resourceVersion');
  const continueToken = body.metadata?.continue;
  return {
    items: body.items ?? [],
    resourceVersion,
    ...(continueToken === undefined || continueToken === '' ? {} : { continueToken }),
  };
}

interface EventBody {
  readonly type: WatchEvent<KubeObject>['type'] | 'ERROR';
  readonly object: object;
}

/** `{ type, object }`; the object of a BOOKMARK has nothing but its resourceVersion, that of an ERROR is a Status. */
function eventOf<T extends KubeObject>(body: EventBody): WatchEvent<T> {
  switch (body.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: body.type, object: body.object as T };
    case 'BOOKMARK': {
      const { resourceVersion } = (body.object as KubeObject).metadata;
      if (resourceVersion === undefined) throw badAnswer('a bookmark without resourceVersion');
      return { type: 'BOOKMARK', resourceVersion };
    }
    case 'ERROR': {
      const status = body.object as StatusBody;
      throw statusError(status.code ?? 500, status);
    }
    default:
      throw badAnswer(`a watch event of type ${String(body.type)}`);
  }
}

function parse<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw badAnswer('what is no JSON', error);
  }
}

function badAnswer(what: string, cause?: unknown): KubeError {
  return new KubeError('corrupt', 'BAD_ANSWER', `the API server sent ${what}`, { cause });
}

/** A proxy in between answers with pages of its own. */
function statusOf(text: string): StatusBody {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

/** Milliseconds of a Retry-After in seconds; one that names a date would need both clocks to agree. */
function secondsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}

function typed(type: ResourceType, object: object): object {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return { apiVersion, kind: type.kind, ...object };
}

function below(subresource: Subresource | undefined): string {
  return subresource === undefined ? '' : `/${subresource}`;
}
