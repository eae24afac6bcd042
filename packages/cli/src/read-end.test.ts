import type { ConsumerLag } from '@streamhouse/client/mod.ts';
import { describe, expect, it } from 'vitest';
import { ReadEnd } from './read-end.ts';

function lagOf(...partitions: readonly (readonly [number, number])[]): ConsumerLag {
  return {
    total: 0,
    lagSeconds: 0,
    partitions: partitions.map(([position, highWatermark], partition) => ({
      topic: 't',
      partition,
      position,
      highWatermark,
      lag: highWatermark - position,
      lagSeconds: 0,
    })),
  };
}

describe('ReadEnd', () => {
  it('is reached at once when there is nothing to read', () => {
    expect(new ReadEnd(lagOf([0, 0], [7, 7])).isReached).toBe(true);
  });

  it('includes the last record before each high watermark and none at it', () => {
    const end = new ReadEnd(lagOf([0, 2], [5, 6]));
    expect(end.includes({ partition: 0, offset: 0 })).toBe(true);
    expect(end.includes({ partition: 0, offset: 1 })).toBe(true);
    expect(end.includes({ partition: 0, offset: 2 })).toBe(false);
    expect(end.isReached).toBe(false);
    expect(end.includes({ partition: 1, offset: 5 })).toBe(true);
    expect(end.isReached).toBe(true);
  });

  it('is reached by a record or a position beyond it', () => {
    const end = new ReadEnd(lagOf([0, 2], [0, 2]));
    expect(end.includes({ partition: 0, offset: 9 })).toBe(false);
    end.moveToPositions(lagOf([9, 9], [2, 3]));
    expect(end.isReached).toBe(true);
  });

  it('tells each partition that came to its end once', () => {
    const end = new ReadEnd(lagOf([0, 0], [0, 1]));
    expect(end.takeReached()).toEqual([0]);
    end.includes({ partition: 1, offset: 0 });
    expect(end.takeReached()).toEqual([1]);
    expect(end.takeReached()).toEqual([]);
  });
});
