import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, parseBytes, parseDuration } from './units.ts';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['0s', 0],
    ['60s', 60_000],
    ['90m', 5_400_000],
    ['168h', 604_800_000],
    ['999999999999ms', 999_999_999_999],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '1', '1d', '-1s', '1.5h', '1h30m', ' 1s', '1s\n', '1000000h', '١s', '1S'])(
    'refuses %j',
    (text) => {
      expect(() => parseDuration(text)).toThrow(
        expect.objectContaining({ kind: 'invalid', reason: 'DURATION' }),
      );
    },
  );

  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999_999 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });

  it.each([
    [0, '0ms'],
    [1500, '1500ms'],
    [86_400_000, '24h'],
    [90_000, '90s'],
    // A ninth digit before `s` would not be read back.
    [123_456_789_000, '123456789000ms'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('sizes', () => {
  it.each([
    ['65536', 65_536],
    ['1k', 1000],
    ['64Ki', 65_536],
    ['8Mi', 8_388_608],
    ['5G', 5_000_000_000],
    ['100Gi', 107_374_182_400],
    ['2T', 2_000_000_000_000],
  ])('reads %s', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(['', '0', '-1', '1.5Gi', '1KB', '1K', 'Gi', '1Pi', '1e6', '999999999Ti', '1Mi\n'])(
    'refuses %j',
    (text) => {
      expect(() => parseBytes(text)).toThrow(
        expect.objectContaining({ kind: 'invalid', reason: 'BYTES' }),
      );
    },
  );

  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999_999_999 }), (bytes) => {
        expect(parseBytes(formatBytes(bytes))).toBe(bytes);
      }),
    );
  });

  it.each([
    [1000, '1000'],
    [1024, '1Ki'],
    [107_374_182_400, '100Gi'],
    // Nor would a tenth before a unit of bytes.
    [521_889_589_379_072, '521889589379072'],
  ])('shows %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
