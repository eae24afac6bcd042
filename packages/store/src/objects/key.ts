/**
 * The form of keys that every store takes: `segment/segment/…`, each segment of letters, digits, `.`, `_`, `=` and
 * `-`, none starting with a dot. Such a key is the same text in a URL, in a signature and in a file's path, and its
 * byte order is the order of JavaScript's strings.
 */
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { ByteRange } from './port.ts';

const SEGMENT = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/;

/** @throws StreamError `invalid` OBJECT_KEY naming the rule that the key breaks. */
export function checkKey(key: string): void {
  const fault = keyFault(key);
  if (fault !== undefined) throw invalidKey('key', key, fault);
}

/** A prefix is empty or the beginning of a key. @throws StreamError `invalid` OBJECT_KEY. */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return;
  const whole = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  const fault = keyFault(whole);
  if (fault !== undefined) throw invalidKey('prefix', prefix, fault);
}

/** @throws StreamError `invalid` OBJECT_RANGE or OBJECT_TOO_LARGE: a read is held in memory whole. */
export function checkRange(range: ByteRange): void {
  const { position, length } = range;
  const isRange =
    Number.isSafeInteger(position) && Number.isSafeInteger(length) && position >= 0 && length >= 0;
  if (!isRange || !Number.isSafeInteger(position + length)) {
    throw new StreamError(
      'invalid',
      'OBJECT_RANGE',
      `No range of bytes: position ${position}, length ${length}.`,
    );
  }
  checkBytes(length);
}

/** @throws StreamError `invalid` OBJECT_TOO_LARGE. */
export function checkBytes(bytes: number): void {
  if (bytes <= LIMITS.objectBytesMax) return;
  const message = `An object has at most ${LIMITS.objectBytesMax} bytes, not ${bytes}.`;
  throw new StreamError('invalid', 'OBJECT_TOO_LARGE', message);
}

function keyFault(key: string): string | undefined {
  if (key.length > LIMITS.objectKeyCharsMax)
    return `is longer than ${LIMITS.objectKeyCharsMax} characters`;
  for (const segment of key.split('/')) {
    if (segment === '') return 'has an empty segment';
    if (segment.length > LIMITS.objectKeySegmentCharsMax) {
      return `has a segment longer than ${LIMITS.objectKeySegmentCharsMax} characters`;
    }
    if (!SEGMENT.test(segment))
      return 'has a segment that is not letters, digits, ".", "_", "=", "-" or starts with "."';
  }
  return undefined;
}

function invalidKey(what: string, text: string, fault: string): StreamError {
  const shown = JSON.stringify(text.slice(0, LIMITS.objectKeyCharsMax));
  return new StreamError('invalid', 'OBJECT_KEY', `The ${what} ${shown} ${fault}.`);
}
