/** Bodies in and out: JSON, bounded, errors as a `v1.Status`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { KubeError } from '@streamhouse/operator/kube/kube-api.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { badRequest, internalError, tooLarge, unsupportedMediaType } from './refusals.ts';

/** The media type of a request's body without its parameters, in lower case. */
export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** @throws KubeError for a body of another type, which is too large, or which is no JSON object. */
export async function readBody(
  request: IncomingMessage,
  mediaTypes: readonly string[],
): Promise<JsonObject> {
  // A page of a browser can send a few other types without asking, and must not be able to write here.
  if (!mediaTypes.includes(mediaTypeOf(request))) throw unsupportedMediaType(mediaTypes);
  const text = await readText(request);
  try {
    const body: unknown = JSON.parse(text);
    if (isJsonObject(body)) return body;
  } catch {
    // Told below.
  }
  throw badRequest('the body of the request is not a JSON object');
}

/** As `readBody`, for a body that may be left out. */
export async function readBodyIfAny(
  request: IncomingMessage,
  mediaTypes: readonly string[],
): Promise<JsonObject | undefined> {
  const isEmpty =
    request.headers['transfer-encoding'] === undefined &&
    Number(request.headers['content-length'] ?? 0) === 0;
  return isEmpty ? undefined : await readBody(request, mediaTypes);
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // What is left is thrown away after the answer; to destroy the request would take the answer with it.
  const parts: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of parts) {
    bytes += chunk.length;
    if (bytes > LIMITS.resourceBytesMax) throw tooLarge(LIMITS.resourceBytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(`${JSON.stringify(body)}\n`);
}

export function sendError(response: ServerResponse, error: unknown): void {
  const status = statusOf(error);
  response.req.resume();
  const { retryAfterSeconds } = status.details;
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds);
  sendJson(response, status.code, status);
}

interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: object;
  readonly status: 'Failure';
  readonly message: string;
  /** As in `AlreadyExists`. */
  readonly reason: string;
  readonly details: { readonly causes: readonly object[]; readonly retryAfterSeconds?: number };
  readonly code: number;
}

export function statusOf(error: unknown): Status {
  if (!(error instanceof KubeError)) {
    const message = error instanceof Error ? error.message : String(error);
    return statusOf(internalError(message));
  }
  const { retryAfterMs, causes, message, status, reason } = error;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: reason.replaceAll(/[A-Z]+_?/g, camelWord),
    details: {
      causes,
      ...(retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1_000) }),
    },
    code: status,
  };
}

/** `ALREADY_` becomes `Already`. */
function camelWord(word: string): string {
  return `${word.charAt(0)}${word.slice(1).replace('_', '').toLowerCase()}`;
}
