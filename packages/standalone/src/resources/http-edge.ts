/**
 * The resources over HTTP: the part of the Kubernetes API that `streamhouse apply`, `get`, `delete` and `scale` use, so that
 * they work the same against `kubectl proxy`. For loopback only: there is no login, so nothing that a browser's page could
 * send by itself is taken, and no name is answered to but that of this machine to itself.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiObject } from './api-object.ts';
import type { FieldWriter } from './field-ownership.ts';
import {
  mediaTypeOf,
  readBody,
  readBodyIfAny,
  sendError,
  sendJson,
  statusOf,
} from './http-message.ts';
import {
  checkParameters,
  integerOf,
  isTrue,
  listQueryOf,
  preconditionsIn,
  type Route,
  routeOf,
} from './http-route.ts';
import { bodyOf, type LocalKubeApi, refIn } from './local-kube-api.ts';
import { badRequest, forbidden, methodNotAllowed, notFound } from './refusals.ts';
import { apiVersionOf } from './served-kind.ts';
import {
  applied,
  created,
  deleted,
  type Outcome,
  patched,
  type Request,
  replaced,
  scaleOf,
} from './transitions.ts';
import type { Written } from './write-batch.ts';

/** Answers one request. Mount it where `request.url` is the whole path. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

const JSON_TYPES = ['application/json'];
const MERGE_TYPE = 'application/merge-patch+json';
const APPLY_TYPE = 'application/apply-patch+yaml';
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;
const WATCH_SECONDS_DEFAULT = 1_800;
const WATCH_SECONDS_MAX = 3_600;
const MANAGER_CHARS_MAX = 128;

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly parameters: URLSearchParams;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}

type ObjectRoute = Route & { readonly of: 'object' };
type Decide = (request: Request, previous: Outcome) => Outcome;

export function resourceHandler(api: LocalKubeApi): HttpHandler {
  const edge = new HttpEdge(api);
  return (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('the caller is gone')));
    edge.answer(request, response, gone.signal).catch((error: unknown) => {
      if (response.headersSent || gone.signal.aborted) response.destroy();
      else sendError(response, error);
    });
  };
}

class HttpEdge {
  readonly #api: LocalKubeApi;

  constructor(api: LocalKubeApi) {
    this.#api = api;
  }

  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    // Another name that leads here is a page of a browser whose name server answers with this address.
    if (!LOOPBACK.test(request.headers.host ?? ''))
      throw forbidden('only requests to localhost are answered');
    const url = new URL(request.url ?? '/', 'http://localhost');
    const route = routeOf(url.pathname);
    checkParameters(url.searchParams);
    const call = { request, response, route, parameters: url.searchParams, signal };
    const isRead = request.method === 'GET';
    if (!isRead && !this.#api.kind(route.type).isKept)
      throw forbidden(`${route.type.plural} are for the operator alone`);
    if (route.of === 'object') return await this.#object(call, route);
    if (isRead && isTrue(call.parameters, 'watch')) return await this.#watch(call);
    if (isRead) return await this.#list(call);
    if (request.method === 'POST' && route.of === 'namespace')
      return await this.#create(call, route.namespace);
    throw methodNotAllowed(request.method ?? '');
  }

  async #object(call: Call, route: ObjectRoute): Promise<void> {
    const { method = '' } = call.request;
    if (method === 'GET') return await this.#get(call, route);
    if (method === 'PUT') return await this.#put(call, route);
    if (method === 'PATCH') return await this.#patch(call, route);
    if (method === 'DELETE' && route.subresource === undefined)
      return await this.#delete(call, route);
    throw methodNotAllowed(method);
  }

  async #list({ response, route, parameters, signal }: Call): Promise<void> {
    const { kind, ...type } = this.#api.kind(route.type);
    const page = await this.#api.list(route.type, listQueryOf(route, parameters), signal);
    const { items, resourceVersion, continueToken } = page;
    sendJson(response, 200, {
      apiVersion: apiVersionOf(type),
      kind: `${kind}List`,
      metadata: {
        resourceVersion,
        ...(continueToken === undefined ? {} : { continue: continueToken }),
      },
      items,
    });
  }

  /** One JSON object a line; an error once the answer has begun is an event as well. */
  async #watch({ response, route, parameters, signal }: Call): Promise<void> {
    const { kind, ...type } = this.#api.kind(route.type);
    const { limit: _, ...selection } = listQueryOf(route, parameters);
    const timeoutSeconds = integerOf(parameters, 'timeoutSeconds') ?? WATCH_SECONDS_DEFAULT;
    const query = {
      ...selection,
      resourceVersion: parameters.get('resourceVersion') ?? '',
      timeoutSeconds: Math.min(timeoutSeconds, WATCH_SECONDS_MAX),
    };
    const hasBookmarks = isTrue(parameters, 'allowWatchBookmarks');
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.flushHeaders();
    const tell = async (event: object): Promise<void> => {
      if (!response.write(`${JSON.stringify(event)}\n`)) await once(response, 'drain', { signal });
    };
    try {
      for await (const event of this.#api.watch<ApiObject>(route.type, query, signal)) {
        if (event.type !== 'BOOKMARK') await tell(event);
        else if (hasBookmarks) {
          const metadata = { resourceVersion: event.resourceVersion };
          await tell({
            type: 'BOOKMARK',
            object: { apiVersion: apiVersionOf(type), kind, metadata },
          });
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      await tell({ type: 'ERROR', object: statusOf(error) });
    }
    response.end();
  }

  async #get({ response, signal }: Call, { type, ref, subresource }: ObjectRoute): Promise<void> {
    const kind = this.#api.kind(type);
    const object = await this.#api.get<ApiObject>(type, ref, signal);
    if (object === undefined) throw notFound(kind, ref.name);
    sendJson(response, 200, subresource === 'scale' ? scaleOf(kind, object) : object);
  }

  async #create(call: Call, namespace: string): Promise<void> {
    const sent = this.#api.named(await readBody(call.request, JSON_TYPES));
    const metadata = { namespace, ...(sent['metadata'] as object) };
    const body = { ...sent, metadata };
    const { name } = refIn(body);
    const route = { of: 'object', type: call.route.type, ref: { namespace, name } } as const;
    const written = await this.#write(
      call,
      { ...route, subresource: undefined },
      (request, previous) => created(request, previous, body),
      'Update',
    );
    sendJson(call.response, 201, written.next ?? {});
  }

  async #put(call: Call, route: ObjectRoute): Promise<void> {
    const body = await readBody(call.request, JSON_TYPES);
    const decide: Decide = (request, previous) =>
      replaced(request, previous, body, route.subresource);
    this.#sendWritten(call, route, await this.#write(call, route, decide, 'Update'));
  }

  async #patch(call: Call, route: ObjectRoute): Promise<void> {
    const isApply = mediaTypeOf(call.request) === APPLY_TYPE && route.subresource === undefined;
    const types = route.subresource === undefined ? [MERGE_TYPE, APPLY_TYPE] : [MERGE_TYPE];
    const body = bodyOf(await readBody(call.request, types));
    const isForced = isTrue(call.parameters, 'force');
    if (isApply && !call.parameters.get('fieldManager'))
      throw badRequest('fieldManager is required for apply');
    const decide: Decide = (request, previous) =>
      isApply
        ? applied(request, previous, body, isForced)
        : patched(request, previous, body, route.subresource);
    const written = await this.#write(call, route, decide, isApply ? 'Apply' : 'Update');
    this.#sendWritten(call, route, written);
  }

  async #delete(call: Call, route: ObjectRoute): Promise<void> {
    const preconditions = preconditionsIn(await readBodyIfAny(call.request, JSON_TYPES));
    const decide: Decide = (request, previous) => deleted(request, previous, preconditions);
    const { next, previous } = await this.#write(call, route, decide, 'Update');
    if (next !== undefined) return sendJson(call.response, 200, next);
    const { group, plural } = route.type;
    const details = { name: route.ref.name, group, kind: plural, uid: previous?.metadata.uid };
    const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
    sendJson(call.response, 200, success);
  }

  #write(
    { request, parameters, signal }: Call,
    { type, ref }: ObjectRoute,
    decide: Decide,
    operation: FieldWriter['operation'],
  ): Promise<Written> {
    const agent = (request.headers['user-agent'] ?? 'unknown').split('/', 1)[0] ?? '';
    const manager = (parameters.get('fieldManager') || agent).slice(0, MANAGER_CHARS_MAX);
    return this.#api.write(type, ref, signal, decide, { manager, operation });
  }

  #sendWritten({ response }: Call, route: ObjectRoute, { previous, next }: Written): void {
    const object = next ?? previous;
    if (object === undefined) throw notFound(route.type, route.ref.name);
    const kind = this.#api.kind(route.type);
    const view = route.subresource === 'scale' ? scaleOf(kind, object) : object;
    sendJson(response, previous === undefined ? 201 : 200, view);
  }
}
