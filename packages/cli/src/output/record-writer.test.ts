import type { ConsumerRecord } from '@streamhouse/client/mod.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonOf, type RecordShape, renderRecord } from './record-writer.ts';

const PLAIN: RecordShape = {
  output: undefined,
  isJson: false,
  keySeparator: undefined,
  isTerminal: false,
};

function record(value: string | Uint8Array | null, key: string | null = null): ConsumerRecord {
  return {
    topic: 'orders',
    partition: 1,
    offset: 42,
    timestampMs: 0,
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: [{ name: 'h', value: Buffer.from('1') }],
  };
}

function print(each: ConsumerRecord, shape: Partial<RecordShape> = {}): string {
  return Buffer.concat(renderRecord(each, { ...PLAIN, ...shape })).toString();
}

describe('renderRecord', () => {
  it('prints the bytes of a value as they are when no terminal reads them', () => {
    const bytes = Buffer.from([0xff, 0x1b, 0x00]);
    expect(Buffer.concat(renderRecord(record(bytes), PLAIN))).toEqual(
      Buffer.from([0xff, 0x1b, 0x00, 0x0a]),
    );
  });

  it('escapes them on a terminal, in every shape', () => {
    const evil = record('"\u001b[2J\u009b\u0007"', 'k\u001b');
    for (const output of [undefined, 'table', 'json', 'yaml'] as const) {
      for (const isJson of [false, true]) {
        const text = print(evil, { output, isJson, isTerminal: true, keySeparator: ':' });
        // biome-ignore lint: the class under test
        expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      }
    }
  });

  it('prints key and separator before the value, and neither when there is no key', () => {
    expect(print(record('v', 'k'), { keySeparator: '=' })).toBe('k=v\n');
    expect(print(record('v'), { keySeparator: '=' })).toBe('v\n');
  });

  it('prints everything about a record as one line of JSON', () => {
    expect(print(record('7', 'k'), { output: 'json' })).toBe(
      '{"topic":"orders","partition":1,"offset":42,"timestamp":"1970-01-01T00:00:00.000Z","key":"k","value":"7","headers":[{"name":"h","value":"1"}]}\n',
    );
  });

  it('embeds JSON values with their text kept', () => {
    const line = print(record('{"id": 12345678901234567890}'), { output: 'json', isJson: true });
    expect(line).toContain('"value":{"id": 12345678901234567890},');
    expect(JSON.parse(line)).toMatchObject({ offset: 42, headers: [{ name: 'h' }] });
  });

  it('prints an item of a YAML list', () => {
    expect(print(record(null), { output: 'yaml' })).toContain('\n  value: null\n');
  });
});

describe('jsonOf', () => {
  it('prints any JSON text on one line that reads the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const line = jsonOf(Buffer.from(text));
        expect(line).not.toMatch(/[\r\n]/);
        expect(JSON.parse(line)).toEqual(JSON.parse(text));
        if (indent === undefined) expect(line).toBe(text);
      }),
    );
  });

  it.each([
    ['not json', '"not json"'],
    ['', '""'],
    [Buffer.from([0xff]), '{"base64":"/w=="}'],
    [null, 'null'],
  ])('prints %j, which is no JSON, as %s', (value, json) => {
    expect(jsonOf(value === null ? null : Buffer.from(value))).toBe(json);
  });
});
