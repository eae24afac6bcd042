import { StreamError } from '@streamhouse/core/errors.ts';
import type { HeaderInput as EncodableHeader } from '@streamhouse/core/record/batch-builder.ts';
import type { HeaderInput, Payload, RecordInput } from '../public/record.ts';

const NONE: readonly EncodableHeader[] = [];

/** @throws StreamError `invalid` RECORD_HEADERS when a name is not a text or a value neither text nor bytes. */
export function recordHeaders(headers: RecordInput['headers']): readonly EncodableHeader[] {
  if (headers === undefined) return NONE;
  if (Array.isArray(headers)) {
    return (headers as readonly HeaderInput[]).map(({ name, value }) => header(name, value));
  }
  return Object.entries(headers as Readonly<Record<string, Payload | null>>).map(([name, value]) =>
    header(name, value),
  );
}

function header(name: string, value: Payload | null | undefined): EncodableHeader {
  if (typeof name !== 'string') throw invalid('a header needs a name');
  if (value === null || value === undefined) return { name, value: null };
  if (typeof value === 'string' || value instanceof Uint8Array) return { name, value };
  throw invalid(`the header "${name}" must be a text, bytes or null`);
}

function invalid(message: string): StreamError {
  return new StreamError('invalid', 'RECORD_HEADERS', message);
}
