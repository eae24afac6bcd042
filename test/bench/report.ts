/** Figures and profiles as text for people. */
import type { Figure, Target } from './figure.ts';
import type { SelfTime } from './profile.ts';

const HEADINGS = ['FIGURE', 'UNIT', 'MIN', 'MEDIAN', 'MAX', 'TARGET', ''] as const;

export function renderFigures(figures: readonly Figure[]): string {
  const rows = [HEADINGS, ...figures.map(rowOf)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column < 2 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}

export function renderProfiles(profiles: Readonly<Record<string, readonly SelfTime[]>>): string {
  const rows = Object.entries(profiles).flatMap(([who, times]) => [
    `\n${who} by time in itself`,
    ...times.map(({ name, share }) => `${(share * 100).toFixed(1).padStart(5)} %  ${name}`),
  ]);
  return rows.map((row) => `${row}\n`).join('');
}

function rowOf(figure: Figure): readonly string[] {
  const { name, unit, min, median, max, target, isMet } = figure;
  const verdict = isMet === undefined ? '' : isMet ? 'met' : 'MISSED';
  return [name, unit, shown(min), shown(median), shown(max), targetOf(target), verdict];
}

function targetOf(target: Target | undefined): string {
  if (target === undefined) return '';
  return `${target.kind === 'atLeast' ? '>=' : '<='} ${shown(target.value)}`;
}

function shown(value: number): string {
  const digits =
    Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
