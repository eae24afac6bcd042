/** Answers as they go out: the head and a text in one piece, as each piece costs as much as all the rest. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Route } from '@streamhouse/api/rest/route.ts';
import { type Problem, PROBLEM_TYPE } from '@streamhouse/api/rest/problem.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import { etagOf, isKnown } from './etag.ts';
import type { Reply } from './handler.ts';

/** One that can be sent to many, and kept as JSON. */
export interface Answer {
  readonly status: number;
  readonly body?: { readonly type: string; readonly text: string };
  readonly headers: Readonly<Record<string, string>>;
  readonly etag?: string;
  readonly next?: string;
}

export function answerOf(route: Route, reply: Reply<unknown>, isDryRun: boolean): Answer {
  const { mediaType = 'application/json', status = 200 } = route;
  const { version, page, headers } = reply;
  const counted = page === undefined ? {} : { 'x-total-count': String(page.total) };
  const common = { headers: { ...counted, ...headers } };
  if (status === 204) return { status, ...common };
  const text = mediaType === 'application/json' ? JSON.stringify(reply.body) : String(reply.body);
  return {
    ...common,
    status: isDryRun && status === 201 ? 200 : status,
    body: { type: `${mediaType}; charset=utf-8`, text },
    etag: etagOf(text, version),
    ...(page?.next === undefined ? {} : { next: page.next }),
  };
}

/** @param common headers of all answers to this request. */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, headers, etag, next }: Answer,
  common: OutgoingHttpHeaders,
): void {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const sent: OutgoingHttpHeaders = { ...common, ...headers };
  sent['cache-control'] = isRead ? 'private, no-cache' : 'no-store';
  if (etag !== undefined) sent['etag'] = etag;
  if (next !== undefined) sent['link'] = `<${nextUrl(request, next)}>; rel="next"`;
  const isSame = isRead && etag !== undefined && isKnown(request.headers['if-none-match'], etag);
  if (isSame || body === undefined) response.writeHead(isSame ? 304 : status, sent).end();
  else sendText(response, status, sent, body.type, body.text);
}

export function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  problem: Problem,
  error: unknown,
  common: OutgoingHttpHeaders,
): void {
  const { retryAfterMs } = toStreamError(error);
  // The rest of a body is thrown away: to close at once could take this answer with it.
  request.resume();
  const sent: OutgoingHttpHeaders = { ...common, 'cache-control': 'no-store' };
  if (problem.status === 401) sent['www-authenticate'] = 'Bearer';
  if (retryAfterMs !== undefined)
    sent['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1_000)));
  sendText(response, problem.status, sent, PROBLEM_TYPE, JSON.stringify(problem));
}

function sendText(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  type: string,
  text: string,
): void {
  headers['content-type'] ??= type;
  headers['content-length'] = Buffer.byteLength(text);
  response.writeHead(status, headers).end(text);
}

function nextUrl({ url = '' }: IncomingMessage, cursor: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}
