/** The keys of a topic's configuration: text in the contract and in Postgres, checked where it comes in. */
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { Topic } from '@streamhouse/store/metadata/topics.ts';

/** Bytes of key, value and headers of one record, 1..`LIMITS.recordBytesMax`. */
const MAX_RECORD_BYTES = 'maxRecordBytes';

/** @throws StreamError `invalid` naming the key that is unknown or whose value is out of bounds. */
export function checkTopicConfig(config: Readonly<Record<string, string>>): void {
  for (const [key, text] of Object.entries(config)) {
    if (key !== MAX_RECORD_BYTES) throw invalidKey(key, 'is not a known key');
    const bytes = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (bytes < 1 || bytes > LIMITS.recordBytesMax) {
      throw invalidKey(key, `must be an integer in 1..${LIMITS.recordBytesMax}`);
    }
  }
}

export function recordBytesMaxOf(topic: Topic | undefined): number {
  const text = topic?.config[MAX_RECORD_BYTES];
  return text === undefined ? LIMITS.recordBytesMax : Number(text);
}

function invalidKey(key: string, message: string): StreamError {
  const field = `config.config["${key.slice(0, 64)}"]`;
  return new StreamError('invalid', 'INVALID_FIELD', `${field} ${message}`, { details: { field } });
}
