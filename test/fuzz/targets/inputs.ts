/** What people pipe into `streamhouse produce`. */
import assert from 'node:assert/strict';
import { RecordSource, type RecordFormat } from '@streamhouse/cli/input/record-source.ts';
import { InputError } from '@streamhouse/cli/input/splitter.ts';
import type { RecordInput } from '@streamhouse/client/mod.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { type Decoder, decoded } from '../decoder.ts';
import type { Seed } from '../target.ts';

/** The first byte of an input says in chunks of how many bytes it comes. */
const CHUNK_BYTES = [1, 2, 3, 7, 64, 4_096] as const;
const JSON_FORMATS: readonly RecordFormat[] = [
  { shape: 'json', headers: [] },
  { shape: 'json-lines', headers: [] },
  { shape: 'json', headers: [], keyField: 'k', headersField: 'h' },
];
const LINE_FORMATS: readonly RecordFormat[] = [
  { shape: 'lines', headers: [] },
  { shape: 'lines', headers: [], keySeparator: '=' },
  { shape: 'lines', headers: [], keySeparator: '\t:' },
];
const JSON_TEXTS = [
  '[{"k":"a","h":{"x":"1","y":null}},{"k":2},null,"text",[1,[2]],1e3]\n',
  '{"k":"a"}\n{"k":{"b":[1,2]},"h":{"n":1}}\n\n{"k":null}',
  '\ufeff [ ] ',
  '[ "a\\"]", "\\u0000", "\\\\" , {"__proto__":{"k":1},"k":9007199254740993} ]',
  `${'['.repeat(200)}1${']'.repeat(200)}`,
];
const LINE_TEXTS = ['a=1\nb=2\r\n\n', 'key\t:value\nkey=\n=\n', '\0\u001b[2J=x', 'no end of line'];

function seedsOf(texts: readonly string[]): readonly Seed[] {
  return texts.map((text, index) => ({
    name: `text-${index}`,
    bytes: Buffer.concat([Buffer.from([index]), Buffer.from(text)]),
  }));
}

interface Reading {
  readonly records: readonly RecordInput[];
  /** Why it ended before the input did. */
  readonly fault: string | undefined;
}

function readAll(format: RecordFormat, bytes: Uint8Array, chunkBytes: number): Reading {
  const source = new RecordSource(format);
  const records: RecordInput[] = [];
  let fault: string | undefined;
  const take = (parts: () => Iterable<RecordInput>): boolean =>
    decoded(
      () => {
        for (const record of parts()) records.push(record);
        return true;
      },
      (error) => {
        fault = error instanceof InputError ? error.message : undefined;
        return error instanceof InputError;
      },
    ) ?? false;
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    // As it comes from a pipe: chunks do not share their memory.
    const chunk = bytes.slice(start, start + chunkBytes);
    if (!take(() => source.push(chunk))) return { records, fault };
  }
  take(() => source.end());
  return { records, fault };
}

function check(formats: readonly RecordFormat[], input: Uint8Array): void {
  const bytes = input.subarray(1);
  const chunkBytes = CHUNK_BYTES[(input[0] ?? 0) % CHUNK_BYTES.length] ?? 1;
  for (const format of formats) {
    const whole = readAll(format, bytes, Math.max(1, bytes.length));
    for (const { value } of whole.records) {
      assert((value as Uint8Array).length <= LIMITS.recordBytesMax);
    }
    assert.deepEqual(readAll(format, bytes, chunkBytes), whole);
    if (format.shape === 'json' && format.keyField === undefined) checkArray(bytes, whole);
  }
}

/** Of a text that is an array, the elements are what `JSON.parse` finds. */
function checkArray(bytes: Uint8Array, { records, fault }: Reading): void {
  const text = Buffer.from(bytes).toString();
  if (!/^\ufeff?[ \t\r\n]*\[/.test(text) || !Buffer.from(text).equals(bytes)) return;
  const array = decoded(
    () => JSON.parse(text.replace(/^\ufeff/, '')) as readonly unknown[],
    (error) => error instanceof SyntaxError,
  );
  assert.equal(fault === undefined, array !== undefined, fault);
  if (array === undefined) return;
  const values = records.map(({ value }) =>
    JSON.parse(Buffer.from(value as Uint8Array).toString()),
  );
  assert.deepEqual(values, array);
}

export const INPUT_DECODERS: readonly Decoder[] = [
  {
    name: 'json-input',
    seeds: () => seedsOf(JSON_TEXTS),
    check: (input) => check(JSON_FORMATS, input),
  },
  {
    name: 'line-input',
    seeds: () => seedsOf(LINE_TEXTS),
    check: (input) => check(LINE_FORMATS, input),
  },
];
