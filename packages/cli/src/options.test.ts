import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  collectPair,
  parseBytes,
  parseCount,
  parseFrom,
  parsePartition,
  parseRetention,
  parseSeparator,
  parseTarget,
} from './options.ts';

describe('parsePartition', () => {
  it.each(['-1', '1e3', 'NaN', '', ' 1', '1.0', '0x1', '10000', '2147483648', '٣'])(
    'B-05 refuses %j with the valid range',
    (text) => {
      expect(() => parsePartition(text)).toThrow('0..9999');
      expect(() => parsePartition(text)).toThrow(InvalidArgumentError);
    },
  );

  it('takes the first and the last', () => {
    expect(parsePartition('0')).toBe(0);
    expect(parsePartition('9999')).toBe(9_999);
  });
});

describe('parseCount', () => {
  it('refuses none and what a number does not hold exactly', () => {
    expect(() => parseCount('0')).toThrow('1..');
    expect(() => parseCount('9007199254740992')).toThrow('1..9007199254740991');
  });
});

describe('parseFrom', () => {
  it.each([
    ['earliest', { at: 'earliest' }],
    ['latest', { at: 'latest' }],
    ['0', { at: 'offset', offset: 0 }],
    ['2026-01-31', { at: 'time', timestampMs: Date.UTC(2026, 0, 31) }],
    ['2026-01-31T12:00:00.5Z', { at: 'time', timestampMs: Date.UTC(2026, 0, 31, 12, 0, 0, 500) }],
    ['2026-01-31T12:00+02:00', { at: 'time', timestampMs: Date.UTC(2026, 0, 31, 10) }],
  ])('reads %s', (text, from) => {
    expect(parseFrom(text)).toEqual(from);
  });

  it.each(['', '-1', '1e3', 'Earliest', 'yesterday', '2026-13-01', '2026-1-1', '31.01.2026'])(
    'refuses %j',
    (text) => {
      expect(() => parseFrom(text)).toThrow('"earliest", "latest", an offset, or a time');
    },
  );

  it('refuses an offset that would be rounded', () => {
    expect(() => parseFrom('9223372036854775808')).toThrow('0..9007199254740991');
  });
});

describe('parseTarget', () => {
  it.each([
    ['earliest', 'earliest'],
    ['latest', 'latest'],
    ['7', { offset: 7 }],
    ['+7', { shift: 7 }],
    ['-7', { shift: -7 }],
    ['2026-01-31', { timestampMs: Date.UTC(2026, 0, 31) }],
  ])('reads %s', (text, target) => {
    expect(parseTarget(text)).toEqual(target);
  });

  it.each(['+', '-1e3', '--1', '+0', '-9007199254740992', 'yesterday'])('refuses %j', (text) => {
    expect(() => parseTarget(text)).toThrow(InvalidArgumentError);
  });
});

describe('parseRetention and parseBytes', () => {
  it('read units', () => {
    expect(parseRetention('7d')).toBe(604_800_000);
    expect(parseRetention('500ms')).toBe(500);
    expect(parseRetention('forever')).toBe(-1);
    expect(parseBytes('10GiB')).toBe(10_737_418_240);
    expect(parseBytes('4096')).toBe(4_096);
    expect(parseBytes('unlimited')).toBe(-1);
  });

  it.each(['-1d', '7', '7 d', '1.5h', '0d', 'd', '7D', '9007199254740991d', '1constructor'])(
    'refuses the retention %j',
    (text) => {
      expect(() => parseRetention(text)).toThrow('"forever" or a time');
    },
  );

  it.each(['10GB', '-1', '0', '1e9', 'GiB'])('refuses the size %j', (text) => {
    expect(() => parseBytes(text)).toThrow('"unlimited" or a size');
  });
});

describe('collectPair', () => {
  it('adds to what was given before, names again included', () => {
    expect(collectPair('a=2=3', [['a', '1']])).toEqual([
      ['a', '1'],
      ['a', '2=3'],
    ]);
    expect(collectPair('a=')).toEqual([['a', '']]);
  });

  it.each(['a', '=1', ''])('refuses %j', (text) => {
    expect(() => collectPair(text)).toThrow('name=value');
  });
});

describe('parseSeparator', () => {
  it('reads \\t as a tab and refuses nothing at all', () => {
    expect(parseSeparator('\\t')).toBe('\t');
    expect(() => parseSeparator('')).toThrow('at least one');
  });
});
