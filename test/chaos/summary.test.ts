import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@streamhouse/standalone/testing/temporary-folder.test-support.ts';
import { expect, test } from 'vitest';
import { type Summary, summarize } from './summary.ts';

type Line = readonly [
  seconds: number,
  by: string,
  type: string,
  f: string,
  value: object,
  err?: string,
];

async function summaryOf(lines: readonly Line[]): Promise<Summary> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'history');
  const events = lines.map(([seconds, by, type, f, value, err], i) =>
    JSON.stringify({ i, t: seconds * 1e9, process: by, type, f, value, err }),
  );
  await writeFile(file, `${events.join('\n')}\n`);
  return await summarize(file);
}

const SEND = { topic: 't', partition: 0, values: ['a', 'b'] };
const FAULT = { kind: 'kill', change: 'start', target: 'x' };

test('counts what was acknowledged, failed, unknown and read', async () => {
  const records = [
    {
      topic: 't',
      partition: 0,
      reads: [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ],
    },
  ];
  const summary = await summaryOf([
    [0, 'p', 'invoke', 'send', SEND],
    [1, 'p', 'ok', 'send', SEND],
    [2, 'p', 'invoke', 'send', SEND],
    [3, 'p', 'fail', 'send', SEND, 'notFound TOPIC_NOT_FOUND'],
    [4, 'p', 'invoke', 'send', SEND],
    [35, 'p', 'info', 'send', SEND, 'indefinite TIMED_OUT'],
    [36, 'q', 'ok', 'poll', { records }],
    [37, 'q', 'ok', 'poll', { records: [] }],
    [38, 'c-t.4f3a-0.0.0', 'invoke', 'send', SEND],
    [39, 'r', 'invoke', 'send', SEND],
    [40, 'c-t.4f3a-0.0.0', 'info', 'send', SEND, 'indefinite NO_ANSWER'],
    [41, 'r', 'info', 'send', SEND, 'CRASHED'],
    [42, 's', 'invoke', 'send', SEND],
    [73, 's', 'ok', 'send', SEND],
    [74, 'm', 'invoke', 'consume', { group: 'g', records: [] }],
    [75, 'm', 'ok', 'consume', { group: 'g', records }],
    [76, 'm', 'ok', 'commit', { group: 'g', offsets: [] }],
    [77, 'm', 'info', 'commit', { group: 'g', offsets: [] }],
  ]);
  expect(summary.records).toEqual({ acknowledged: 4, failed: 2, unknown: 6 });
  expect(summary.operations).toEqual({ ok: 2, fail: 1, info: 3 });
  expect([summary.polls, summary.read]).toEqual([1, 3]);
  expect(summary.group).toEqual({ read: 3, commits: 1 });
  expect(summary.retried).toEqual({ operations: 4, okWithin30s: 1 });
  expect(summary.errors).toEqual({
    'notFound TOPIC_NOT_FOUND': 1,
    'indefinite TIMED_OUT': 1,
    'indefinite NO_ANSWER': 1,
    CRASHED: 1,
  });
  expect(summary.partitions).toEqual(
    new Map([['t/0', { last: 'ok', acknowledgedNs: [1e9, 73e9] }]]),
  );
});

test('the calm is from the warm-up to the phase or the event of faults, its last five seconds', async () => {
  const summary = await summaryOf([
    [0, 'p', 'ok', 'send', SEND],
    [1, 'nemesis', 'invoke', 'phase', { phase: 'warmup' }],
    [2, 'p', 'ok', 'send', SEND],
    [3, 'p', 'fail', 'send', SEND],
    [4, 'q', 'ok', 'poll', { records: [] }],
    [5, 'nemesis', 'invoke', 'fault', FAULT],
    [6, 'p', 'ok', 'send', SEND],
    [7, 'nemesis', 'invoke', 'fault', FAULT],
    [8, 'nemesis', 'invoke', 'phase', { phase: 'heal' }],
  ]);
  expect(summary.calm).toEqual({ ok: 2, seconds: 4 });
  const longer = await summaryOf([
    [0, 'nemesis', 'invoke', 'phase', { phase: 'warmup' }],
    [4, 'p', 'ok', 'send', SEND],
    [6, 'p', 'ok', 'send', SEND],
    [10, 'nemesis', 'invoke', 'phase', { phase: 'faults' }],
    [11, 'p', 'ok', 'send', SEND],
    [12, 'nemesis', 'invoke', 'fault', FAULT],
  ]);
  expect(longer.calm).toEqual({ ok: 1, seconds: 5 });
});
