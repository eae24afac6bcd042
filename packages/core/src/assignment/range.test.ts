import { describe, expect, it } from 'vitest';
import { itAssigns, member, printed } from './assignor.test-support.ts';
import { rangeAssignor } from './range.ts';

describe('rangeAssignor', () => {
  itAssigns(rangeAssignor, 'each topic');

  it('cuts topics of one size alike, and the first members get the longer ranges', () => {
    const members = ['b', 'a', 'c'].map((id) => member(id, ['left', 'right']));
    const partitionCounts = new Map([
      ['left', 5],
      ['right', 5],
    ]);
    expect(printed(rangeAssignor.assign(members, partitionCounts))).toEqual({
      a: ['left/0', 'left/1', 'right/0', 'right/1'],
      b: ['left/2', 'left/3', 'right/2', 'right/3'],
      c: ['left/4', 'right/4'],
    });
  });
});
