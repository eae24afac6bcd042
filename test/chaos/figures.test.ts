import { expect, test } from 'vitest';
import { failoverGaps, recoveries } from './figures.ts';
import type { FaultRecord } from './nemesis.ts';
import type { Summary } from './summary.ts';

const SECOND = 1e9;

function summaryOf(partitions: Readonly<Record<string, readonly number[]>>): Summary {
  return {
    events: 0,
    records: { acknowledged: 0, failed: 0, unknown: 0 },
    operations: { ok: 0, fail: 0, info: 0 },
    polls: 0,
    read: 0,
    group: { read: 0, commits: 0 },
    retried: { operations: 0, okWithin30s: 0 },
    calm: { ok: 0, seconds: 0 },
    partitions: new Map(
      Object.entries(partitions).map(([key, seconds]) => [
        key,
        { last: 'ok', acknowledgedNs: seconds.map((each) => each * SECOND) },
      ]),
    ),
    errors: {},
  };
}

function fault(kind: FaultRecord['kind'], broken: number, mended: number): FaultRecord {
  const [brokenNs, mendedNs] = [broken * SECOND, mended * SECOND];
  const felt = { evidence: 'yes', isOver: true, unfelt: [] };
  return { kind, target: 'x', brokenNs, mendedNs, ...felt, moved: ['t/0'] };
}

test('a failover is the widest gap that meets the fault, of partitions that moved', () => {
  const summary = summaryOf({ 't/0': [1, 9, 10, 10.2, 12.7, 13, 14, 20], 't/1': [1, 20] });
  expect(failoverGaps([fault('kill', 10.1, 12)], summary)).toEqual([
    { kind: 'kill', target: 'x', gapsMs: [2_500] },
  ]);
});

test('a gap before the fault, or long after its end, is not its work', () => {
  const summary = summaryOf({ 't/0': [1, 9, 10, 11, 15, 20] });
  expect(failoverGaps([fault('kill', 10, 10.5)], summary)).toEqual([
    { kind: 'kill', target: 'x', gapsMs: [4_000] },
  ]);
  expect(failoverGaps([fault('kill', 10, 9.9)], summary)).toEqual([
    { kind: 'kill', target: 'x', gapsMs: [1_000] },
  ]);
});

test('what moves by coincidence is no failover', () => {
  const summary = summaryOf({ 't/0': [1, 9, 10, 12, 13] });
  expect(failoverGaps([fault('client-crash', 10, 12)], summary)).toEqual([]);
  expect(failoverGaps([fault('partition-postgres', 10, 12)], summary)).toHaveLength(1);
});

test('a recovery is counted for every partition that was there before', () => {
  const summary = summaryOf({ 't/0': [1, 5.5], 't/1': [1, 7], 'new/0': [8] });
  const faults = [fault('postgres-kill', 4, 5), fault('kill', 4, 5)];
  expect(recoveries(faults, 'postgres-kill', summary)).toEqual([500, 2_000]);
});
