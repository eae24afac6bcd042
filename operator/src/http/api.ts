/** The REST API: the table of routes, each with its handler, behind the same checks. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { parse as parseQuery } from 'node:querystring';
import { openApiDocument } from '@streamhouse/api/rest/openapi.ts';
import type { Operation, Route } from '@streamhouse/api/rest/route.ts';
import { type Operations, ROUTES } from '@streamhouse/api/rest/routes.ts';
import type { LagThresholds } from '@streamhouse/api/rest/session.ts';
import { abortAfter, type Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { RequestStore } from '@streamhouse/store/metadata/requests.ts';
import express, { type Express } from 'express';
import type { z } from 'zod';
import type { Logger } from '../log.ts';
import { type Answer, answerOf, sendAnswer, sendProblem } from './answer.ts';
import type { HttpHandler } from './api-server.ts';
import { audit } from './audit.ts';
import { type AuthorizeOptions, authorize } from './authorize.ts';
import { hasBody, readJson } from './body.ts';
import { addressOf } from './client-place.ts';
import { CoalescedReads } from './coalesced-reads.ts';
import { documentPage, PAGE_STYLE } from './document-page.ts';
import type { Asked, Handler, Handlers } from './handler.ts';
import { RepeatedRequests } from './idempotency.ts';
import type { Authenticator, Identified } from './identity/authenticator.ts';
import type { Principal } from './identity/principal.ts';
import { CONSOLE_FILES, consoleFiles } from './console-files.ts';
import { checkLoopbackHost, checkOrigin, corsHeaders } from './origin.ts';
import { fieldErrors, InvalidRequest, problemOf } from './problem.ts';
import { RateLimit } from './rate-limit.ts';
import { type Found, RouteTable } from './route-table.ts';
import { securityHeaders } from './security-headers.ts';

export interface ApiSettings {
  /** Where it is mounted, as in `/` or `/streamhouse`. */
  readonly basePath: string;
  /** Only programs of this machine can connect, and all of them may do everything. */
  readonly isLoopback: boolean;
  readonly isReadOnly: boolean;
  /** Origins of other pages that may use it, as in `https://console.example`. */
  readonly allowedOrigins: readonly string[];
  /** Proxies in front of it, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  readonly trustedProxies: number;
  /** Of one principal. */
  readonly requestsPerMinute: number;
  readonly lagThresholds: LagThresholds;
}

export interface ApiComponents {
  readonly handlers: Handlers<Operations>;
  readonly authenticator: Authenticator;
  readonly reviews: AuthorizeOptions['reviews'];
  readonly requests: RequestStore;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A route with its key and its handler. */
interface Served {
  readonly key: string;
  readonly route: Route;
  readonly handler: Handler<Operation>;
}

/** A request, and what is known of it so far. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** Without the query. */
  readonly path: string;
  readonly address: string;
  /** Of the answer, whatever it is. */
  readonly headers: OutgoingHttpHeaders;
  principal: Principal | undefined;
  name: string | undefined;
  isDryRun: boolean;
}

type Parameters = Readonly<Record<string, string>>;
type Serve = (exchange: Exchange, parameters: Parameters) => void;

export function createApi(settings: ApiSettings, components: ApiComponents): HttpHandler {
  const pipeline = new Pipeline(settings, components);
  const table = tableOf(settings, pipeline);
  const pages = pagesOf(settings, pipeline);
  const base = settings.basePath === '/' ? '' : settings.basePath;
  return (request, response) => {
    const exchange = pipeline.exchange(request, response);
    const { path, headers } = exchange;
    if (isPreflight(request)) {
      response.writeHead(204, headers).end();
      return;
    }
    try {
      const found = path.startsWith(`${base}/`) ? table.find(path.slice(base.length)) : undefined;
      if (found === undefined) pages(request, response);
      else pipeline.serve(exchange, found);
    } catch (error) {
      pipeline.refuse(exchange, error instanceof URIError ? noPath() : error);
    }
  };
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function noPath(): StreamError {
  return new StreamError('invalid', 'INVALID_PATH', 'the path is no URL');
}

const CALLER_GONE = 'who asked does not wait for the answer any more';
const NO_SUCH_PATH = 'there is nothing at this path: see /openapi.json';

/** Whatever is no operation: the console, or nothing. */
function pagesOf(settings: ApiSettings, pipeline: Pipeline): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use((request, response, next) => {
    response.set(securityHeaders(request, settings.trustedProxies));
    next();
  });
  app.use(settings.basePath, consoleFiles(CONSOLE_FILES, settings.basePath));
  app.use((request, response) => {
    const error = new StreamError('notFound', 'NO_SUCH_PATH', NO_SUCH_PATH);
    pipeline.refuse(pipeline.exchange(request, response), error);
  });
  app.use(
    (error: unknown, request: express.Request, response: express.Response, _next: () => void) => {
      const known = error instanceof URIError ? noPath() : error;
      pipeline.refuse(pipeline.exchange(request, response), known);
    },
  );
  return app;
}

