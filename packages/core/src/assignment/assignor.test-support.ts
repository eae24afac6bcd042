/** What every assignor must hold to; the test of each calls `itAssigns` with it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Assignment,
  type AssignmentMember,
  type Assignor,
  partitionName,
  type TopicPartitionName,
} from './assignor.ts';
import { ownersOf } from './owners.ts';
import { withholdMoving } from './withhold.ts';

export interface Group {
  readonly members: readonly AssignmentMember[];
  readonly partitionCounts: ReadonlyMap<string, number>;
}

/** A member that subscribes to `topics` and owns `owned`, written as `topic/partition`, since generation 1. */
export function member(
  memberId: string,
  topics: readonly string[],
  owned: readonly string[] = [],
  change: Partial<AssignmentMember> = {},
): AssignmentMember {
  return {
    memberId,
    instanceId: undefined,
    topics,
    owned: owned.map(parsePartition),
    ownedGeneration: 1,
    ...change,
  };
}

export function parsePartition(text: string): TopicPartitionName {
  const [topic = '', partition] = text.split('/');
  return { topic, partition: Number(partition) };
}

/** `topic/partition` by member. */
export function printed(assignment: Assignment): Record<string, readonly string[]> {
  return Object.fromEntries(
    [...assignment].map(([memberId, partitions]) => [memberId, partitions.map(partitionName)]),
  );
}

/** All partitions of `partitionCounts`, in order. */
export function partitionsIn(
  partitionCounts: ReadonlyMap<string, number>,
): readonly TopicPartitionName[] {
  return [...partitionCounts].flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  );
}

/** Member ids by `partitionName`. Fails when a partition has two. */
export function holdersIn(assignment: Assignment): ReadonlyMap<string, string> {
  const holders = new Map<string, string>();
  for (const [memberId, partitions] of assignment) {
    for (const partition of partitions) {
      expect(holders.has(partitionName(partition))).toBe(false);
      holders.set(partitionName(partition), memberId);
    }
  }
  return holders;
}

/** The members of the next generation: each owns what it was given in this one. */
export function rejoined(
  members: readonly AssignmentMember[],
  assignment: Assignment,
  generation: number,
): readonly AssignmentMember[] {
  return members.map((one) => ({
    ...one,
    owned: assignment.get(one.memberId) ?? [],
    ownedGeneration: generation,
  }));
}

const TOPICS = ['A', 'B', 'a', 'a.b', 'é'];
const GENERATION = 5;

/**
 * Any group: topics without partitions or unknown, members with any subscriptions, and claims that may contradict each
 * other, or be of topics that are not subscribed to or not there.
 */
export const anyGroup: fc.Arbitrary<Group> = fc
  .record({
    counts: fc.array(fc.nat(6), { minLength: 1, maxLength: 4 }),
    members: fc.array(
      fc.record({
        isStatic: fc.boolean(),
        topics: fc.array(fc.constantFrom(...TOPICS), { maxLength: 5 }),
        owned: fc.array(fc.record({ topic: fc.constantFrom(...TOPICS), partition: fc.nat(6) }), {
          maxLength: 12,
        }),
        ownedGeneration: fc.integer({ min: GENERATION - 3, max: GENERATION }),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ counts, members }) => ({
    partitionCounts: new Map(counts.map((count, index) => [TOPICS[index] ?? '', count])),
    members: members.map(({ isStatic, ...one }, index) => ({
      ...one,
      // Neither in the order of the index nor in that of a locale.
      memberId: `${'zBaYx'[index % 5]}-${index}`,
      instanceId: isStatic ? `${'bZyAc'[index % 5]}-${index}` : undefined,
    })),
  }));

/** All members subscribe to the same topics; each partition is owned by one of the first few, or by nobody. */
export const uniformGroup: fc.Arbitrary<Group> = fc
  .record({
    counts: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }),
    size: fc.integer({ min: 1, max: 8 }),
    owners: fc.array(fc.nat(1_000), { minLength: 80, maxLength: 80 }),
    ownersMax: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ counts, size, owners, ownersMax }) => {
    const topics = counts.map((_, index) => TOPICS[index] ?? '');
    const partitionCounts = new Map(counts.map((count, index) => [TOPICS[index] ?? '', count]));
    const owned = Map.groupBy(
      partitionsIn(partitionCounts),
      (_, index) => (owners[index] ?? 0) % Math.min(ownersMax, size + 1),
    );
    return {
      partitionCounts,
      members: Array.from({ length: size }, (_, index) => ({
        // One that names its topics twice is no more than the others.
        ...member(`member-${index}`, index === 1 ? [...topics, ...topics] : topics),
        owned: owned.get(index) ?? [],
      })),
    };
  });

