import { expect, test } from 'vitest';
import { bytes, compact, duration, instant, latency, plural, rate, whole } from './format.ts';

test('what is not known is a dash and never 0', () => {
  for (const format of [compact, whole, bytes, rate, latency, duration])
    expect([format(null), format(undefined)]).toEqual(['—', '—']);
  expect(instant(null, 'utc')).toBe('—');
});

test('numbers have three digits at rest and all of them on demand', () => {
  const written = [0, 7, 999, 1_000, 1_234, 45_600, 999_950, 1_234_567].map(compact);
  expect(written).toEqual(['0', '7', '999', '1 k', '1.23 k', '45.6 k', '1.00 M', '1.23 M']);
  expect(whole(1_234_567)).toBe('1,234,567');
  expect(rate(0.25)).toBe('0.25/s');
});

test('sizes are in powers of 1024', () => {
  expect([0, 512, 1_024, 1_536, 5 * 1_024 ** 3].map(bytes)).toEqual([
    '0 B',
    '512 B',
    '1 KiB',
    '1.50 KiB',
    '5 GiB',
  ]);
});

test('a latency is in milliseconds, and a fast one is not 0', () => {
  expect([0.0000042, 0.0123, 0.25, 2].map(latency)).toEqual([
    '0.004 ms',
    '12.3 ms',
    '250 ms',
    '2000 ms',
  ]);
});

test('a duration has its two largest units', () => {
  expect([0, 12_400, 61_000, 3_600_000, 90_061_000].map(duration)).toEqual([
    '0 s',
    '12 s',
    '1 min 1 s',
    '1 h',
    '1 d 1 h',
  ]);
});

test('an instant says its zone', () => {
  expect(instant(0, 'utc')).toBe('1970-01-01 00:00:00.000 UTC');
});

test('one is not many', () => {
  expect([plural(1, 'topic'), plural(2_000, 'topic')]).toEqual(['1 topic', '2,000 topics']);
});
