import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Epoch,
  epoch,
  type Incarnation,
  incarnation,
  partitionIndex,
  partitionKey,
  topicId,
} from '../ids.ts';
import { type PlacementAgent, place } from './placement.ts';
import { type HeldLease, type PlacementPlan, planPlacement } from './plan.ts';

const POOL = 'default';
const TOPIC = topicId('00000000-0000-4000-8000-000000000000');
const PARTITIONS = Array.from({ length: 24 }, (_, partition) => ({
  topicId: TOPIC,
  partition: partitionIndex(partition),
  pool: POOL,
}));
const MOVES_MAX = 4;

describe('planPlacement', () => {
  const [a, b] = [incarnation(1), incarnation(2)];
  const desired = new Map([
    [partitionKey(TOPIC, partitionIndex(0)), a],
    [partitionKey(TOPIC, partitionIndex(1)), b],
  ]);
  const lease = (partition: number, holder: Incarnation | undefined): HeldLease => ({
    topicId: TOPIC,
    partition: partitionIndex(partition),
    holder,
    epoch: epoch(5),
  });
  const input = { desired, me: a, isDraining: false, live: new Set([a, b]), movesMax: 10 };
  const taken = { topicId: TOPIC, partition: partitionIndex(0) };
  const given = { topicId: TOPIC, partition: partitionIndex(1), epoch: epoch(5), heir: b };

  it.each<[string, HeldLease, Partial<typeof input>, Partial<PlacementPlan>]>([
    ['takes what nobody holds', lease(0, undefined), {}, { takeOver: [taken] }],
    ['takes what a fenced session held', lease(0, incarnation(9)), {}, { takeOver: [taken] }],
    ['leaves what another live session holds', lease(0, b), {}, {}],
    ['leaves what is desired for another', lease(1, undefined), {}, {}],
    ['takes nothing while draining', lease(0, undefined), { isDraining: true }, {}],
    ['keeps what it should have', lease(0, a), {}, {}],
    ['hands over what another should have', lease(1, a), {}, { handOver: [given] }],
    ['keeps what nobody can inherit', lease(2, a), {}, {}],
    ['keeps what an heir that is fenced should have', lease(1, a), { live: new Set([a]) }, {}],
    ['hands over nothing beyond its bound', lease(1, a), { movesMax: 0 }, {}],
    [
      'hands everything over while draining, whatever the bound',
      lease(1, a),
      { isDraining: true, movesMax: 0 },
      { handOver: [given] },
    ],
    [
      'lets go while draining of what nobody can inherit',
      lease(0, a),
      { isDraining: true },
      { handOver: [{ ...given, partition: partitionIndex(0), heir: undefined }] },
    ],
    [
      'names no fenced heir while draining',
      lease(1, a),
      { isDraining: true, live: new Set([a]) },
      { handOver: [{ ...given, heir: undefined }] },
    ],
  ])('%s', (_, leaseNow, change, expected) => {
    const plan = planPlacement({ ...input, ...change, leases: [leaseNow] });
    expect(plan).toEqual({ takeOver: [], handOver: [], ...expected });
  });

  it('plans nothing for a placement that is reached', () => {
    const leases = [lease(0, a), lease(1, b)];
    expect(planPlacement({ ...input, leases })).toEqual({ takeOver: [], handOver: [] });
  });
});

interface Snapshot {
  readonly leases: readonly HeldLease[];
  readonly agents: readonly PlacementAgent[];
}

/** The lease store's rules over plain objects, and agents that act on what they last read. */
class Cluster {
  readonly rows: HeldLease[] = PARTITIONS.map((partition) => ({
    ...partition,
    holder: undefined,
    epoch: epoch(0),
  }));
  readonly sessions = new Map<Incarnation, PlacementAgent>();
  readonly snapshots = new Map<Incarnation, Snapshot>();
  /** Every (partition, epoch) ever granted: to whom. */
  readonly grants = new Map<string, Incarnation | undefined>();
  #nextIncarnation = 1;

