import { describe, expect, it } from 'vitest';
import { itAssigns, member, printed } from './assignor.test-support.ts';
import { roundRobinAssignor } from './round-robin.ts';

describe('roundRobinAssignor', () => {
  itAssigns(roundRobinAssignor, 'all topics');

  it('goes on with the next member at the next topic, and passes over who does not subscribe', () => {
    const members = [member('a', ['s', 't']), member('b', ['s', 't']), member('c', ['t'])];
    const partitionCounts = new Map([
      ['t', 4],
      ['s', 3],
    ]);
    expect(printed(roundRobinAssignor.assign(members, partitionCounts))).toEqual({
      a: ['s/0', 's/2', 't/2'],
      b: ['s/1', 't/0', 't/3'],
      c: ['t/1'],
    });
  });
});
