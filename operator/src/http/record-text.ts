/** Bytes of records as JSON has them: UTF-8 as text, anything else as base64. Every value comes back as it was. */
import type { Encoding } from '@streamhouse/api/rest/records.ts';
import { InvalidRequest } from './problem.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BASE_64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export interface EncodedText {
  readonly text: string | null;
  readonly encoding: Encoding;
}

export function encodedText(bytes: Uint8Array | null): EncodedText {
  if (bytes === null) return { text: null, encoding: 'utf8' };
  try {
    return { text: UTF_8.decode(bytes), encoding: 'utf8' };
  } catch {
    return { text: Buffer.from(bytes).toString('base64'), encoding: 'base64' };
  }
}

/** @throws InvalidRequest naming `path`. */
export function decodedBytes(
  text: string | null,
  encoding: Encoding,
  path: string,
): Uint8Array | null {
  if (text === null) return null;
  if (encoding === 'utf8' && text.isWellFormed()) return Buffer.from(text, 'utf8');
  if (encoding === 'base64' && BASE_64.test(text)) return Buffer.from(text, 'base64');
  const message = encoding === 'utf8' ? 'must be valid Unicode' : 'must be base64 with padding';
  throw new InvalidRequest([{ path, message }]);
}
