import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planPool } from './agent-pool.ts';
import { isServing, type PoolMember, sharesOf } from './pool-facts.ts';
import { factsOf, member, poolResource, session, set, World } from './pool.test-support.ts';

const NOTHING = { drain: [], fence: [], replace: [], remove: [], leaving: [] };

describe('sharesOf', () => {
  test('spreads agents evenly, in an order that does not depend on that of the spec', () => {
    expect(sharesOf(5, ['b', 'a'])).toEqual([
      { zone: 'a', replicas: 3 },
      { zone: 'b', replicas: 2 },
    ]);
    expect(sharesOf(2, [])).toEqual([{ zone: '', replicas: 2 }]);
  });
});

describe('scaling', () => {
  test('makes a new pool at once', () => {
    const pool = poolResource({ replicas: 3 });
    const plan = planPool(pool, factsOf(pool, 'a', { sets: [], members: [] }));
    expect(plan).toMatchObject({ ...NOTHING, sets: [{ replicas: 3, partition: 0 }] });
  });

  test('adds agents at once', () => {
    const pool = poolResource({ replicas: 5 });
    const members = [0, 1, 2].map((ordinal) => member(ordinal));
    const plan = planPool(pool, factsOf(pool, 'a', { sets: [set(3)], members }));
    expect(plan).toMatchObject({ ...NOTHING, sets: [{ replicas: 5 }] });
  });

  test('drains the highest ordinals before it takes them away', () => {
    const pool = poolResource({ replicas: 2 });
    const members = [0, 1, 2, 3].map((ordinal) => member(ordinal));
    const plan = planPool(pool, factsOf(pool, 'a', { sets: [set(4)], members }));
    expect(plan).toMatchObject({ sets: [{ replicas: 4 }], drain: [3, 4] });
    expect(plan.leaving).toEqual(members.slice(2));
  });

  test('takes one away that holds nothing, and not the one below it that does', () => {
    const pool = poolResource({ replicas: 2 });
    const members = [
      member(0),
      member(1),
      member(2, { session: session(3, { isDraining: true, leases: 1 }) }),
      member(3, { session: session(4, { isDraining: true, leases: 0 }) }),
    ];
    const plan = planPool(pool, factsOf(pool, 'a', { sets: [set(4)], members }));
    expect(plan).toMatchObject({ sets: [{ replicas: 3 }], drain: [] });
  });

  test('does not take one away that holds nothing yet and was not told to drain', () => {
    const pool = poolResource({ replicas: 2 });
    const members = [member(0), member(1), member(2, { session: session(3, { leases: 0 }) })];
    const plan = planPool(pool, factsOf(pool, 'a', { sets: [set(3)], members }));
    expect(plan).toMatchObject({ sets: [{ replicas: 3 }], drain: [3] });
  });

  test('takes one away after its time although it holds something', () => {
    const pool = poolResource({ replicas: 2, drain: { timeout: '10s' } });
    const drainedFor = (drainingMs: number): PoolMember =>
      member(2, { session: session(3, { isDraining: true, drainingMs }) });
    const replicasAfter = (drainingMs: number): number | undefined => {
      const members = [member(0), member(1), drainedFor(drainingMs)];
      return planPool(pool, factsOf(pool, 'a', { sets: [set(3)], members })).sets[0]?.replicas;
    };
    expect(replicasAfter(9_999)).toBe(3);
    expect(replicasAfter(10_000)).toBe(2);
  });

  test('leaves working agents while those that are to stay do not work', () => {
    const pool = poolResource({ replicas: 2 });
    const members = [0, 1, 2, 3].map((ordinal) => member(ordinal, { isReady: ordinal > 1 }));
    const plan = planPool(pool, factsOf(pool, 'a', { sets: [set(4)], members }));
    expect(plan).toMatchObject({ sets: [{ replicas: 4 }], drain: [] });
  });

  test('takes nobody away while Postgres cannot be reached', () => {
    const pool = poolResource({ replicas: 2 });
    const members = [0, 1, 2].map((ordinal) => member(ordinal, { session: undefined }));
    const facts = factsOf(pool, 'a', { sets: [set(3)], members, metadata: undefined });
    expect(planPool(pool, facts).sets).toMatchObject([{ replicas: 3 }]);
  });

  test('ends all agents of a pool of none, as nobody could take over', () => {
    const pool = poolResource({ replicas: 0 });
    const members = [0, 1].map((ordinal) => member(ordinal));
    const plan = planPool(pool, factsOf(pool, 'a', { sets: [set(2)], members }));
    expect(plan).toMatchObject({ sets: [{ replicas: 0 }], drain: [] });
  });

  test('empties the set of a zone that is no longer named, and then removes it', () => {
    const pool = poolResource({ replicas: 2, zones: ['a'] });
    const sets = [set(1, { zone: 'a' }), set(1, { zone: 'b', partition: 1 })];
    const stays = [member(0, { zone: 'a' }), member(1, { zone: 'a' })];
    const leaves = member(0, { zone: 'b', session: session(9) });
    const facts = factsOf(pool, 'a', { sets, members: [...stays, leaves] });
    expect(planPool(pool, facts)).toMatchObject({
      sets: [
        { zone: 'a', replicas: 2 },
        { zone: 'b', replicas: 1, partition: 1 },
      ],
      drain: [9],
      remove: [],
    });
    const empty = {
      ...facts,
      sets: [set(2, { zone: 'a' }), set(0, { zone: 'b' })],
      members: stays,
    };
    expect(planPool(pool, empty).remove).toEqual(['b']);
  });

  test('restarts an agent that drains although it is wanted again', () => {
    const pool = poolResource({ replicas: 2 });
    const idle = member(1, { session: session(2, { isDraining: true, leases: 0 }) });
    const facts = factsOf(pool, 'a', { members: [member(0), idle] });
    expect(planPool(pool, facts).replace).toEqual([idle]);
    const busy = member(1, { session: session(2, { isDraining: true, leases: 1 }) });
    expect(planPool(pool, { ...facts, members: [member(0), busy] }).replace).toEqual([]);
  });

  test('fences those whose process is gone', () => {
    const pool = poolResource();
    const gone = [session(7).incarnation];
    expect(planPool(pool, factsOf(pool, 'a', { metadata: { gone, unheld: 0 } })).fence).toBe(gone);
  });
});

