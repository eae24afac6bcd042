/** A file as records: one per line. */
import type { RecordIn } from '@streamhouse/api/rest/records.ts';

/** Of one request: below what the server takes of records and of bytes. */
const BATCH_RECORDS_MAX = 1_000;
const BATCH_CHARS_MAX = 2_000_000;
/** A file is read into memory at once. */
export const FILE_BYTES_MAX = 64 * 1_024 * 1_024;

/**
 * `lines`: the line is the value. `json`: each line is `{"key": …, "value": …, "partition": …}`, of which only the value is
 * needed; one that is no text is written as JSON.
 */
export type BulkFormat = 'lines' | 'json';

/** @throws Error that names the line which is not understood. */
export function recordsOf(text: string, format: BulkFormat): RecordIn[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, index) => (format === 'lines' ? { value: line } : parsed(line, index)));
}

function parsed(line: string, index: number): RecordIn {
  const fail = (why: string): never => {
    throw new Error(`Line ${index + 1} ${why}`);
  };
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return fail('is no JSON');
  }
  if (typeof entry !== 'object' || entry === null || !('value' in entry))
    return fail('has no "value"');
  const { value, key, partition } = entry as Readonly<Record<string, unknown>>;
  if (key !== undefined && key !== null && typeof key !== 'string')
    return fail('has a "key" that is no text');
  if (partition !== undefined && !Number.isSafeInteger(partition))
    return fail('has a "partition" that is no whole number');
  return {
    value: typeof value === 'string' || value === null ? value : JSON.stringify(value),
    ...(key === undefined ? {} : { key }),
    ...(partition === undefined ? {} : { partition: partition as number }),
  };
}

/** In their order, each small enough for one request. */
export function batchesOf(records: readonly RecordIn[]): RecordIn[][] {
  const batches: RecordIn[][] = [];
  let chars = 0;
  for (const record of records) {
    const size = (record.value?.length ?? 0) + (record.key?.length ?? 0);
    const batch = batches.at(-1);
    if (
      batch === undefined ||
      batch.length >= BATCH_RECORDS_MAX ||
      chars + size > BATCH_CHARS_MAX
    ) {
      batches.push([record]);
      chars = size;
    } else {
      batch.push(record);
      chars += size;
    }
  }
  return batches;
}
