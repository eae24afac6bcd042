import { describe, expect, it } from 'vitest';
import { ReadEnd } from './read-end.ts';

function startsOf(
  ...partitions: readonly (readonly [number, number])[]
): { partition: number; position: number; highWatermark: number }[] {
  return partitions.map(([position, highWatermark], partition) => ({
    partition,
    position,
    highWatermark,
  }));
}

describe('ReadEnd', () => {
  it('is reached at once when there is nothing to read', () => {
    expect(new ReadEnd(startsOf([0, 0], [7, 7])).isReached).toBe(true);
  });

  it('includes the last record before each high watermark and none at it', () => {
    const end = new ReadEnd(startsOf([0, 2], [5, 6]));
    expect(end.includes({ partition: 0, offset: 0 })).toBe(true);
    expect(end.includes({ partition: 0, offset: 1 })).toBe(true);
    expect(end.includes({ partition: 0, offset: 2 })).toBe(false);
    expect(end.isReached).toBe(false);
    expect(end.includes({ partition: 1, offset: 5 })).toBe(true);
    expect(end.isReached).toBe(true);
  });

  it('is reached by a record or a position beyond it', () => {
    const end = new ReadEnd(startsOf([0, 2], [0, 2]));
    expect(end.includes({ partition: 0, offset: 9 })).toBe(false);
    end.moveTo(startsOf([9, 9], [2, 3]));
    expect(end.isReached).toBe(true);
  });

  it('tells each partition that came to its end once', () => {
    const end = new ReadEnd(startsOf([0, 0], [0, 1]));
    expect(end.takeReached()).toEqual([0]);
    end.includes({ partition: 1, offset: 0 });
    expect(end.takeReached()).toEqual([1]);
    expect(end.takeReached()).toEqual([]);
  });
});
