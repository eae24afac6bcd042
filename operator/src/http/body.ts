/** Bodies of requests: JSON in UTF-8, bounded before it is kept. */
import type { IncomingMessage } from 'node:http';
import { StreamError } from '@streamhouse/core/errors.ts';
import { guardJson } from './json-guard.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const JSON_TYPE = /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i;

/** Whether a body comes with the request. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * @throws StreamError `invalid` UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE with `limit` and `actual` as far as it is known, or
 *   INVALID_JSON; `unavailable` REQUEST_TIMEOUT when the rest does not come.
 */
export async function readJson(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '') || encoding !== 'identity') {
    const message = 'the body must be application/json in UTF-8, not compressed';
    throw new StreamError('invalid', 'UNSUPPORTED_MEDIA_TYPE', message);
  }
  const bytes = await readBytes(request, bytesMax);
  let text: string;
  let json: unknown;
  try {
    text = UTF_8.decode(bytes);
    json = JSON.parse(text);
  } catch {
    throw new StreamError('invalid', 'INVALID_JSON', 'the body is not JSON in UTF-8');
  }
  guardJson(text);
  return json;
}

async function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > bytesMax) throw tooLarge(bytesMax, String(announced));
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // To destroy the request would take the answer with it.
    const parts: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
    for await (const chunk of parts) {
      length += chunk.length;
      if (length > bytesMax) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    const message = 'the body did not come to its end';
    throw new StreamError('unavailable', 'REQUEST_TIMEOUT', message, { cause });
  }
  if (length > bytesMax) throw tooLarge(bytesMax, `more than ${bytesMax}`);
  return Buffer.concat(chunks, length);
}

function tooLarge(limit: number, actual: string): StreamError {
  const message = `the body may have ${limit} bytes, got ${actual}`;
  return new StreamError('invalid', 'BODY_TOO_LARGE', message, {
    details: { limit: String(limit), actual },
  });
}
