import type { CliContext } from '../context.ts';
import { type Column, renderTable } from './table.ts';
import { type PlainValue, renderYaml } from './yaml.ts';

export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Prints rows for people, or the values behind them for programs. */
export async function printRows<Row extends object>(
  context: CliContext,
  format: OutputFormat,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Promise<void> {
  await context.stdout.writeText(
    format === 'table' ? renderTable(columns, rows) : renderValue(format, rows),
  );
}

/** A value of objects, arrays and scalars as JSON or YAML, ending with a line feed; undefined is null in both. */
export function renderValue(format: 'json' | 'yaml', value: object): string {
  // Through JSON, so that both formats have the same facts.
  const json = JSON.stringify(value, (_, each) => (each === undefined ? null : each), 2);
  return format === 'json' ? `${json}\n` : renderYaml(JSON.parse(json) as PlainValue);
}

/** `7d`, `90s`, `forever`: as the options take it. */
export function formatRetention(retentionMs: number): string {
  if (retentionMs < 0) return 'forever';
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const;
  const unit = units.find(([, ms]) => retentionMs > 0 && retentionMs % ms === 0);
  return unit === undefined ? `${retentionMs}ms` : `${retentionMs / unit[1]}${unit[0]}`;
}

/** `unlimited`, or bytes in the largest unit that leaves at least one. */
export function formatBytes(bytes: number): string {
  if (bytes < 0) return 'unlimited';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1_024 ** step;
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${units[step]}`;
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `0`, `0.4`, `12.5`, `1,234`: tenths as long as they tell anything. */
export function formatSeconds(seconds: number): string {
  return seconds >= 100 ? formatCount(seconds) : String(Math.round(seconds * 10) / 10);
}

/** ISO 8601 in UTC; a time that no calendar has is given in milliseconds. */
export function formatTime(timestampMs: number): string {
  const date = new Date(timestampMs);
  return Number.isNaN(date.getTime()) ? `${timestampMs}ms` : date.toISOString();
}
