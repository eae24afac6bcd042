/** Durations and sizes as resources write them: one number, one unit. */
import { StreamError } from '@streamhouse/core/errors.ts';

const MS_OF_UNIT = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const BYTES_OF_UNIT = {
  Ti: 1024 ** 4,
  Gi: 1024 ** 3,
  Mi: 1024 ** 2,
  Ki: 1024,
  T: 1e12,
  G: 1e9,
  M: 1e6,
  k: 1e3,
  '': 1,
} as const;

/**
 * What CEL's `duration()` takes too, in RE2's and in JavaScript's syntax: one unit, and few enough digits that no
 * implementation overflows its 64-bit nanoseconds.
 */
export const DURATION_PATTERN = '^([0-9]{1,12}ms|[0-9]{1,8}[sm]|[0-9]{1,6}h)$';
/** A size in bytes as CEL's `quantity()` takes it: whole numbers, decimal or binary unit. */
export const BYTES_PATTERN = '^([1-9][0-9]{0,14}|[1-9][0-9]{0,8}(k|Ki|M|Mi|G|Gi|T|Ti))$';

const DURATION = new RegExp(DURATION_PATTERN);
const BYTES = new RegExp(BYTES_PATTERN);

/** `168h`, `60s`, `500ms` -> milliseconds. @throws StreamError `invalid` DURATION. */
export function parseDuration(text: string): number {
  if (!DURATION.test(text)) {
    throw new StreamError(
      'invalid',
      'DURATION',
      `must be a number with one unit of ms, s, m or h, such as 168h, got "${text.slice(0, 32)}"`,
    );
  }
  return amountOf(text, MS_OF_UNIT);
}

/** `100Gi`, `8Mi`, `1000k`, `65536` -> bytes. @throws StreamError `invalid` BYTES. */
export function parseBytes(text: string): number {
  const bytes = BYTES.test(text) ? amountOf(text, BYTES_OF_UNIT) : Number.NaN;
  if (!Number.isSafeInteger(bytes)) {
    throw new StreamError(
      'invalid',
      'BYTES',
      `must be a whole number of bytes with a unit such as Ki, Mi or Gi, got "${text.slice(0, 32)}"`,
    );
  }
  return bytes;
}

/** Milliseconds, an integer from 0, in the largest unit that shows them exactly and that `parseDuration` reads back. */
export function formatDuration(ms: number): string {
  return inLargestUnit(ms, MS_OF_UNIT, DURATION);
}

/** Bytes, an integer from 0, in the largest binary unit that shows them exactly and that `parseBytes` reads back. */
export function formatBytes(bytes: number): string {
  const { Ti, Gi, Mi, Ki } = BYTES_OF_UNIT;
  return inLargestUnit(bytes, { Ti, Gi, Mi, Ki, '': 1 }, BYTES);
}

function amountOf(text: string, units: Readonly<Record<string, number>>): number {
  const digits = /^\d+/.exec(text)?.[0] ?? '';
  return Number(digits) * (units[text.slice(digits.length)] ?? Number.NaN);
}

function inLargestUnit(
  amount: number,
  units: Readonly<Record<string, number>>,
  readable: RegExp,
): string {
  const exact = Object.entries(units).filter(([, size]) => amount >= size && amount % size === 0);
  const texts = exact.map(([unit, size]) => `${amount / size}${unit}`);
  return texts.find((text) => readable.test(text)) ?? `${amount}${Object.keys(units).at(-1)}`;
}