function loadsOf(assignment: Assignment, topic?: string): readonly number[] {
  return [...assignment.values()].map(
    (own) => own.filter((one) => topic === undefined || one.topic === topic).length,
  );
}

function expectEven(loads: readonly number[]): void {
  expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
}

/** @param even Over what the members of a group with the same topics have equally much, give or take one. */
export function itAssigns(assignor: Assignor, even: 'each topic' | 'all topics'): void {
  it('gives each partition of a subscribed topic to one member that subscribes to it', () => {
    fc.assert(
      fc.property(anyGroup, ({ members, partitionCounts }) => {
        const assignment = assignor.assign(members, partitionCounts);
        expect([...assignment.keys()].sort()).toEqual(members.map((one) => one.memberId).sort());
        const isRead = ({ topic }: TopicPartitionName) =>
          members.some((one) => one.topics.includes(topic));
        expect([...holdersIn(assignment).keys()].sort()).toEqual(
          partitionsIn(partitionCounts).filter(isRead).map(partitionName).sort(),
        );
        for (const { memberId, topics } of members) {
          for (const { topic } of assignment.get(memberId) ?? []) expect(topics).toContain(topic);
        }
      }),
    );
  });

  it('does not depend on the order of members, topics and claims', () => {
    const shuffledGroup = fc
      .oneof(anyGroup, uniformGroup)
      .chain((group) => fc.record({ group: fc.constant(group), shuffled: shuffledLike(group) }));
    fc.assert(
      fc.property(shuffledGroup, ({ group, shuffled }) => {
        const expected = assignor.assign(group.members, group.partitionCounts);
        const assignment = assignor.assign(shuffled.members, shuffled.partitionCounts);
        expect([...assignment]).toEqual([...expected]);
      }),
    );
  });

  it('lists partitions by topic and number, topics by code units', () => {
    const partitionCounts = new Map([
      ['é', 1],
      ['a', 11],
      ['B', 1],
    ]);
    const { only } = printed(assignor.assign([member('only', ['a', 'é', 'B'])], partitionCounts));
    const numbers = Array.from({ length: 11 }, (_, partition) => `a/${partition}`);
    expect(only).toEqual(['B/0', ...numbers, 'é/0']);
  });

  it('takes members by code units of their ids, static ones first', () => {
    const members = [
      member('a', ['t']),
      member('B', ['t']),
      member('0', ['t'], [], { instanceId: 'b' }),
      member('1', ['t'], [], { instanceId: 'A' }),
    ];
    expect(printed(assignor.assign(members, new Map([['t', 4]])))).toEqual({
      1: ['t/0'],
      0: ['t/1'],
      B: ['t/2'],
      a: ['t/3'],
    });
  });

  it('gives a static member that comes back under a new id what it would have had', () => {
    fc.assert(
      fc.property(anyGroup, ({ members, partitionCounts }) => {
        const newId = (one: AssignmentMember) =>
          one.instanceId === undefined
            ? one.memberId
            : `new-${members.length - members.indexOf(one)}`;
        const renamed = members.map((one) => ({ ...one, memberId: newId(one) }));
        const before = assignor.assign(members, partitionCounts);
        const after = assignor.assign(renamed, partitionCounts);
        for (const one of members) expect(after.get(newId(one))).toEqual(before.get(one.memberId));
      }),
    );
  });

  it(`is even over ${even} when all members subscribe to the same ones`, () => {
    fc.assert(
      fc.property(uniformGroup, ({ members, partitionCounts }) => {
        const assignment = assignor.assign(members, partitionCounts);
        if (even === 'all topics') return expectEven(loadsOf(assignment));
        for (const topic of partitionCounts.keys()) expectEven(loadsOf(assignment, topic));
      }),
    );
  });

  itMovesInTwoGenerations(assignor);

  it('assigns 10,000 partitions to 1,000 members in moments', () => {
    const topics = Array.from({ length: 100 }, (_, number) => `topic-${number}`);
    const partitionCounts = new Map(topics.map((topic) => [topic, 100]));
    const members = Array.from({ length: 1_000 }, (_, number) =>
      member(`member-${number}`, topics),
    );
    const loads = loadsOf(assignor.assign(members, partitionCounts));
    expect(loads.reduce((sum, load) => sum + load)).toBe(10_000);
  });
}