function tableOf(settings: ApiSettings, pipeline: Pipeline): RouteTable<Serve> {
  const table = new RouteTable<Serve>();
  const document = openApiDocument({ basePath: settings.basePath });
  for (const [path, type, text] of [
    ['/openapi.json', 'application/json', JSON.stringify(document)],
    ['/swagger-ui', 'text/html', documentPage(document)],
    ['/swagger-ui.css', 'text/css', PAGE_STYLE],
  ] as const) {
    const answer = { status: 200, body: { type: `${type}; charset=utf-8`, text }, headers: {} };
    table.add('GET', path, ({ request, response, headers }) =>
      sendAnswer(request, response, answer, headers),
    );
  }
  for (const [key, route] of Object.entries(ROUTES)) {
    const [method = '', template = ''] = key.split(' ');
    table.add(method, template, pipeline.served(key as keyof Operations, route as Route));
  }
  return table;
}

class Pipeline {
  readonly #settings: ApiSettings;
  readonly #components: ApiComponents;
  readonly #allowedOrigins: ReadonlySet<string>;
  readonly #limit: RateLimit;
  readonly #reads = new CoalescedReads<Answer>();
  readonly #repeated: RepeatedRequests;

  constructor(settings: ApiSettings, components: ApiComponents) {
    this.#settings = settings;
    this.#components = components;
    this.#allowedOrigins = new Set(settings.allowedOrigins);
    this.#repeated = new RepeatedRequests(components.requests);
    this.#limit = new RateLimit(settings.requestsPerMinute, components.clock);
  }

  exchange(request: IncomingMessage, response: ServerResponse): Exchange {
    const { trustedProxies } = this.#settings;
    const [path = ''] = request.url?.split('?', 1) ?? [];
    const requestId = randomUUID();
    return {
      ...{ request, response, requestId, path },
      address: addressOf(request, trustedProxies),
      headers: {
        ...securityHeaders(request, trustedProxies),
        vary: 'Origin',
        'x-request-id': requestId,
        ...corsHeaders(request.headers, this.#allowedOrigins),
      },
      ...{ principal: undefined, name: undefined, isDryRun: false },
    };
  }

  serve(exchange: Exchange, { methods, parameters }: Found<Serve>): void {
    const { method = '' } = exchange.request;
    const serve = methods.get(method === 'HEAD' ? 'GET' : method);
    if (serve !== undefined) {
      serve(exchange, parameters);
      return;
    }
    const known = [...methods.keys()].join(', ');
    exchange.headers['allow'] = known;
    const message = `${method} is not served here, only ${known}`;
    this.refuse(exchange, new StreamError('invalid', 'METHOD_NOT_ALLOWED', message));
  }

  served(key: keyof Operations, route: Route): Serve {
    // The table of handlers is typed by the same operations as the table of routes.
    const handler = this.#components.handlers[key] as unknown as Handler<Operation>;
    const served = { key, route, handler };
    return (exchange, parameters) => void this.#serve(served, exchange, parameters);
  }

  /** Never rejects. */
  async #serve(served: Served, exchange: Exchange, parameters: Parameters): Promise<void> {
    const { request, response, headers } = exchange;
    try {
      const answer = await this.#answer(served, exchange, parameters);
      sendAnswer(request, response, answer, headers);
      this.#audit(served, exchange, answer.status, undefined);
    } catch (error) {
      const status = this.refuse(exchange, error);
      this.#audit(served, exchange, status, error);
    }
  }

  refuse({ request, response, requestId, path, headers }: Exchange, error: unknown): number {
    const { log } = this.#components;
    const problem = problemOf(error, requestId, path);
    if (problem.status === 500) log.error({ err: error, requestId }, 'a request failed');
    if (response.headersSent) response.destroy();
    else sendProblem(request, response, problem, error, headers);
    return problem.status;
  }