  start(agentNumber: number): void {
    const id = incarnation(this.#nextIncarnation++);
    const agentId = `agent-${agentNumber}`;
    for (const old of this.sessions.values()) {
      if (old.agentId === agentId) this.fence(old.incarnation);
    }
    const zone = `zone-${agentNumber % 2}`;
    this.sessions.set(id, { incarnation: id, agentId, pool: POOL, zone, isDraining: false });
    this.look(id);
  }

  /** Its agent does not know yet, and goes on acting on its last snapshot. */
  fence(id: Incarnation): void {
    this.sessions.delete(id);
  }

  drain(id: Incarnation): void {
    const session = this.sessions.get(id);
    if (session !== undefined) this.sessions.set(id, { ...session, isDraining: true });
  }

  look(id: Incarnation): void {
    this.snapshots.set(id, { leases: [...this.rows], agents: [...this.sessions.values()] });
  }

  /** How many rows the plan of `me` changed. */
  act(me: Incarnation): number {
    const { leases, agents } = this.snapshots.get(me)!;
    const plan = planPlacement({
      desired: place(PARTITIONS, agents),
      leases,
      me,
      isDraining: agents.some((one) => one.incarnation === me && one.isDraining),
      live: new Set(agents.map((one) => one.incarnation)),
      movesMax: MOVES_MAX,
    });
    const isLive = this.sessions.has(me);
    let changed = 0;
    for (const { partition } of plan.takeOver) {
      const { holder } = this.rows[partition]!;
      const isFree = holder === undefined || !this.sessions.has(holder);
      if (isLive && isFree) changed += this.#grant(partition, me);
    }
    for (const { partition, epoch: at, heir } of plan.handOver) {
      const row = this.rows[partition]!;
      if (row.holder !== me || row.epoch !== at) continue;
      const isHeirLive = heir !== undefined && this.sessions.has(heir);
      changed += this.#grant(partition, isHeirLive ? heir : undefined);
    }
    return changed;
  }

  /** The number of rounds, in which every agent looks and acts once, until nothing changes. */
  settle(roundsMax: number): number {
    for (let round = 0; round < roundsMax; round++) {
      let changed = 0;
      for (const id of this.snapshots.keys()) {
        this.look(id);
        changed += this.act(id);
      }
      if (changed === 0) return round;
    }
    throw new Error(`not settled after ${roundsMax} rounds`);
  }

  #grant(partition: number, to: Incarnation | undefined): 1 {
    const row = this.rows[partition]!;
    const next: Epoch = epoch(row.epoch + 1);
    const key = `${partition}/${next}`;
    if (this.grants.has(key)) throw new Error(`epoch ${next} of ${partition} is granted twice`);
    this.grants.set(key, to);
    this.rows[partition] = { ...row, holder: to, epoch: next };
    return 1;
  }
}

type Happening =
  | { readonly type: 'start' | 'fence' | 'drain' | 'look' | 'act'; readonly number: number }
  | { readonly type: 'settle' };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    type: fc.constantFrom('start', 'fence', 'drain', 'look', 'look', 'act', 'act', 'act'),
    number: fc.nat(5),
  }),
  fc.constant({ type: 'settle' as const }),
);

/** Rounds for every partition to move once, in steps of MOVES_MAX, and one to see that nothing changes. */
const ROUNDS_MAX = PARTITIONS.length / MOVES_MAX + 2;

function carryOut(cluster: Cluster, what: Happening): void {
  if (what.type === 'settle') {
    cluster.settle(ROUNDS_MAX);
    return;
  }
  if (what.type === 'start') {
    cluster.start(what.number);
    return;
  }
  // Every life that ever was may act, fenced ones as well.
  const ids = [...cluster.snapshots.keys()];
  const id = ids[what.number % Math.max(1, ids.length)];
  if (id !== undefined) cluster[what.type](id);
}

describe('agents that plan on old snapshots', () => {
  it('reach the placement in a few rounds and stay there, and no epoch has two holders (I-02, I-05)', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
        const cluster = new Cluster();
        for (const what of happenings) {
          const before = [...cluster.rows];
          carryOut(cluster, what);
          for (const [partition, row] of cluster.rows.entries()) {
            if (row.holder !== before[partition]!.holder) {
              expect(row.epoch).toBeGreaterThan(before[partition]!.epoch);
            }
          }
        }
        cluster.settle(ROUNDS_MAX);
        const sessions = [...cluster.sessions.values()];
        const desired = place(PARTITIONS, sessions);
        for (const { partition, holder } of cluster.rows) {
          const wanted = desired.get(partitionKey(TOPIC, partition));
          const isHeldByLive = holder !== undefined && cluster.sessions.has(holder);
          expect(isHeldByLive ? holder : undefined).toBe(wanted);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('move each partition once when one agent joins: no going back and forth', () => {
    const cluster = new Cluster();
    for (const number of [0, 1, 2]) cluster.start(number);
    cluster.settle(ROUNDS_MAX);
    const before = [...cluster.rows];
    cluster.start(3);
    cluster.settle(ROUNDS_MAX);
    const steps = cluster.rows.map((row, partition) => row.epoch - before[partition]!.epoch);
    const moved = cluster.rows.map((row, partition) =>
      Number(row.holder !== before[partition]!.holder),
    );
    expect(steps).toEqual(moved);
    expect(steps).toContain(1);
  });
});
