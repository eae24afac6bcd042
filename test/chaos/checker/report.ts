/** A verdict for people. */
import type { Anomaly } from './anomaly.ts';
import type { Verdict } from './check-history.ts';
import type { Figures } from './figures.ts';

/** Partitions that are named; of the others only the number is told. */
const NAMES_MAX = 10;

export function renderVerdict({ anomalies, figures }: Verdict): string {
  const verdict =
    anomalies.length === 0
      ? 'No anomaly.'
      : `Anomalies: ${anomalies.map(({ kind, total }) => `${kind} ${number(total)}`).join(', ')}.`;
  return [...anomalies.map(renderAnomaly), renderFigures(figures), verdict]
    .map((block) => `${block}\n`)
    .join('\n');
}

function renderAnomaly({ kind, meaning, total, findings }: Anomaly): string {
  const lines = findings.map(({ text }) => `  ${text}.`);
  if (total > findings.length) lines.push(`  … and ${number(total - findings.length)} more.`);
  return [`${kind} (${number(total)}): ${meaning}`, ...lines].join('\n');
}

function renderFigures(figures: Figures): string {
  const { events, acknowledged, failed, unknown, reads, groups, lag, readLate, unjudged } = figures;
  const lines = [
    `${number(events)} events. Records: ${number(acknowledged)} acknowledged, ${number(failed)} failed, ${number(unknown)} unknown, ${number(reads)} read.`,
  ];
  if (groups.reads > 0)
    lines.push(`Groups: ${number(groups.reads)} records, ${number(groups.commits)} commits.`);
  if (lag !== undefined)
    lines.push(
      `From acknowledgement to first read: p50 ${ms(lag.p50Ms)}, p99 ${ms(lag.p99Ms)}, max ${ms(lag.maxMs)} (${number(lag.records)} records).`,
    );
  if (readLate > 0) lines.push(`First read by the final reads: ${number(readLate)} records.`);
  if (unjudged.records > 0) lines.push(renderUnjudged(unjudged));
  return lines.join('\n');
}

function renderUnjudged({ records, partitions }: Figures['unjudged']): string {
  const names = partitions.slice(0, NAMES_MAX).join(', ');
  const more = partitions.length > NAMES_MAX ? ` and ${partitions.length - NAMES_MAX} more` : '';
  return `Not judged, because no final reads say where they end: ${number(records)} acknowledged records of ${names}${more}.`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
