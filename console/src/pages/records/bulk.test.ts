import { expect, test } from 'vitest';
import { batchesOf, recordsOf } from './bulk.ts';

test('each line of a file is a record, and the end of the last one begins no other', () => {
  expect(recordsOf('a\r\n\nb\n', 'lines')).toEqual([{ value: 'a' }, { value: '' }, { value: 'b' }]);
});

test('a line of JSON has a value, and may have a key and a partition', () => {
  const text = '{"key":"k","value":{"a":1},"partition":2}\n{"value":null}\n{"value":"plain"}';
  expect(recordsOf(text, 'json')).toEqual([
    { key: 'k', value: '{"a":1}', partition: 2 },
    { value: null },
    { value: 'plain' },
  ]);
});

test('a line that is not understood is named', () => {
  expect(() => recordsOf('{"value":1}\nnothing', 'json')).toThrow('Line 2 is no JSON');
  expect(() => recordsOf('{"key":"k"}', 'json')).toThrow('Line 1 has no "value"');
  expect(() => recordsOf('{"value":1,"key":2}', 'json')).toThrow('"key" that is no text');
});

test('a request has at most a thousand records and two million characters, in their order', () => {
  const many = Array.from({ length: 2_500 }, (_, index) => ({ value: String(index) }));
  const batches = batchesOf(many);
  expect(batches.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
  expect(batches.flat()).toEqual(many);
  const large = { value: 'x'.repeat(900_000) };
  expect(batchesOf([large, large, large]).map(({ length }) => length)).toEqual([2, 1]);
  expect(batchesOf([])).toEqual([]);
});
