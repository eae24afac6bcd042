import { epoch, offset } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { StoredRun } from '@streamhouse/store/metadata/log.ts';
import { describe, expect, test } from 'vitest';
import { RecentRuns } from './recent-runs.ts';

/** Runs of `length` records each, from 100 on. */
function runsOf(count: number, length = 10): RecentRuns {
  const runs = new RecentRuns();
  for (let index = 0; index < count; index++) {
    const baseOffset = offset(100 + index * length);
    const run: StoredRun = {
      baseOffset,
      lastOffset: offset(baseOffset + length - 1),
      epoch: epoch(1),
      objectKey: `object-${index}`,
      position: 0,
      length: 1,
      crc: 0,
      maxTimestampMs: 0,
    };
    runs.push(run);
  }
  return runs;
}

function keysFrom(runs: RecentRuns, from: number): readonly string[] | undefined {
  return runs.from(offset(from))?.map((run) => run.objectKey);
}

describe('recent runs', () => {
  test('begin with the one that holds the offset', () => {
    const runs = runsOf(3);
    expect(keysFrom(runs, 100)).toEqual(['object-0', 'object-1', 'object-2']);
    expect(keysFrom(runs, 109)).toEqual(['object-0', 'object-1', 'object-2']);
    expect(keysFrom(runs, 110)).toEqual(['object-1', 'object-2']);
    expect(keysFrom(runs, 129)).toEqual(['object-2']);
    expect(keysFrom(runs, 130)).toEqual([]);
  });

  test('do not answer for what is older than they are', () => {
    expect(keysFrom(runsOf(3), 99)).toBeUndefined();
    expect(keysFrom(new RecentRuns(), 0)).toBeUndefined();
  });

  test('I-41 keep the newest ones only', () => {
    const count = 10 * LIMITS.partitionRunsMax;
    const runs = runsOf(count, 1);
    expect(keysFrom(runs, 100)).toBeUndefined();
    const kept = keysFrom(runs, 100 + count - LIMITS.partitionRunsMax);
    expect(kept).toHaveLength(LIMITS.partitionRunsMax);
    expect(kept?.at(-1)).toBe(`object-${count - 1}`);
    const known = Array.from({ length: count }, (_, at) => keysFrom(runs, 100 + at));
    expect(known.filter((keys) => keys !== undefined).length).toBeLessThanOrEqual(
      2 * LIMITS.partitionRunsMax,
    );
  });
});