describe('a rollout', () => {
  const pool = poolResource({ replicas: 3 });

  test('begins with the highest ordinal', () => {
    const plan = planPool(pool, factsOf(pool, 'b'));
    expect(plan).toMatchObject({ sets: [{ partition: 2 }], replace: [] });
    expect(plan.rollout.outdated).toBe(3);
  });

  test('takes as many as may be away', () => {
    const wide = poolResource({ replicas: 3, rollout: { maxUnavailable: 2 } });
    expect(planPool(wide, factsOf(wide, 'b')).sets).toMatchObject([{ partition: 1 }]);
  });

  test('waits until the last one that was replaced is ready', () => {
    const renewed = member(2, { revision: 'b', isReady: false });
    const facts = factsOf(pool, 'b', {
      sets: [set(3, { revision: 'b', partition: 2 })],
      members: [member(0), member(1), renewed],
    });
    const waits = planPool(pool, facts);
    expect(waits.sets).toMatchObject([{ partition: 2 }]);
    expect(waits.rollout.waitsFor).toContain('default-2');
    const ready = { ...facts, members: [member(0), member(1), { ...renewed, isReady: true }] };
    expect(planPool(pool, ready).sets).toMatchObject([{ partition: 1 }]);
  });

  test('waits until every partition has a holder', () => {
    const plan = planPool(pool, factsOf(pool, 'b', { metadata: { gone: [], unheld: 2 } }));
    expect(plan.sets).toMatchObject([{ partition: 3 }]);
    expect(plan.rollout.waitsFor).toBe('2 partitions without a holder');
  });

  test('waits while another agent is away', () => {
    const members = [member(0, { isReady: false }), member(1), member(2)];
    const plan = planPool(pool, factsOf(pool, 'b', { members }));
    expect(plan.sets).toMatchObject([{ partition: 3 }]);
    expect(plan.rollout.waitsFor).toContain('not ready');
  });

  test('waits for Postgres', () => {
    const plan = planPool(pool, factsOf(pool, 'b', { metadata: undefined }));
    expect(plan.sets).toMatchObject([{ partition: 3 }]);
  });

  test('does nothing while it is paused', () => {
    const paused = poolResource({ replicas: 3, rollout: { paused: true } });
    expect(planPool(paused, factsOf(paused, 'b')).sets).toMatchObject([{ partition: 3 }]);
  });

  test('replaces agents that hold nothing and never became ready at once', () => {
    const broken = (ordinal: number): PoolMember =>
      member(ordinal, { isReady: false, session: undefined });
    const members = [member(0), broken(1), broken(2)];
    const plan = planPool(pool, factsOf(pool, 'b', { members }));
    expect(plan.sets).toMatchObject([{ partition: 1 }]);
  });

  test('replaces agents at once when none is ready, whatever they hold', () => {
    const members = [0, 1, 2].map((ordinal) => member(ordinal, { isReady: false }));
    expect(planPool(pool, factsOf(pool, 'b', { members })).sets).toMatchObject([{ partition: 0 }]);
  });

  test('goes back to the revision before without touching those that have it', () => {
    const facts = factsOf(pool, 'a', {
      sets: [set(3, { revision: 'b', partition: 2 })],
      members: [
        member(0),
        member(1),
        member(2, { revision: 'b', isReady: false, session: undefined }),
      ],
    });
    expect(planPool(pool, facts).sets).toMatchObject([{ partition: 0 }]);
  });

  test('begins anew at the top when the spec changes on the way', () => {
    const facts = factsOf(pool, 'c', {
      sets: [set(3, { revision: 'b', partition: 1 })],
      members: [member(0), member(1, { revision: 'b' }), member(2, { revision: 'b' })],
    });
    expect(planPool(pool, facts).sets).toMatchObject([{ partition: 2 }]);
  });

  test('ends agents itself once their set knows of it', () => {
    const wide = poolResource({ replicas: 3, rollout: { maxUnavailable: 2 } });
    const facts = factsOf(wide, 'b', { sets: [set(3, { revision: 'b', partition: 1 })] });
    expect(planPool(wide, facts).replace.map(({ ordinal }) => ordinal)).toEqual([1, 2]);
    const unseen = { ...facts, sets: facts.sets.map((one) => ({ ...one, isObserved: false })) };
    expect(planPool(wide, unseen).replace).toEqual([]);
  });

  test('goes through one zone after the other', () => {
    const zoned = poolResource({ replicas: 4, zones: ['a', 'b'] });
    expect(planPool(zoned, factsOf(zoned, 'b')).sets).toMatchObject([
      { zone: 'a', partition: 1 },
      { zone: 'b', partition: 2 },
    ]);
  });
});

