import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incarnation, partitionIndex, partitionKey, type TopicId, topicId } from '../ids.ts';
import { hashText } from './hash.ts';
import { type PlacedPartition, type PlacementAgent, place } from './placement.ts';

const POOL = 'default';

function topic(number: number): TopicId {
  return topicId(`00000000-0000-4000-8000-${String(number).padStart(12, '0')}`);
}

/** `sizes[i]` partitions of topic `firstTopic + i`. */
function partitionsOf(
  sizes: readonly number[],
  { pool = POOL, firstTopic = 0 } = {},
): readonly PlacedPartition[] {
  return sizes.flatMap((size, number) =>
    Array.from({ length: size }, (_, partition) => ({
      topicId: topic(firstTopic + number),
      partition: partitionIndex(partition),
      pool,
    })),
  );
}

function agent(number: number, change: Partial<PlacementAgent> = {}): PlacementAgent {
  return {
    incarnation: incarnation(100 + number),
    agentId: `agent-${number}`,
    pool: POOL,
    zone: `zone-${number % 3}`,
    isDraining: false,
    ...change,
  };
}

function agentsOf(count: number, change: Partial<PlacementAgent> = {}): readonly PlacementAgent[] {
  return Array.from({ length: count }, (_, number) => agent(number, change));
}

function countsBy(values: Iterable<unknown>): readonly number[] {
  return [...Map.groupBy(values, (value) => value).values()].map((group) => group.length);
}

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 })), {
  minLength: 1,
  maxLength: 30,
});
const agentCount = fc.integer({ min: 1, max: 12 });
const first = fc.nat(1_000_000);

