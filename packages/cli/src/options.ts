/** Values of the command line, checked before anything is connected. */
import type { OffsetTarget } from '@streamhouse/client/mod.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { InvalidArgumentError } from 'commander';

const PARTITION_MAX = LIMITS.topicPartitionsMax - 1;

/** A partition by its number; whether the topic has it is known later. */
export function parsePartition(text: string): number {
  return parseInteger(text, 0, PARTITION_MAX);
}

export function parsePartitionCount(text: string): number {
  return parseInteger(text, 1, LIMITS.topicPartitionsMax);
}

export function parseCount(text: string): number {
  return parseInteger(text, 1, Number.MAX_SAFE_INTEGER);
}

/** Digits and nothing else: what JavaScript would round or guess ("1e3", " 7", "0x10") is refused. */
export function parseInteger(text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new InvalidArgumentError(`It must be a whole number in ${min}..${max}.`);
  }
  return value;
}

/** Where reading begins. */
export type ReadFrom =
  | { readonly at: 'earliest' }
  | { readonly at: 'latest' }
  | { readonly at: 'offset'; readonly offset: number }
  | { readonly at: 'time'; readonly timestampMs: number };

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

export function parseFrom(text: string): ReadFrom {
  if (text === 'earliest' || text === 'latest') return { at: text };
  if (/^\d+$/.test(text)) {
    return { at: 'offset', offset: parseInteger(text, 0, Number.MAX_SAFE_INTEGER) };
  }
  const timestampMs = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timestampMs)) {
    throw new InvalidArgumentError(
      'It must be "earliest", "latest", an offset, or a time such as 2026-01-31T12:00:00Z.',
    );
  }
  return { at: 'time', timestampMs };
}

/** Where a group is to go on: as `parseFrom`, or so many records later or earlier. */
export function parseTarget(text: string): OffsetTarget {
  if (/^[+-]\d+$/.test(text)) {
    const shift = parseInteger(text.slice(1), 1, Number.MAX_SAFE_INTEGER);
    return { shift: text.startsWith('-') ? -shift : shift };
  }
  const from = parseFrom(text);
  switch (from.at) {
    case 'earliest':
    case 'latest':
      return from.at;
    case 'offset':
      return { offset: from.offset };
    case 'time':
      return { timestampMs: from.timestampMs };
  }
}

const MS_BY_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of `500ms`, `90s`, `30m`, `12h` or `7d`; -1 for `forever`. */
export function parseRetention(text: string): number {
  return parseAmount(text, 'forever', MS_BY_UNIT, 'a time such as 90s, 30m, 12h or 7d');
}

const BYTES_BY_UNIT: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
  TiB: 1_099_511_627_776,
};

/** Bytes of `4096`, `64KiB`, `10GiB`; -1 for `unlimited`. */
export function parseBytes(text: string): number {
  return parseAmount(text, 'unlimited', BYTES_BY_UNIT, 'a size such as 4096, 64MiB or 10GiB');
}

function parseAmount(
  text: string,
  boundless: string,
  units: Readonly<Record<string, number>>,
  what: string,
): number {
  if (text === boundless) return -1;
  const [, digits = '', unit = ''] = /^(\d+)([A-Za-z]*)$/.exec(text) ?? [];
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  const value = digits === '' || factor === undefined ? Number.NaN : Number(digits) * factor;
  if (!Number.isSafeInteger(value) || value === 0) {
    throw new InvalidArgumentError(`It must be "${boundless}" or ${what}.`);
  }
  return value;
}

/** One `name=value` on top of those given before; the value may have further `=`. */
export function collectPair(
  text: string,
  before: readonly (readonly [string, string])[] = [],
): readonly (readonly [string, string])[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be name=value.');
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}

/** One text on top of those given before. */
export function collectText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** One partition on top of those given before. */
export function collectPartition(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, parsePartition(text)];
}

/** A separator, where `\t` stands for a tab, as a shell can hardly type one. */
export function parseSeparator(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must have at least one character.');
  return text.replaceAll('\\t', '\t');
}
