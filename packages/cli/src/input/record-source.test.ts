import type { RecordInput } from '@streamhouse/client/mod.ts';
import { describe, expect, it } from 'vitest';
import { type RecordFormat, RecordSource } from './record-source.ts';

const LINES: RecordFormat = { shape: 'lines', headers: [] };
const JSON_TEXT: RecordFormat = { shape: 'json', headers: [] };

function read(format: RecordFormat, input: string | Uint8Array): RecordInput[] {
  const source = new RecordSource(format);
  return [...source.push(Buffer.from(input)), ...source.end()];
}

function texts(records: readonly RecordInput[]): unknown[] {
  const text = (part: RecordInput['key']): unknown =>
    part instanceof Uint8Array ? Buffer.from(part).toString() : part;
  return records.map(({ key, value }) => [text(key), text(value)]);
}

describe('RecordSource of lines', () => {
  it('keeps bytes that are not UTF-8, and a carriage return', () => {
    const [record] = read(LINES, Buffer.from([0xff, 0x00, 0xc3, 0x0d, 0x0a]));
    expect(Buffer.from(record?.value as Uint8Array)).toEqual(Buffer.from([0xff, 0x00, 0xc3, 0x0d]));
  });

  it('cuts the key at the first separator', () => {
    const format = { ...LINES, keySeparator: '::' };
    expect(texts(read(format, 'a::b::c\n::\n'))).toEqual([
      ['a', 'b::c'],
      ['', ''],
    ]);
  });

  it('refuses a line without separator instead of sending it without a key', () => {
    expect(() => read({ ...LINES, keySeparator: ':' }, 'a:1\nb\n')).toThrow(
      'line 2 has no key separator ":"',
    );
  });

  it('gives every record the headers and the partition of the command line', () => {
    const headers = [{ name: 'source', value: 'web' }];
    expect(read({ ...LINES, headers, partition: 3 }, 'a\n')).toMatchObject([
      { headers, partition: 3 },
    ]);
  });
});

describe('RecordSource of JSON', () => {
  it('sends the text as it stands, with numbers that JavaScript would change', () => {
    const text = '{"time":0.0,"id":12345678901234567890}';
    expect(texts(read(JSON_TEXT, `[${text}]`))).toEqual([[undefined, text]]);
  });

  it('takes texts, numbers and nested values of the key field as keys, and null as no key', () => {
    const input = '{"k":"a"}\n{"k":7}\n{"k":[1]}\n{"k":null}\n';
    const keys = read({ ...JSON_TEXT, keyField: 'k' }, input).map(({ key }) => key);
    expect(keys).toEqual(['a', '7', '[1]', null]);
  });

  it.each([
    ['{"a":1}\n{"b":2}', 'line 2 has no field "a"'],
    ['{}', 'line 1 has no field "a"'],
    ['[{"a":1},7]', 'element 2 (line 1) is not a JSON object'],
    ['{"a":1}\n\n{"a":', 'line 3 is no JSON'],
    ['[{"a":1},]', 'element 2 (line 1) is no JSON'],
    ['{"a":12345678901234567890}', 'line 1 has a number beyond 2^53'],
  ])('names the place of the fault in %j', (input, message) => {
    expect(() => read({ ...JSON_TEXT, keyField: 'a' }, input)).toThrow(message);
  });

  it('does not find fields that every object inherits', () => {
    for (const keyField of ['__proto__', 'constructor', 'toString']) {
      expect(() => read({ ...JSON_TEXT, keyField }, '{}')).toThrow('has no field');
    }
  });

  it('refuses bytes that are not UTF-8', () => {
    const input = Buffer.concat([Buffer.from('"a"\n"'), Buffer.from([0xff]), Buffer.from('"\n')]);
    expect(() => read(JSON_TEXT, input)).toThrow('line 2 is not UTF-8');
  });

  it('takes headers from a field, behind those of the command line', () => {
    const format = { ...JSON_TEXT, headersField: 'meta', headers: [{ name: 'a', value: '1' }] };
    const [record, other] = read(format, '{"meta":{"b":"2","c":3,"d":null}}\n{}\n');
    expect(record?.headers).toEqual([
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
      { name: 'c', value: '3' },
      { name: 'd', value: null },
    ]);
    expect(other?.headers).toEqual([{ name: 'a', value: '1' }]);
    expect(() => read(format, '{"meta":[]}')).toThrow('no JSON object in its field "meta"');
  });

  it('reads 200,000 records on one line as JSON.parse does', () => {
    const flights = Array.from({ length: 200_000 }, (_, index) => ({
      delay: (index % 97) - 20,
      note: `"[${index}],`,
    }));
    const bytes = Buffer.from(JSON.stringify(flights));
    const source = new RecordSource({ ...JSON_TEXT, keyField: 'delay' });
    const values: unknown[] = [];
    for (let at = 0; at < bytes.length; at += 65_536) {
      for (const { value } of source.push(bytes.subarray(at, at + 65_536))) {
        values.push(JSON.parse(Buffer.from(value as Uint8Array).toString()));
      }
    }
    expect([...source.end()]).toEqual([]);
    expect(values).toEqual(flights);
  });
});
