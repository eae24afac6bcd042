/** The REST API: the table of routes, each with its handler, behind the same checks. */
import { randomUUID } from 'node:crypto';
import { openApiDocument } from '@streamhouse/api/rest/openapi.ts';
import type { Operation, Route } from '@streamhouse/api/rest/route.ts';
import { type Operations, ROUTES } from '@streamhouse/api/rest/routes.ts';
import type { LagThresholds } from '@streamhouse/api/rest/session.ts';
import { abortAfter, type Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { RequestStore } from '@streamhouse/store/metadata/requests.ts';
import express, { type Express, type Request, type Response } from 'express';
import type { z } from 'zod';
import type { Logger } from '../log.ts';
import { type Answer, answerOf, sendAnswer, sendProblem } from './answer.ts';
import { audit } from './audit.ts';
import { type AuthorizeOptions, authorize } from './authorize.ts';
import { hasBody, readJson } from './body.ts';
import { CoalescedReads } from './coalesced-reads.ts';
import { documentPage, PAGE_STYLE } from './document-page.ts';
import type { Asked, Handler, Handlers } from './handler.ts';
import { RepeatedRequests } from './idempotency.ts';
import type { Authenticator, Identified } from './identity/authenticator.ts';
import type { Principal } from './identity/principal.ts';
import { CONSOLE_FILES, consoleFiles } from './console-files.ts';
import { checkLoopbackHost, checkOrigin, corsHeaders } from './origin.ts';
import { fieldErrors, InvalidRequest, problemOf } from './problem.ts';
import { limitRequests, type RateLimit } from './rate-limit.ts';
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

/** What is known of a request so far, for the line that tells of it. */
interface Trace {
  readonly requestId: string;
  principal: Principal | undefined;
  name: string | undefined;
  isDryRun: boolean;
}

export function createApi(settings: ApiSettings, components: ApiComponents): Express {
  const pipeline = new Pipeline(settings, components);
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.set('trust proxy', settings.trustedProxies);
  app.use(securityHeaders());
  app.use(settings.basePath, routerOf(settings, pipeline));
  app.use(settings.basePath, consoleFiles(CONSOLE_FILES, settings.basePath));
  app.use((request, response) => {
    pipeline.refuse(request, response, new StreamError('notFound', 'NO_SUCH_PATH', NO_SUCH_PATH));
  });
  app.use((error: unknown, request: Request, response: Response, _next: () => void) => {
    const isPath = error instanceof URIError;
    const known = isPath ? new StreamError('invalid', 'INVALID_PATH', 'the path is no URL') : error;
    pipeline.refuse(request, response, known);
  });
  return app;
}

const CALLER_GONE = 'who asked does not wait for the answer any more';
const NO_SUCH_PATH = 'there is nothing at this path: see /openapi.json';

function routerOf(settings: ApiSettings, pipeline: Pipeline): express.Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const allowed = new Set(settings.allowedOrigins);
  router.use((request, response, next) => {
    const headers = corsHeaders(request.headers, allowed);
    response.vary('Origin');
    if (headers !== undefined) response.set(headers);
    const isPreflight = request.headers['access-control-request-method'] !== undefined;
    if (request.method === 'OPTIONS' && isPreflight) response.status(204).end();
    else next();
  });
  addDocument(router, settings);
  const methods = new Map<string, string[]>();
  for (const [key, route] of Object.entries(ROUTES)) {
    const [method = '', template = ''] = key.split(' ');
    const path = template.replaceAll(/\{(\w+)\}/g, ':$1');
    methods.set(path, [...(methods.get(path) ?? []), method]);
    const serve = pipeline.served(key as keyof Operations, route as Route);
    router[method.toLowerCase() as 'get' | 'post' | 'patch' | 'delete'](path, serve);
  }
  for (const [path, known] of methods) {
    router.all(path, (request, response) => {
      response.set('allow', known.join(', '));
      const message = `${request.method} is not served here, only ${known.join(', ')}`;
      pipeline.refuse(request, response, new StreamError('invalid', 'METHOD_NOT_ALLOWED', message));
    });
  }
  return router;
}

