/** What must never be seen, by the names of design: each finding begins with one. */
import { StreamError } from '@streamhouse/client/mod.ts';
import type { Scan, Sent } from './traffic.ts';

/**
 * Judges what was read against what was sent. `finalScan` is read after the last answer, from the first offset to the
 * end; `others` are what other readers saw, from wherever they began.
 *
 * - `inconsistent-offsets`: two values at an offset (I-02, I-14)
 * - `duplicate`: one value at two offsets (I-12)
 * - `unseen`: acknowledged, and not there (I-01)
 * - `aborted-read`: refused for good, and there (I-11)
 * - `phantom`: there, and never sent (I-14)
 * - `poll-skip`, `nonmonotonic-poll`: a reader's offsets do not follow each other (I-16)
 * - `nonmonotonic-send`: records of one producer and partition change their order (I-13)
 */
export function findAnomalies(
  sent: readonly Sent[],
  finalScan: Scan,
  others: readonly Scan[] = [],
): string[] {
  return [
    ...[finalScan, ...others].flatMap(orderFindings),
    ...others.flatMap((scan) => consistencyFindings(finalScan, scan)),
    ...contentFindings(sent, finalScan),
  ].slice(0, 20);
}

function orderFindings(scan: Scan): string[] {
  const findings: string[] = [];
  for (const [partition, records] of scan) {
    for (let index = 1; index < records.length; index++) {
      const [before, { offset }] = [records[index - 1]!.offset, records[index]!];
      if (offset === before + 1) continue;
      const name = offset > before ? 'poll-skip' : 'nonmonotonic-poll';
      findings.push(`${name}: ${partition}@${offset} after ${before}`);
    }
  }
  return findings;
}

function consistencyFindings(finalScan: Scan, other: Scan): string[] {
  const findings: string[] = [];
  for (const [partition, records] of other) {
    const final = finalScan.get(partition) ?? [];
    for (const { offset, value } of records) {
      const there = final[offset]?.value;
      if (there === value) continue;
      findings.push(`inconsistent-offsets: ${partition}@${offset} was ${value}, is ${there}`);
    }
  }
  return findings;
}

function contentFindings(sent: readonly Sent[], scan: Scan): string[] {
  const findings: string[] = [];
  const byValue = new Map(sent.map((record) => [record.value, record]));
  const places = new Map<string, string>();
  for (const [partition, records] of scan) {
    const last = new Map<number, number>();
    if (records.length > 0 && records[0]!.offset !== 0)
      findings.push(`poll-skip: ${partition} begins at ${records[0]!.offset}`);
    for (const { offset, value } of records) {
      const place = `${partition}@${offset}`;
      const record = byValue.get(value);
      if (record?.partition !== partition) {
        findings.push(`phantom: ${value} at ${place}`);
        continue;
      }
      const first = places.get(value);
      if (first !== undefined) findings.push(`duplicate: ${value} at ${first} and ${place}`);
      places.set(value, place);
      if (record.number <= (last.get(record.producer) ?? -1))
        findings.push(`nonmonotonic-send: ${value} at ${place}`);
      last.set(record.producer, record.number);
    }
  }
  for (const { value, outcome } of sent) {
    const place = places.get(value);
    if (outcome instanceof StreamError) {
      if (outcome.kind !== 'indefinite' && place !== undefined)
        findings.push(`aborted-read: ${value} at ${place} although ${outcome.kind}`);
    } else if (outcome === undefined) {
      findings.push(`unanswered: ${value}`);
    } else if (place === undefined) {
      findings.push(`unseen: ${value}, acknowledged at ${outcome.partition}@${outcome.offset}`);
    } else if (place !== `${outcome.partition}@${outcome.offset}`) {
      findings.push(
        `inconsistent-offsets: ${value}, acknowledged at ${outcome.offset}, is at ${place}`,
      );
    }
  }
  return findings;
}