function itMovesInTwoGenerations(assignor: Assignor): void {
  it('is reached in two generations, and what does not move is never without its owner', () => {
    fc.assert(
      fc.property(anyGroup, ({ members, partitionCounts }) => {
        const owners = ownersOf(members);
        const target = assignor.assign(members, partitionCounts);
        const first = withholdMoving(target, owners);
        const held = holdersIn(first.assigned);
        for (const [name, memberId] of holdersIn(target)) {
          const isMoving = (owners.get(name) ?? memberId) !== memberId;
          expect(held.get(name)).toBe(isMoving ? undefined : memberId);
        }

        const next = rejoined(members, first.assigned, GENERATION + 1);
        const nextTarget = assignor.assign(next, partitionCounts);
        const second = withholdMoving(nextTarget, ownersOf(next));
        expect(second.withheld).toEqual([]);
        const heldNext = holdersIn(second.assigned);
        for (const [name, memberId] of held) expect(heldNext.get(name)).toBe(memberId);
        expect(heldNext.size).toBe(holdersIn(target).size);

        const last = rejoined(members, second.assigned, GENERATION + 2);
        expect(printed(assignor.assign(last, partitionCounts))).toEqual(printed(second.assigned));
      }),
      { numRuns: 300 },
    );
  });

  it('never has two owners, whoever misses a generation and whatever changes in between', () => {
    const round = fc.record({ members: fc.nat(63), adopt: fc.nat(63), counts: anyCounts });
    fc.assert(
      fc.property(anyGroup, fc.array(round, { minLength: 2, maxLength: 8 }), (group, rounds) => {
        let members: readonly AssignmentMember[] = group.members.map((one) => ({
          ...one,
          owned: [],
          ownedGeneration: 0,
        }));
        for (const [index, { members: present, adopt, counts }] of rounds.entries()) {
          members = members.map((one, bit) => (isIn(present, bit) ? one : { ...one, owned: [] }));
          const joined = members.filter((_, bit) => isIn(present, bit));
          const { assigned } = withholdMoving(assignor.assign(joined, counts), ownersOf(joined));
          // Who does not see this generation goes on with what it had; the others follow one by one.
          for (const [bit, one] of members.entries()) {
            const owned = assigned.get(one.memberId);
            if (owned === undefined || !isIn(adopt, bit)) continue;
            members = members.with(bit, { ...one, owned: [...owned], ownedGeneration: index + 1 });
            holdersIn(new Map(members.map(({ memberId, owned: own }) => [memberId, own])));
          }
        }
      }),
      { numRuns: 300 },
    );
  });
}

const anyCounts = fc
  .array(fc.nat(6), { minLength: TOPICS.length, maxLength: TOPICS.length })
  .map((counts) => new Map(counts.map((count, index) => [TOPICS[index] ?? '', count])));

function isIn(bits: number, bit: number): boolean {
  return ((bits >> bit) & 1) === 1;
}

function shuffledLike(group: Group): fc.Arbitrary<Group> {
  const members = group.members.map((one) =>
    fc.record({
      memberId: fc.constant(one.memberId),
      instanceId: fc.constant(one.instanceId),
      topics: shuffled([...new Set(one.topics)]),
      owned: shuffled(one.owned),
      ownedGeneration: fc.constant(one.ownedGeneration),
    }),
  );
  return fc.record({
    members: fc.tuple(...members).chain(shuffled),
    partitionCounts: shuffled([...group.partitionCounts]).map((counts) => new Map(counts)),
  });
}

function shuffled<T>(values: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...values], { minLength: values.length });
}
