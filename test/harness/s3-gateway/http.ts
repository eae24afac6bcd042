/** From Node's HTTP to the gateway's requests and back. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { type Answer, S3Failure } from './answer.ts';
import type { BucketRequest } from './buckets.ts';
import type { GatewayOperation } from './fault.ts';

export interface Body {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** @throws S3Failure when the length is not told or too large; Error when the connection ends too soon. */
export async function readBody(http: IncomingMessage): Promise<Body> {
  if (http.headers['transfer-encoding'] !== undefined) {
    throw new S3Failure(411, 'MissingContentLength', 'The length of the body must be told.');
  }
  const length = Number(http.headers['content-length'] ?? 0);
  if (length > LIMITS.objectBytesMax)
    throw new S3Failure(400, 'EntityTooLarge', 'The object is too large.');
  const bytes = Buffer.allocUnsafe(length);
  const hash = createHash('sha256');
  let filled = 0;
  for await (const chunk of http as AsyncIterable<Uint8Array>) {
    bytes.set(chunk, filled);
    hash.update(chunk);
    filled += chunk.length;
  }
  if (filled < length) throw new Error('the body ended too soon');
  return { bytes, sha256: hash.digest('hex') };
}

/** @throws S3Failure when the request is none that the gateway knows. */
export function parseRequest(http: IncomingMessage, body: Uint8Array): BucketRequest {
  const url = new URL(http.url ?? '/', 'http://gateway');
  const path = /^\/([^/]+)\/?(.*)$/.exec(decoded(url.pathname));
  const [, bucket = '', key = ''] = path ?? [];
  const operation = operationOf(http.method, key, url.searchParams);
  if (operation === undefined || bucket === '') {
    throw new S3Failure(405, 'MethodNotAllowed', 'The gateway does not know this request.');
  }
  const isWriteOnce = http.headers['if-none-match'] === '*';
  return {
    operation,
    bucket,
    key,
    query: url.searchParams,
    range: http.headers.range,
    isWriteOnce,
    body,
  };
}

export function send(response: ServerResponse, answer: Answer, nowMs: number): void {
  response.writeHead(answer.status, {
    'content-length': answer.body.length,
    date: new Date(nowMs).toUTCString(),
    ...answer.headers,
  });
  // A HEAD request tells a length and has no body.
  response.end(response.req.method === 'HEAD' ? undefined : answer.body);
}

/** Announces the whole body and ends the connection after its first bytes. */
export function sendTruncated(response: ServerResponse, answer: Answer, bytes: number): void {
  response.writeHead(answer.status, { 'content-length': answer.body.length, ...answer.headers });
  response.write(answer.body.subarray(0, bytes), () => response.destroy());
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new S3Failure(400, 'InvalidURI', 'The path cannot be decoded.');
  }
}

function operationOf(
  method: string | undefined,
  key: string,
  query: URLSearchParams,
): GatewayOperation | undefined {
  switch (method) {
    case 'GET':
      if (key !== '') return 'GetObject';
      return query.get('list-type') === '2' ? 'ListObjectsV2' : undefined;
    case 'PUT':
      return key === '' ? 'CreateBucket' : 'PutObject';
    case 'HEAD':
      return key === '' ? 'HeadBucket' : 'HeadObject';
    case 'DELETE':
      return key === '' ? undefined : 'DeleteObject';
    case undefined:
    default:
      return undefined;
  }
}