  async #answer(served: Served, exchange: Exchange, parameters: Parameters): Promise<Answer> {
    const { route, key } = served;
    const { request, address } = exchange;
    using timeout = abortAfter(this.#components.clock, LIMITS.apiAnswerMsMax);
    const { signal } = timeout;
    if (this.#settings.isLoopback) checkLoopbackHost(request.headers);
    const identified = await this.#identify(route, exchange, signal);
    if (identified?.isAmbient !== false)
      checkOrigin(request.method ?? '', request.headers, this.#allowedOrigins);
    exchange.principal = identified?.principal;
    const who = identified?.principal.id ?? `open:${address}`;
    Object.assign(exchange.headers, this.#limit.count(who));
    const input = await readInput(route, request, parameters);
    exchange.name = nameIn(input);
    exchange.isDryRun = input.isDryRun;
    if (identified !== undefined)
      await this.#authorize(route, identified.principal, exchange, signal);
    const asked = {
      ...input,
      principal: identified?.principal,
      ifMatch: request.headers['if-match'],
      http: { headers: request.headers, address },
    };
    if (route.endsWithCaller === true) return await this.#runFor(exchange, served, asked);
    if (key.startsWith('GET ') && typeof route.access === 'object') {
      const question = JSON.stringify([key, input.path, input.query]);
      return await this.#reads.get(question, () => this.#run(served, asked));
    }
    const repeatKey = request.headers['idempotency-key'];
    if (route.isRepeatable !== true || input.isDryRun || repeatKey === undefined)
      return await this.#run(served, asked);
    const repeatable = { who: `${who} ${key}`, key: String(repeatKey), request: input };
    return await this.#repeated.once(repeatable, () => this.#run(served, asked), signal);
  }

  /** With a time of its own: others may wait for the same answer when this caller is gone. */
  async #run(
    { route, handler }: Served,
    asked: Omit<Asked, 'signal'>,
    gone?: AbortSignal,
  ): Promise<Answer> {
    using timeout = abortAfter(this.#components.clock, LIMITS.apiAnswerMsMax);
    const signal = gone === undefined ? timeout.signal : AbortSignal.any([timeout.signal, gone]);
    const reply = await handler({ ...asked, signal });
    return answerOf(route, reply, asked.isDryRun);
  }

  async #runFor(
    { response }: Exchange,
    served: Served,
    asked: Omit<Asked, 'signal'>,
  ): Promise<Answer> {
    const gone = new AbortController();
    const onClose = (): void =>
      gone.abort(new StreamError('unavailable', 'CALLER_GONE', CALLER_GONE));
    if (response.closed) onClose();
    response.once('close', onClose);
    try {
      return await this.#run(served, asked, gone.signal);
    } finally {
      response.off('close', onClose);
    }
  }

  async #identify(
    { access }: Route,
    { request, address }: Exchange,
    signal: AbortSignal,
  ): Promise<Identified | undefined> {
    if (access === 'open') return undefined;
    return await this.#components.authenticator.identify(request.headers, address, signal);
  }

  async #authorize(
    { access }: Route,
    principal: Principal,
    { name }: Exchange,
    signal: AbortSignal,
  ): Promise<void> {
    if (typeof access !== 'object') return;
    const { isReadOnly } = this.#settings;
    const { reviews } = this.#components;
    await authorize(principal, { ...access, name }, { isReadOnly, reviews }, signal);
  }

  #audit({ key, route }: Served, exchange: Exchange, status: number, error: unknown): void {
    const { access, isMutation } = route;
    const isOfRecords = typeof access === 'object' && access.noun === 'records';
    if (isMutation !== true && !isOfRecords && status !== 401) return;
    const { requestId, principal, name, isDryRun, address } = exchange;
    audit(this.#components.log, {
      ...{ requestId, principal, name, isDryRun, status, address, operation: key },
      reason: error === undefined ? undefined : toStreamError(error).reason,
    });
  }
}

type Input = Pick<Asked, 'path' | 'query' | 'body' | 'isDryRun'>;

/** @throws InvalidRequest naming what is wrong; as `readJson`. */
async function readInput(
  route: Route,
  request: IncomingMessage,
  parameters: Parameters,
): Promise<Input> {
  const errors: ReturnType<typeof fieldErrors> = [];
  const take = <T>(part: string, schema: z.ZodType<T>, value: unknown): T | undefined => {
    const result = schema.safeParse(value);
    if (!result.success) errors.push(...fieldErrors(part, result.error));
    return result.data;
  };
  const path = take('path', route.path, parameters);
  const query = take('query', route.query, queryOf(request));
  if (errors.length > 0) throw new InvalidRequest(errors);
  let body: unknown;
  if (route.body !== undefined)
    body = take(
      'body',
      route.body,
      await readJson(request, route.bodyBytesMax ?? LIMITS.apiBodyBytesMax),
    );
  else if (hasBody(request)) errors.push({ path: 'body', message: 'this operation takes none' });
  if (errors.length > 0) throw new InvalidRequest(errors);
  return {
    path: path ?? {},
    query: query ?? {},
    body,
    isDryRun: (query as { dryRun?: boolean } | undefined)?.dryRun === true,
  };
}

function queryOf({ url = '' }: IncomingMessage): object {
  const start = url.indexOf('?');
  return start < 0 ? {} : { ...parseQuery(url.slice(start + 1)) };
}

/** The topic, agent or group that a request is about. */
function nameIn({ path, query, body }: Input): string | undefined {
  const named = { ...asRecord(body), ...query, ...path };
  const name = named['name'] ?? named['id'] ?? named['topic'];
  return typeof name === 'string' ? name : undefined;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
