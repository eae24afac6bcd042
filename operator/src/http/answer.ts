/** Answers as they go out. */
import type { Route } from '@streamhouse/api/rest/route.ts';
import { type Problem, PROBLEM_TYPE } from '@streamhouse/api/rest/problem.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import type { Request, Response } from 'express';
import { etagOf, isKnown } from './etag.ts';
import type { Reply } from './handler.ts';

/** One that can be sent to many. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string | undefined;
  readonly next: string | undefined;
}

export function answerOf(route: Route, reply: Reply<unknown>, isDryRun: boolean): Answer {
  const { mediaType = 'application/json', status = 200 } = route;
  const { version, page, headers = {} } = reply;
  const body =
    status === 204
      ? undefined
      : Buffer.from(
          mediaType === 'application/json' ? JSON.stringify(reply.body) : String(reply.body),
        );
  return {
    status: isDryRun && status === 201 ? 200 : status,
    body,
    headers: {
      ...(body === undefined ? {} : { 'content-type': `${mediaType}; charset=utf-8` }),
      ...(page === undefined ? {} : { 'x-total-count': String(page.total) }),
      ...headers,
    },
    etag: body === undefined ? undefined : etagOf(body, version),
    next: page?.next,
  };
}

export function sendAnswer(request: Request, response: Response, answer: Answer): void {
  const { status, body, headers, etag, next } = answer;
  response.set(headers);
  if (next !== undefined) response.set('link', `<${nextUrl(request, next)}>; rel="next"`);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (etag !== undefined) response.set('etag', etag);
  response.set('cache-control', isRead ? 'private, no-cache' : 'no-store');
  if (isRead && etag !== undefined && isKnown(request.headers['if-none-match'], etag)) {
    response.removeHeader('content-type');
    response.status(304).end();
  } else response.status(status).end(body);
}

export function sendProblem(
  request: Request,
  response: Response,
  problem: Problem,
  error: unknown,
): void {
  const { retryAfterMs } = toStreamError(error);
  // The rest of a body is thrown away: to close at once could take this answer with it.
  request.resume();
  response.set({ 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' });
  if (problem.status === 401) response.set('www-authenticate', 'Bearer');
  if (retryAfterMs !== undefined)
    response.set('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  response.status(problem.status).end(JSON.stringify(problem));
}

function nextUrl({ originalUrl }: Request, cursor: string): string {
  const [path = '', query = ''] = originalUrl.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}
