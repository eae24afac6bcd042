/** What `kubectl get` shows of a resource: the columns of its definition. */
import type { Column as PrinterColumn } from '@streamhouse/api/crd/resource.ts';
import type { Column } from '../output/table.ts';
import { type Fields, isFields } from './api-client.ts';
import type { Kind } from './kinds.ts';

const NONE = '<none>';
/** `.field`, or `[?(@.field=='value')]` for the element of a list. */
const STEP = /\.(\w+)|\[\?\(@\.(\w+)=='([^']*)'\)\]/g;

export function columnsOf(
  kind: Kind,
  options: { readonly isWide: boolean; readonly isEverywhere: boolean; readonly nowMs: number },
): Column<Fields>[] {
  const path = (title: string, jsonPath: string): Column<Fields> => ({
    title,
    cell: (object) => textOf(valueAt(object, jsonPath)),
  });
  return [
    ...(options.isEverywhere ? [path('NAMESPACE', '.metadata.namespace')] : []),
    path('NAME', '.metadata.name'),
    ...kind.columns
      .filter((column) => options.isWide || column.isWide !== true)
      .map((column) => printed(column, options.nowMs)),
  ];
}

function printed({ name, type, jsonPath }: PrinterColumn, nowMs: number): Column<Fields> {
  return {
    title: name.toUpperCase(),
    align: type === 'integer' ? 'right' : 'left',
    cell: (object) => {
      const value = valueAt(object, jsonPath);
      if (type !== 'date' || typeof value !== 'string') return textOf(value);
      const atMs = Date.parse(value);
      return Number.isNaN(atMs) ? value : age(nowMs - atMs);
    },
  };
}

/** The value at a path of the form that printer columns have; undefined when there is none. */
export function valueAt(object: unknown, jsonPath: string): unknown {
  let value = object;
  for (const [, field, name, wanted] of jsonPath.matchAll(STEP)) {
    if (field !== undefined) value = isFields(value) ? value[field] : undefined;
    else if (name !== undefined)
      value = Array.isArray(value)
        ? value.find((each) => isFields(each) && each[name] === wanted)
        : undefined;
  }
  return value;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null || value === '') return NONE;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Two units while that says more than one, as Kubernetes' `HumanDuration` has it: `45s`, `5m30s`, `3h`, `2d4h`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [minutes, hours, days] = [60, 3_600, 86_400].map((unit) => Math.floor(seconds / unit)) as [
    number,
    number,
    number,
  ];
  const rest = (count: number, unit: string): string => (count === 0 ? '' : `${count}${unit}`);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return `${minutes}m${rest(seconds % 60, 's')}`;
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return `${hours}h${rest(minutes % 60, 'm')}`;
  if (hours < 48) return `${hours}h`;
  if (days < 8) return `${days}d${rest(hours % 24, 'h')}`;
  if (days < 730) return `${days}d`;
  return `${Math.floor(days / 365)}y${rest(days < 2_920 ? days % 365 : 0, 'd')}`;
}
