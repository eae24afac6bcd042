import { describe, expect, test } from 'vitest';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { FilterFault, recordMatcher, type SearchRecord } from './record-matcher.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const ORDER: SearchRecord = {
  ...{ partition: 3, offset: 41, timestampMs: Date.UTC(2026, 0, 2, 15) },
  key: bytes('Customer-7'),
  value: bytes('{"order":7,"price":9.5,"lines":[{"sku":"A1"},{"sku":"B2"}],"note":null}'),
  headers: [
    { name: 'trace', value: bytes('first') },
    { name: 'trace', value: bytes('t-7') },
    { name: 'Empty', value: null },
  ],
};

const filtered = (filter: string, record = ORDER) =>
  recordMatcher({ text: undefined, filter })(record);
const hasText = (text: string, record = ORDER) =>
  recordMatcher({ text, filter: undefined })(record);

function faultOf(filter: string): string {
  try {
    recordMatcher({ text: undefined, filter });
  } catch (error) {
    if (error instanceof FilterFault) return error.message;
    throw error;
  }
  return 'none';
}

describe('a text', () => {
  test.each([
    ['customer-7', 'of the key'],
    ['"PRICE":9', 'of the value'],
    ['TRACE', 'of the name of a header'],
    ['First', 'of the value of a header'],
  ])('%s is found: %s, in any case', (text) => {
    expect(hasText(text)).toBe('found');
  });

  test('that nothing has is not found, nor in what has neither key nor value', () => {
    expect(hasText('customer-8')).toBe('passed');
    expect(hasText('null', { ...ORDER, key: null, value: null, headers: [] })).toBe('passed');
  });

  test('is found between bytes that are not UTF-8', () => {
    const value = Buffer.concat([Buffer.of(0xff, 0x00), bytes('Größe 7'), Buffer.of(0xc3)]);
    expect(hasText('größe 7', { ...ORDER, value })).toBe('found');
  });
});

describe('an expression', () => {
  test.each([
    'json.order == 7 && json.price > 9',
    'json.lines.exists(line, line.sku == "B2")',
    'json.note == null && !has(json.discount)',
    'int(json.order) % 2 == 1',
    'key.startsWith("Customer") && value.contains("order")',
    'headers.trace == "t-7" && "Empty" in headers && headers.Empty == null',
    'partition == 3 && offset > 40',
    'timestamp >= timestamp("2026-01-02T15:00:00Z") && timestamp.getHours() == 15',
    'json.discount > 1 || json.order == 7',
    'value.contains("b\'") || !value.contains("bytes(")',
  ])('%s is true', (filter) => {
    expect(filtered(filter)).toBe('found');
  });

  test.each(['json.order == 8', 'key == null', 'has(headers.none)'])('%s is false', (filter) => {
    expect(filtered(filter)).toBe('passed');
  });

  test('that a record has nothing for fails on it, and says why', () => {
    expect(filtered('json.discount > 1')).toEqual({
      failure: 'No such key: discount (at character 6)',
    });
    expect(filtered('json.price')).toEqual({ failure: 'it is neither true nor false' });
  });

  test('sees null where a value is no JSON, or there is none', () => {
    for (const value of [bytes('{"order":'), null])
      expect(filtered('json == null', { ...ORDER, value })).toBe('found');
  });

  test('sees nothing of the machine that it runs on', () => {
    const value = bytes('{"__proto__":{"admin":true}}');
    expect(filtered('has(json.constructor) || has(json.toString)', { ...ORDER, value })).toBe(
      'passed',
    );
    expect(faultOf('process.exit()')).toContain('Unknown variable: process');
  });

  test.each([
    ['json.order ==', 'Unexpected token: EOF (at character 14)'],
    ['price > 1', 'Unknown variable: price (at character 1)'],
    ['offset == "7"', 'no such overload: int == string (at character 1)'],
    ['offset + 1', 'has to be true or false, but is of the type int'],
    ['bytes(value).size() > 1', 'takes neither bytes nor time zones'],
    ['[[key == b"x"]] == [[true]]', 'takes neither bytes nor time zones'],
    ['{1: timestamp.getHours("UTC")} == {1: 7}', 'takes neither bytes nor time zones'],
  ])('%s is refused: %s', (filter, why) => {
    expect(faultOf(filter)).toBe(why);
  });

  test('has bounds', () => {
    const nodes = Array.from({ length: LIMITS.apiSearchNodesMax }, () => 'true').join('&&');
    expect(faultOf(nodes)).toContain('maxAstNodes');
    const deep = `${'('.repeat(LIMITS.apiSearchDepthMax)}true${')'.repeat(LIMITS.apiSearchDepthMax)}`;
    expect(faultOf(deep)).toContain('maxDepth');
  });
});

test('with a text and an expression both have to hold, and the expression is not asked without the text', () => {
  const both = (text: string, filter: string) => recordMatcher({ text, filter })(ORDER);
  expect(both('a1', 'json.order == 7')).toBe('found');
  expect(both('a1', 'json.order == 8')).toBe('passed');
  expect(both('none', 'json.discount > 1')).toBe('passed');
});