describe('place', () => {
  it('gives each partition to one agent, and each agent its floor or ceil of the pool', () => {
    fc.assert(
      fc.property(sizes, agentCount, first, (topicSizes, count, firstTopic) => {
        const partitions = partitionsOf(topicSizes, { firstTopic });
        const desired = place(partitions, agentsOf(count));
        expect([...desired.keys()].sort()).toEqual(
          partitions.map((p) => partitionKey(p.topicId, p.partition)).sort(),
        );
        const exact = partitions.length / count;
        const loads = countsBy(desired.values());
        if (partitions.length >= count) expect(loads).toHaveLength(count);
        expect(Math.min(...loads)).toBeGreaterThanOrEqual(Math.max(1, Math.floor(exact)));
        expect(Math.max(...loads)).toBeLessThanOrEqual(Math.ceil(exact));
      }),
    );
  });

  it('gives no agent more than its ceil of a topic', () => {
    fc.assert(
      fc.property(sizes, agentCount, first, (topicSizes, count, firstTopic) => {
        const desired = place(partitionsOf(topicSizes, { firstTopic }), agentsOf(count));
        for (const [number, size] of topicSizes.entries()) {
          const id = topic(firstTopic + number);
          const owners = Array.from({ length: size }, (_, partition) =>
            desired.get(partitionKey(id, partitionIndex(partition))),
          );
          expect(Math.max(...countsBy(owners))).toBeLessThanOrEqual(Math.ceil(size / count));
        }
      }),
    );
  });

  it('depends neither on the order of its input nor on other pools', () => {
    const other = { pool: 'other', firstTopic: 2_000_000 };
    const everything = fc.tuple(sizes, agentCount).chain(([topicSizes, count]) => {
      const partitions = partitionsOf(topicSizes);
      const agents = agentsOf(count);
      const strangers = agentsOf(3, { pool: 'other' }).map((stranger, number) => ({
        ...stranger,
        agentId: `other-${number}`,
      }));
      return fc.record({
        expected: fc.constant(place(partitions, agents)),
        partitions: shuffled([...partitions, ...partitionsOf([5, 1], other)]),
        agents: shuffled([...agents, ...strangers]),
      });
    });
    fc.assert(
      fc.property(everything, ({ expected, partitions, agents }) => {
        const desired = place(partitions, agents);
        for (const [key, holder] of expected) expect(desired.get(key)).toBe(holder);
        expect(desired.size).toBe(expected.size + 6);
      }),
    );
  });

  it('settles equal hashes by topic id, not by order', () => {
    // Two topics with one hash: both want the same agent, and one of them must go elsewhere.
    const twins = [
      '9cbc02b9-a017-4fe1-81fd-ff15ae31717e',
      '7406286a-0836-432f-82da-3e84c3a447b5',
    ].map((id) => ({
      topicId: topicId(id),
      partition: partitionIndex(0),
      pool: POOL,
    }));
    expect(hashText(twins[0]!.topicId)).toBe(hashText(twins[1]!.topicId));
    expect(place(twins.toReversed(), agentsOf(2))).toEqual(place(twins, agentsOf(2)));
  });

  it('knows agents by their id: a restart moves nothing, and of two lives the younger counts (I-06)', () => {
    fc.assert(
      fc.property(sizes, agentCount, fc.boolean(), (topicSizes, count, isOldAlive) => {
        const partitions = partitionsOf(topicSizes);
        const before = place(partitions, agentsOf(count));
        const [restarted, ...others] = agentsOf(count);
        const young = agent(0, { incarnation: incarnation(900) });
        const lives = isOldAlive ? [young, restarted!] : [young];
        const after = place(partitions, [...lives, ...others]);
        for (const [key, holder] of before) {
          expect(after.get(key)).toBe(holder === restarted!.incarnation ? 900 : holder);
        }
      }),
    );
  });

  it('gives a draining agent nothing, and its older life neither', () => {
    const agents = [
      agent(0),
      agent(1, { isDraining: true }),
      agent(1, { incarnation: incarnation(50) }),
    ];
    const desired = place(partitionsOf([6]), agents);
    expect(new Set(desired.values())).toEqual(new Set([agents[0]!.incarnation]));
  });

  it('leaves out what no agent can hold', () => {
    expect(place(partitionsOf([3]), [])).toEqual(new Map());
    expect(place(partitionsOf([3]), [agent(0, { pool: 'other' })])).toEqual(new Map());
    expect(place(partitionsOf([3]), [agent(0, { isDraining: true })])).toEqual(new Map());
    expect(place([], agentsOf(3))).toEqual(new Map());
  });

  it('moves least where topics are large or agents are few', () => {
    for (const { topicSizes, count, ratioMax } of [
      { topicSizes: Array<number>(10).fill(1_000), count: 3, ratioMax: 1.1 },
      { topicSizes: Array<number>(10).fill(1_000), count: 20, ratioMax: 1.7 },
      { topicSizes: Array<number>(1_000).fill(1), count: 10, ratioMax: 1.5 },
      { topicSizes: Array<number>(100).fill(12), count: 3, ratioMax: 1.3 },
      { topicSizes: Array<number>(100).fill(12), count: 4, ratioMax: 1.4 },
      { topicSizes: Array<number>(100).fill(12), count: 12, ratioMax: 6 },
    ]) {
      const { moved, must } = movesOfOneLeaving(topicSizes, count);
      expect(moved / must).toBeLessThanOrEqual(ratioMax);
    }
  });

  it('moves at most 6 of 10 partitions of a pool (and 4) beyond what must move, on average over who leaves', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 2, max: 12 }),
        first,
        (topicSizes, count, firstTopic) => {
          const { moved, must } = movesOfOneLeaving(topicSizes, count, firstTopic);
          const partitionCount = topicSizes.reduce((sum, size) => sum + size, 0);
          expect(moved - must).toBeLessThanOrEqual(count * 0.6 * (partitionCount + 4));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('spreads a small topic over two zones where zones are of one size', () => {
    const topicSizes = Array.from({ length: 300 }, (_, number) => 2 + (number % 3));
    const agents = agentsOf(12);
    const zoneOf = new Map(agents.map((one) => [one.incarnation, one.zone]));
    const desired = place(partitionsOf(topicSizes), agents);
    for (const [number, size] of topicSizes.entries()) {
      const zones = Array.from({ length: size }, (_, partition) =>
        zoneOf.get(desired.get(partitionKey(topic(number), partitionIndex(partition)))!),
      );
      expect(new Set(zones).size).toBeGreaterThanOrEqual(2);
    }
  });

  it('keeps the counts where a zone is too small to be in every topic', () => {
    const agents = agentsOf(10).map((one, number) => ({ ...one, zone: number === 0 ? 'a' : 'b' }));
    const desired = place(partitionsOf(Array<number>(100).fill(2)), agents);
    expect(countsBy(desired.values())).toEqual(Array(10).fill(20));
  });
});

function shuffled<T>(values: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...values], { minLength: values.length });
}

/** Sums over each agent leaving: partitions that moved, and those that had to, being its own. */
function movesOfOneLeaving(
  topicSizes: readonly number[],
  count: number,
  firstTopic = 0,
): { readonly moved: number; readonly must: number } {
  const partitions = partitionsOf(topicSizes, { firstTopic });
  const agents = agentsOf(count);
  const all = place(partitions, agents);
  let moved = 0;
  let must = 0;
  for (const leaver of agents) {
    const rest = place(
      partitions,
      agents.filter((one) => one !== leaver),
    );
    for (const [key, holder] of all) {
      if (rest.get(key) !== holder) moved++;
      if (holder === leaver.incarnation) must++;
    }
  }
  return { moved, must };
}