const SPEC = fc.record({
  replicas: fc.integer({ min: 0, max: 6 }),
  zones: fc.constantFrom([], [], ['a'], ['a', 'b'], ['b', 'c']),
  rollout: fc.record({ maxUnavailable: fc.integer({ min: 1, max: 3 }) }),
});
const STEP = fc.record({
  spec: SPEC,
  revision: fc.constantFrom('a', 'b', 'c'),
  moves: fc.array(fc.nat(99), { maxLength: 20 }),
});

describe('any history of specs', () => {
  test('ends as the last one says, and takes nobody away who holds partitions', () => {
    fc.assert(
      fc.property(fc.array(STEP, { minLength: 1, maxLength: 5 }), (steps) => {
        const world = new World();
        for (const { spec, revision, moves } of steps) {
          const pool = poolResource(spec);
          for (const move of moves) {
            const served = stayingAndServing(world, pool.spec, revision);
            world.reconcile(pool, revision);
            expectGentle(world, pool.spec, revision, served);
            world.move(move);
          }
        }
        const { spec, revision } = steps.at(-1)!;
        settle(world, spec, revision);
        const shares = sharesOf(spec.replicas, spec.zones);
        expect(world.sets).toEqual(
          shares.map((share) => set(share.replicas, { ...share, revision })),
        );
        expect(world.members.every((one) => one.revision === revision && one.isReady)).toBe(true);
        expect(world.members).toHaveLength(spec.replicas);
        // Only a pool of none may end agents that hold something.
        if (steps.every(({ spec: { replicas } }) => replicas > 0)) expect(world.lost).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('a revision that never works takes no more away than may be', () => {
    fc.assert(
      fc.property(SPEC, fc.array(fc.nat(99), { maxLength: 60 }), (spec, moves) => {
        const world = new World();
        settle(world, spec, 'a');
        const pool = poolResource(spec);
        for (const move of moves) {
          world.reconcile(pool, 'b');
          world.move(move, ({ revision }) => revision !== 'b');
        }
        const serving = world.members.filter(isServing).length;
        expect(serving).toBeGreaterThanOrEqual(spec.replicas - spec.rollout.maxUnavailable);
      }),
      { numRuns: 200 },
    );
  });
});

/** Reconciles until neither the plan nor the cluster moves: then a plan asks for nothing. */
function settle(world: World, spec: object, revision: string): void {
  const pool = poolResource(spec);
  for (let round = 0; round < 1_000; round++) {
    const before = JSON.stringify([world.sets, world.members]);
    world.reconcile(pool, revision);
    if (!world.move(round) && before === JSON.stringify([world.sets, world.members])) break;
  }
  expect(planPool(pool, world.facts(pool, revision))).toMatchObject(NOTHING);
}

interface Served {
  readonly all: readonly PoolMember[];
  /** Those that were given up before, and may be ended any time. */
  readonly released: readonly PoolMember[];
}

function stayingAndServing(world: World, { replicas, zones }: Spec, revision: string): Served {
  const shares = sharesOf(replicas, zones);
  const all = world.members.filter(
    (one) =>
      isServing(one) &&
      shares.some(({ zone, replicas: count }) => zone === one.zone && one.ordinal < count),
  );
  return { all, released: released(world, all, revision) };
}

function released(world: World, members: readonly PoolMember[], revision: string): PoolMember[] {
  return members.filter((one) =>
    world.sets.some(
      ({ zone, partition, revision: given }) =>
        zone === one.zone &&
        one.ordinal >= partition &&
        one.revision !== given &&
        given === revision,
    ),
  );
}

/** Of those that serve, no more are given up than may be away together with those that are away already. */
function expectGentle(
  world: World,
  { replicas, zones, rollout }: Spec,
  revision: string,
  served: Served,
): void {
  const count = released(world, served.all, revision).length - served.released.length;
  if (count <= 0) return;
  const existing = sharesOf(replicas, zones).reduce(
    (total, { zone, replicas: asked }) =>
      total + Math.min(asked, world.sets.find((kept) => kept.zone === zone)?.replicas ?? 0),
    0,
  );
  const away = existing - served.all.length;
  expect(away + count).toBeLessThanOrEqual(rollout.maxUnavailable);
}

interface Spec {
  readonly replicas: number;
  readonly zones: readonly string[];
  readonly rollout: { readonly maxUnavailable: number };
}
