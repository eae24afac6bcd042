import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assignment, type AssignmentMember, partitionName } from './assignor.ts';
import {
  anyGroup,
  type Group,
  holdersIn,
  itAssigns,
  member,
  partitionsIn,
  printed,
  rejoined,
  uniformGroup,
} from './assignor.test-support.ts';
import { ownersOf } from './owners.ts';
import { stickyAssignor } from './sticky.ts';
import { withholdMoving } from './withhold.ts';

function assign({ members, partitionCounts }: Group): Assignment {
  return stickyAssignor.assign(members, partitionCounts);
}

function printedOf(members: readonly AssignmentMember[], counts: Record<string, number>) {
  return printed(assign({ members, partitionCounts: new Map(Object.entries(counts)) }));
}

/** A group that has come to rest. */
const settledGroup = uniformGroup.map((group): Group => {
  return { ...group, members: rejoined(group.members, assign(group), 2) };
});

/** The partitions that have another holder in `after`, with that holder. */
function movedBetween(before: Assignment, after: Assignment): ReadonlyMap<string, string> {
  const old = holdersIn(before);
  return new Map([...holdersIn(after)].filter(([name, holder]) => old.get(name) !== holder));
}

function squares(assignment: Assignment): number {
  return [...assignment.values()].reduce((sum, own) => sum + own.length ** 2, 0);
}

/** The least sum of squared loads of all assignments that there are. */
function leastSquares({ members, partitionCounts }: Group): number {
  const takers = partitionsIn(partitionCounts)
    .map(({ topic }) => [...members.keys()].filter((at) => members[at]?.topics.includes(topic)))
    .filter((own) => own.length > 0);
  let reached = new Set([JSON.stringify(members.map(() => 0))]);
  for (const own of takers) {
    const next = new Set<string>();
    for (const text of reached) {
      const loads: readonly number[] = JSON.parse(text);
      for (const at of own) next.add(JSON.stringify(loads.with(at, (loads[at] ?? 0) + 1)));
    }
    reached = next;
  }
  const sums = [...reached].map((text) => {
    const loads: readonly number[] = JSON.parse(text);
    return loads.reduce((sum, load) => sum + load ** 2, 0);
  });
  return Math.min(...sums);
}

