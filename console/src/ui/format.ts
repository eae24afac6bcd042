/** How numbers, sizes, times and durations are written. What is not known is a dash, never 0. */
export const UNKNOWN = '—';

type Unknown = null | undefined;

const WHOLE = new Intl.NumberFormat('en-US');

/** Three digits at most, so that columns stay narrow: 1.23 M. The whole number belongs into the title. */
export function compact(value: number | Unknown): string {
  return value == null ? UNKNOWN : scaled(value, 1_000, ['', 'k', 'M', 'G', 'T', 'P']);
}

export function whole(value: number | Unknown): string {
  return value == null ? UNKNOWN : WHOLE.format(value);
}

export function bytes(value: number | Unknown): string {
  return value == null
    ? UNKNOWN
    : scaled(value, 1_024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], 'B');
}

/** @param value records per second. */
export function rate(value: number | Unknown): string {
  return value == null ? UNKNOWN : `${compact(value)}/s`;
}

/** @param value bytes per second. */
export function byteRate(value: number | Unknown): string {
  return value == null ? UNKNOWN : `${bytes(value)}/s`;
}

/** @param seconds of a latency. */
export function latency(seconds: number | Unknown): string {
  return seconds == null ? UNKNOWN : `${digits(seconds * 1_000)} ms`;
}

const SPANS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** The two largest units: 3 d 4 h, 12 s. */
export function duration(ms: number | Unknown): string {
  if (ms == null) return UNKNOWN;
  let rest = Math.max(0, Math.floor(ms / 1_000));
  const parts: string[] = [];
  for (const [unit, seconds] of SPANS) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

export type Zone = 'local' | 'utc';

/** As in 2026-03-01 14:05:09.120 CET. */
export function instant(ms: number | Unknown, zone: Zone): string {
  return ms == null || Number.isNaN(new Date(ms).getTime())
    ? UNKNOWN
    : `${parts(ms, zone)} ${zoneName(ms, zone)}`;
}

/** As `instant`, without milliseconds. */
export function wholeSecond(ms: number | Unknown, zone: Zone): string {
  return instant(ms, zone).replace(/\.\d{3}/, '');
}

/** As in 14:05:09. */
export function clockTime(ms: number, zone: Zone): string {
  return parts(ms, zone).slice(11, 19);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

function parts(ms: number, zone: Zone): string {
  const date = new Date(ms);
  const shifted = zone === 'utc' ? date : new Date(ms - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().replace('T', ' ').replace('Z', '');
}

/** Made once, and not before somebody needs it: it takes longer than to draw a row. */
let zoneNames: Intl.DateTimeFormat | undefined;

function zoneName(ms: number, zone: Zone): string {
  if (zone === 'utc') return 'UTC';
  zoneNames ??= new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' });
  const named = zoneNames.formatToParts(ms);
  return named.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

function scaled(value: number, step: number, units: readonly string[], whole = ''): string {
  let index = 0;
  let rest = value;
  while (Math.abs(rest) >= step && index < units.length - 1) {
    rest /= step;
    index++;
  }
  // 999.9 k would be written 1,000 k.
  if (Math.abs(rest) >= step - 0.5 && index > 0 && index < units.length - 1) {
    rest /= step;
    index++;
  }
  const unit = units[index] ?? '';
  const text = unit === whole && Number.isInteger(rest) ? String(rest) : digits(rest);
  return unit === '' ? text : `${text} ${unit}`;
}

/** Three significant digits, whole above 100. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return value.toFixed(size >= 10 ? 1 : size >= 0.01 || size === 0 ? 2 : 3);
}
