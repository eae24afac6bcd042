import { StreamError } from '@streamhouse/client/mod.ts';
import { expect, test } from 'vitest';
import { findAnomalies } from './anomalies.ts';
import type { Scan, Sent } from './traffic.ts';

/** One producer, one partition: record `number` acknowledged at that offset, or failed. */
function sent(number: number, outcome: number | StreamError | undefined): Sent {
  const metadata = (offset: number) => ({ topic: 't', partition: 0, offset, timestampMs: 0 });
  return {
    producer: 0,
    partition: 0,
    number,
    value: `v${number}`,
    outcome: typeof outcome === 'number' ? metadata(outcome) : outcome,
  };
}

/** The values of partition 0, from an offset on. */
function scan(values: readonly string[], from = 0): Scan {
  return new Map([[0, values.map((value, index) => ({ offset: from + index, value }))]]);
}

const REFUSED = new StreamError('unavailable', 'TEST', 'refused');
const UNKNOWN = new StreamError('indefinite', 'TEST', 'not known');
const THREE = [sent(0, 0), sent(1, 1), sent(2, 2)];

test('finds nothing in a history that is right, whatever a failure left behind', () => {
  const all = scan(['v0', 'v1', 'v2']);
  expect(findAnomalies(THREE, all, [all, scan(['v1', 'v2'], 1)])).toEqual([]);
  expect(findAnomalies([sent(0, UNKNOWN), sent(1, 0), sent(2, REFUSED)], scan(['v1']))).toEqual([]);
  expect(findAnomalies([sent(0, UNKNOWN), sent(1, 1)], scan(['v0', 'v1']))).toEqual([]);
});

test.each<[name: string, history: readonly Sent[], final: Scan, others: readonly Scan[]]>([
  ['inconsistent-offsets', THREE, scan(['v0', 'v1', 'v2']), [scan(['v0', 'v2'])]],
  ['inconsistent-offsets', [sent(0, 1)], scan(['v0']), []],
  ['duplicate', [sent(0, 0)], scan(['v0', 'v0']), []],
  ['unseen', THREE, scan(['v0', 'v1']), []],
  ['aborted-read', [sent(0, REFUSED)], scan(['v0']), []],
  ['phantom', THREE, scan(['v0', 'v1', 'v2', 'v3']), []],
  ['phantom', [sent(0, 0)], new Map([[1, [{ offset: 0, value: 'v0' }]]]), []],
  ['nonmonotonic-send', [sent(0, UNKNOWN), sent(1, UNKNOWN)], scan(['v1', 'v0']), []],
  ['unanswered', [sent(0, undefined)], scan([]), []],
  [
    'poll-skip',
    THREE,
    scan(['v0', 'v1', 'v2']),
    [
      new Map([
        [
          0,
          [
            { offset: 0, value: 'v0' },
            { offset: 2, value: 'v2' },
          ],
        ],
      ]),
    ],
  ],
  [
    'nonmonotonic-poll',
    THREE,
    scan(['v0', 'v1', 'v2']),
    [
      new Map([
        [
          0,
          [
            { offset: 1, value: 'v1' },
            { offset: 1, value: 'v1' },
          ],
        ],
      ]),
    ],
  ],
])('finds %s', (name, history, final, others) => {
  const names = findAnomalies(history, final, others).map((finding) => finding.split(':')[0]);
  expect(names).toContain(name);
});