describe('stickyAssignor', () => {
  itAssigns(stickyAssignor, 'all topics');

  it('moves only what the member owned that leaves', () => {
    fc.assert(
      fc.property(settledGroup, fc.nat(), (group, pick) => {
        fc.pre(group.members.length > 1);
        const leaver = group.members[pick % group.members.length];
        const members = group.members.filter((one) => one !== leaver);
        const moved = movedBetween(assign(group), assign({ ...group, members }));
        expect([...moved.keys()].sort()).toEqual(leaver?.owned.map(partitionName).sort());
      }),
    );
  });

  it('moves only to the member that joins, and no more than its share', () => {
    fc.assert(
      fc.property(settledGroup, (group) => {
        const newcomer = member('a', [...group.partitionCounts.keys()]);
        const members = [...group.members, newcomer];
        const moved = movedBetween(assign(group), assign({ ...group, members }));
        for (const holder of moved.values()) expect(holder).toBe('a');
        const partitions = partitionsIn(group.partitionCounts).length;
        expect(moved.size).toBeLessThanOrEqual(Math.ceil(partitions / members.length));
      }),
    );
  });

  it('moves nothing when partitions are added that make nobody too full', () => {
    const members = [member('a', ['t'], ['t/0', 't/1']), member('b', ['t'], ['t/2'])];
    expect(printedOf(members, { t: 6 })).toEqual({
      a: ['t/0', 't/1', 't/4'],
      b: ['t/2', 't/3', 't/5'],
    });
  });

  it('moves no more than evenness asks for when all subscribe to the same topics', () => {
    fc.assert(
      fc.property(uniformGroup, (group) => {
        const partitions = partitionsIn(group.partitionCounts).length;
        const share = Math.floor(partitions / group.members.length);
        const larger = partitions % group.members.length;
        const loads = group.members.map(({ owned }) => owned.length).sort((a, b) => b - a);
        const kept = loads.map((load, at) => Math.min(load, share + (at < larger ? 1 : 0)));
        const owners = ownersOf(group.members);
        const stays = [...holdersIn(assign(group))].filter(
          ([name, holder]) => owners.get(name) === holder,
        );
        expect(stays).toHaveLength(kept.reduce((sum, load) => sum + load));
      }),
    );
  });

  it('is as even as any assignment can be, whatever members subscribe to', () => {
    fc.assert(
      fc.property(anyGroup, (group) => {
        expect(squares(assign(group))).toBe(leastSquares(group));
      }),
      { numRuns: 300 },
    );
  });

  it('evens out over a member that is as full as the one that gives', () => {
    const members = [
      member('a', ['s'], ['s/0', 's/1']),
      member('b', ['s', 't'], ['t/0', 't/1']),
      member('c', ['t']),
    ];
    expect(printedOf(members, { s: 2, t: 2 })).toEqual({
      a: ['s/0'],
      b: ['s/1', 't/0'],
      c: ['t/1'],
    });
  });

  it('passes on what is new to a member rather than what it reads', () => {
    // s/1 goes to a first, and then to b, for t/0 which b gives to c.
    const members = [
      member('a', ['s', 't'], ['s/0']),
      member('b', ['s', 't'], ['t/0']),
      member('c', ['t']),
    ];
    expect(printedOf(members, { s: 2, t: 1 })).toEqual({ a: ['s/0'], b: ['s/1'], c: ['t/0'] });
  });

  it('does not withhold again: what is free takes the place that lets the others stay', () => {
    const partitionCounts = new Map([
      ['s', 2],
      ['t', 3],
    ]);
    const members = [
      member('a', ['s', 't'], ['s/1', 't/0', 't/2']),
      member('b', ['s', 't'], ['s/0']),
      member('c', ['s', 't']),
      member('d', ['t'], ['t/1']),
      member('e', ['s']),
    ];
    const target = assign({ members, partitionCounts });
    const first = withholdMoving(target, ownersOf(members));
    expect(printed(first.assigned)).toEqual({ a: ['t/0'], b: ['s/0'], c: [], d: ['t/1'], e: [] });
    // Now s/1 must go to e: from c it would take the place of t/2, and then b would have to give up s/0.
    const next = rejoined(members, first.assigned, 2);
    const second = withholdMoving(assign({ members: next, partitionCounts }), ownersOf(next));
    expect(second.withheld).toEqual([]);
    expect(printed(second.assigned)).toMatchObject({ b: ['s/0'], c: ['t/2'], e: ['s/1'] });
  });

  it('assigns in moments when no two of 1,000 members subscribe to the same topics', () => {
    const topics = Array.from({ length: 1_000 }, (_, number) => `topic-${number}`);
    const partitionCounts = new Map(topics.map((topic) => [topic, 10]));
    const members = topics.map((topic, at) => member(topic, topics.slice(0, at + 1)));
    const assignment = assign({ members, partitionCounts });
    expect(squares(assignment)).toBe(1_000 * 10 ** 2);
  }, 8_000);

  it('gives to the least loaded of those that can receive', () => {
    // t/0 is free and goes to b first. Had a given to b as well, both would have to give once more.
    const members = [
      member('a', ['s', 't'], ['s/0', 't/1', 't/2']),
      member('b', ['s', 't']),
      member('c', ['t']),
    ];
    expect(printedOf(members, { s: 1, t: 3 })).toEqual({
      a: ['s/0', 't/1'],
      b: ['t/0'],
      c: ['t/2'],
    });
  });

  it('takes as much of each topic from a member that gives', () => {
    const all = ['s/0', 's/1', 's/2', 's/3', 't/0', 't/1', 't/2', 't/3'];
    const members = [member('a', ['s', 't'], all), member('b', ['s', 't'])];
    expect(printedOf(members, { s: 4, t: 4 })).toEqual({
      a: ['s/0', 's/1', 't/0', 't/1'],
      b: ['s/2', 's/3', 't/2', 't/3'],
    });
  });

  it('gives a partition that two members claim for one generation to whom it needs least', () => {
    const members = [member('a', ['t'], ['t/0', 't/1']), member('b', ['t'], ['t/0'])];
    expect(printedOf(members, { t: 2 })).toEqual({ a: ['t/1'], b: ['t/0'] });
  });

  it('takes from a member what it does not subscribe to any more', () => {
    const members = [member('a', ['s'], ['t/0', 's/0']), member('b', ['t'])];
    expect(printedOf(members, { s: 1, t: 1 })).toEqual({ a: ['s/0'], b: ['t/0'] });
  });
});
