import { expect, test } from 'vitest';
import type { FaultRecord } from './nemesis.ts';
import type { Summary } from './summary.ts';
import { type Outcome, verdictOf, voidReasons } from './verdict.ts';

const KILL: FaultRecord = {
  kind: 'kill',
  target: 'agent-0',
  brokenNs: 1,
  mendedNs: 2,
  evidence: 'fenced',
  isOver: true,
  unfelt: [],
  moved: ['t/0'],
};
const SUMMARY: Summary = {
  events: 0,
  records: { acknowledged: 0, failed: 0, unknown: 0 },
  operations: { ok: 1_000, fail: 0, info: 0 },
  polls: 0,
  read: 0,
  group: { read: 1, commits: 1 },
  retried: { operations: 0, okWithin30s: 0 },
  calm: { ok: 500, seconds: 5 },
  partitions: new Map([['t/0', { last: 'ok' as const, acknowledgedNs: [] }]]),
  errors: {},
};
const GOOD: Outcome = {
  summary: SUMMARY,
  faults: [KILL],
  livePartitions: ['t/0'],
  findings: [],
  zombies: undefined,
  troubles: [],
};

function withSummary(change: Partial<Summary>): Outcome {
  return { ...GOOD, summary: { ...SUMMARY, ...change } };
}

function lastOf(last: 'fail' | 'info'): Outcome {
  return withSummary({ partitions: new Map([['t/0', { last, acknowledgedNs: [] }]]) });
}

test('a run in which everything was felt and nothing found has passed', () => {
  expect(voidReasons(GOOD)).toEqual([]);
  expect(verdictOf(GOOD)).toBe('passed');
});

test.each<[string, Outcome]>([
  [
    '499 ok operations in 5.0 s before the first fault',
    withSummary({ calm: { ok: 499, seconds: 5 } }),
  ],
  ['0 ok operations in 0.0 s before the first fault', withSummary({ calm: { ok: 0, seconds: 0 } })],
  ['kill was not felt by agent-0', { ...GOOD, faults: [{ ...KILL, evidence: undefined }] }],
  ['agent-0 did not recover from kill', { ...GOOD, faults: [{ ...KILL, isOver: false }] }],
  ['no partition changed its holder', { ...GOOD, faults: [{ ...KILL, moved: [] }] }],
  [
    'the group read 0 records and committed 1 times',
    withSummary({ group: { read: 0, commits: 1 } }),
  ],
  [
    'the group read 1 records and committed 0 times',
    withSummary({ group: { read: 1, commits: 0 } }),
  ],
  ['the last operation of t/0 is fail', lastOf('fail')],
  ['the last operation of t/0 is info', lastOf('info')],
  ['the last operation of t/1 is missing', { ...GOOD, livePartitions: ['t/0', 't/1'] }],
  [
    '21 of 100 operations have an unknown outcome',
    withSummary({ operations: { ok: 79, fail: 0, info: 21 } }),
  ],
  ['the final reads did not end', { ...GOOD, troubles: ['the final reads did not end'] }],
])('is void: %s', (reason, outcome) => {
  expect(voidReasons(outcome)).toEqual([reason]);
  expect(verdictOf(outcome)).toBe('void');
});

test('a fault that moves nothing by its nature needs no change of holder', () => {
  const outcome: Outcome = { ...GOOD, faults: [{ ...KILL, kind: 's3-slow', moved: [] }] };
  expect(verdictOf(outcome)).toBe('passed');
});

test('what was found counts although the run is void', () => {
  expect(verdictOf({ ...lastOf('fail'), findings: ['lost-write'] })).toBe('violated');
});