/** The document, for programs and for people. */
function addDocument(router: express.Router, { basePath }: ApiSettings): void {
  const document = openApiDocument({ basePath });
  const pages = [
    ['/openapi.json', 'application/json', JSON.stringify(document)],
    ['/swagger-ui', 'text/html', documentPage(document)],
    ['/swagger-ui.css', 'text/css', PAGE_STYLE],
  ] as const;
  for (const [path, type, text] of pages) {
    const headers = { 'content-type': `${type}; charset=utf-8` };
    const body = Buffer.from(text);
    const answer = { status: 200, body, headers, etag: undefined, next: undefined };
    router.get(path, (request, response) => sendAnswer(request, response, answer));
  }
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
    this.#limit = limitRequests(settings.requestsPerMinute);
  }

  served(
    key: keyof Operations,
    route: Route,
  ): (request: Request, response: Response) => Promise<void> {
    // The table of handlers is typed by the same operations as the table of routes.
    const handler = this.#components.handlers[key] as unknown as Handler<Operation>;
    const served = { key, route, handler };
    return async (request, response) => {
      const trace = {
        requestId: randomUUID(),
        principal: undefined,
        name: undefined,
        isDryRun: false,
      };
      response.set('x-request-id', trace.requestId);
      try {
        const answer = await this.#answer(served, request, response, trace);
        sendAnswer(request, response, answer);
        this.#audit(served, request, trace, answer.status, undefined);
      } catch (error) {
        const status = this.#refuse(request, response, error, trace.requestId);
        this.#audit(served, request, trace, status, error);
      }
    };
  }

  refuse(request: Request, response: Response, error: unknown): void {
    const requestId = randomUUID();
    response.set('x-request-id', requestId);
    this.#refuse(request, response, error, requestId);
  }

  #refuse(request: Request, response: Response, error: unknown, requestId: string): number {
    const { log } = this.#components;
    const problem = problemOf(error, requestId, request.path);
    if (problem.status === 500) log.error({ err: error, requestId }, 'a request failed');
    if (response.headersSent) response.destroy();
    else sendProblem(request, response, problem, error);
    return problem.status;
  }

  async #answer(
    served: Served,
    request: Request,
    response: Response,
    trace: Trace,
  ): Promise<Answer> {
    const { route, key } = served;
    const { clock } = this.#components;
    using timeout = abortAfter(clock, LIMITS.apiAnswerMsMax);
    const { signal } = timeout;
    if (this.#settings.isLoopback) checkLoopbackHost(request.headers);
    const identified = await this.#identify(route, request, signal);
    if (identified?.isAmbient !== false)
      checkOrigin(request.method, request.headers, this.#allowedOrigins);
    trace.principal = identified?.principal;
    const who = identified?.principal.id ?? `open:${request.ip}`;
    await this.#limit(request, response, who);
    const input = await readInput(route, request);
    trace.name = nameIn(input);
    trace.isDryRun = input.isDryRun;
    if (identified !== undefined) await this.#authorize(route, identified.principal, trace, signal);
    const asked = {
      ...input,
      principal: identified?.principal,
      ifMatch: request.headers['if-match'],
      http: { headers: request.headers, address: request.ip ?? '' },
    };
    if (route.endsWithCaller === true) return await this.#runFor(response, served, asked);
    if (key.startsWith('GET ') && typeof route.access === 'object') {
      const question = JSON.stringify([key, input.path, input.query]);
      return await this.#reads.get(question, () => this.#run(served, asked));
    }
    const repeatKey = request.get('idempotency-key');
    if (route.isRepeatable !== true || input.isDryRun || repeatKey === undefined)
      return await this.#run(served, asked);
    const repeatable = { who: `${who} ${key}`, key: repeatKey, request: input };
    return await this.#repeated.once(repeatable, () => this.#run(served, asked), signal);
  }

  /** With a time of its own: others may wait for the same answer when this caller is gone. */
  async #run(
    { route, handler }: Served,
    asked: Omit<Asked, 'signal'>,
    gone: readonly AbortSignal[] = [],
  ): Promise<Answer> {
    using timeout = abortAfter(this.#components.clock, LIMITS.apiAnswerMsMax);
    const signal = AbortSignal.any([timeout.signal, ...gone]);
    const reply = await handler({ ...asked, signal });
    return answerOf(route, reply, asked.isDryRun);
  }

  async #runFor(response: Response, served: Served, asked: Omit<Asked, 'signal'>): Promise<Answer> {
    const gone = new AbortController();
    const onClose = (): void =>
      gone.abort(new StreamError('unavailable', 'CALLER_GONE', CALLER_GONE));
    if (response.closed) onClose();
    response.once('close', onClose);
    try {
      return await this.#run(served, asked, [gone.signal]);
    } finally {
      response.off('close', onClose);
    }
  }

  async #identify(
    { access }: Route,
    request: Request,
    signal: AbortSignal,
  ): Promise<Identified | undefined> {
    if (access === 'open') return undefined;
    return await this.#components.authenticator.identify(request.headers, request.ip ?? '', signal);
  }

  async #authorize(
    { access }: Route,
    principal: Principal,
    { name }: Trace,
    signal: AbortSignal,
  ): Promise<void> {
    if (typeof access !== 'object') return;
    const { isReadOnly } = this.#settings;
    const { reviews } = this.#components;
    await authorize(principal, { ...access, name }, { isReadOnly, reviews }, signal);
  }

  #audit(
    { key, route }: Served,
    request: Request,
    { requestId, principal, name, isDryRun }: Trace,
    status: number,
    error: unknown,
  ): void {
    const { access, isMutation } = route;
    const isOfRecords = typeof access === 'object' && access.noun === 'records';
    if (isMutation !== true && !isOfRecords && status !== 401) return;
    audit(this.#components.log, {
      ...{ requestId, principal, name, isDryRun, status, operation: key },
      address: request.ip ?? '',
      reason: error === undefined ? undefined : toStreamError(error).reason,
    });
  }
}

type Input = Pick<Asked, 'path' | 'query' | 'body' | 'isDryRun'>;

/** @throws InvalidRequest naming what is wrong; as `readJson`. */
async function readInput(route: Route, request: Request): Promise<Input> {
  const errors: ReturnType<typeof fieldErrors> = [];
  const take = <T>(part: string, schema: z.ZodType<T>, value: unknown): T | undefined => {
    const result = schema.safeParse(value);
    if (!result.success) errors.push(...fieldErrors(part, result.error));
    return result.data;
  };
  const path = take('path', route.path, { ...request.params });
  const query = take('query', route.query, { ...request.query });
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

/** The topic, agent or group that a request is about. */
function nameIn({ path, query, body }: Input): string | undefined {
  const named = { ...asRecord(body), ...query, ...path };
  const name = named['name'] ?? named['id'] ?? named['topic'];
  return typeof name === 'string' ? name : undefined;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
