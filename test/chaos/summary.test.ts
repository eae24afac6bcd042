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
  ]);
  expect(summary.records).toEqual({ acknowledged: 2, failed: 2, unknown: 2 });
  expect(summary.operations).toEqual({ ok: 1, fail: 1, info: 1 });
  expect([summary.polls, summary.read, summary.sendsSlowerThan30s]).toEqual([1, 3, 1]);
  expect(summary.errors).toEqual({ 'notFound TOPIC_NOT_FOUND': 1, 'indefinite TIMED_OUT': 1 });
  expect(summary.partitions).toEqual(new Map([['t/0', { last: 'info', acknowledgedNs: [1e9] }]]));
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
