import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRetention } from '../options.ts';
import {
  formatBytes,
  formatCount,
  formatRetention,
  formatSeconds,
  formatTime,
  renderValue,
} from './format.ts';

describe('formatRetention', () => {
  it('prints what the option reads as the same time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (retentionMs) => {
        expect(parseRetention(formatRetention(retentionMs))).toBe(retentionMs);
      }),
    );
    expect(formatRetention(-1)).toBe('forever');
    expect(formatRetention(604_800_000)).toBe('7d');
  });
});

describe('formatSeconds', () => {
  it.each([
    [0, '0'],
    [0.04, '0'],
    [0.35, '0.4'],
    [12, '12'],
    [99.94, '99.9'],
    [1_234.5, '1,235'],
  ])('prints %d as %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});

describe('formatBytes', () => {
  it.each([
    [-1, 'unlimited'],
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1 KiB'],
    [1_572_864, '1.5 MiB'],
    [2 ** 53, '8192 TiB'],
  ])('prints %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatTime', () => {
  it('prints a time that no calendar has in milliseconds', () => {
    expect(formatTime(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(formatTime(9e15)).toBe('9000000000000000ms');
  });
});

describe('renderValue', () => {
  it('has the same facts in both formats, undefined as null', () => {
    expect(JSON.parse(renderValue('json', { holder: undefined }))).toEqual({ holder: null });
    expect(renderValue('yaml', { holder: undefined })).toBe('holder: null\n');
  });

  it('counts in groups of three', () => {
    expect(formatCount(1_234_567)).toBe('1,234,567');
  });
});
