import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitionIndex } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { type GroupEvent, stepGroup } from './group.ts';
import { newGroup } from './group-state.ts';
import { GroupWorld, MEMBERS, type Mischief, TOPIC } from './group-world.test-support.ts';
import type { JoinRequest } from './member.ts';

type Model = Record<string, never>;

class WorldCommand implements fc.Command<Model, GroupWorld> {
  readonly #name: string;
  readonly #run: (world: GroupWorld) => void;

  constructor(name: string, run: (world: GroupWorld) => void) {
    this.#name = name;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  run(_: Model, world: GroupWorld): void {
    this.#run(world);
    world.check();
  }

  toString(): string {
    return this.#name;
  }
}

function command<Args extends unknown[]>(
  name: string,
  args: { [K in keyof Args]: fc.Arbitrary<Args[K]> },
  run: (world: GroupWorld, ...args: Args) => void,
): fc.Arbitrary<WorldCommand> {
  return fc
    .tuple<Args>(...args)
    .map(
      (values) => new WorldCommand(`${name}(${values.join()})`, (world) => run(world, ...values)),
    );
}

const member = fc.nat(MEMBERS - 1);
const beating = fc.subarray([0, 1, 2, 3, 4]);
const mischief = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Mischief>('none') },
  { weight: 2, arbitrary: fc.constantFrom<Mischief>('twice', 'stale') },
);

const WEIGHTED: readonly (readonly [number, fc.Arbitrary<WorldCommand>])[] = [
  [10, command('join', [member], (world, who) => world.join(who))],
  [10, command('sync', [member, mischief], (world, who, what) => world.sync(who, what))],
  [12, command('save', [], (world) => world.save())],
  [4, command('beat', [member], (world, who) => world.beat(who))],
  [6, command('commit', [member, fc.nat(1)], (world, who, back) => world.commit(who, back))],
  [3, command('pass', [fc.nat(300), beating], (world, ms, who) => world.pass(ms, who))],
  [2, command('pass', [fc.nat(6_000), beating], (world, ms, who) => world.pass(ms, who))],
  [1, command('leave', [member], (world, who) => world.leave(who))],
  [1, command('crash', [member], (world, who) => world.crash(who))],
  [1, command('failOver', [fc.nat(2)], (world, arriving) => world.failOver(arriving))],
];
const commands = WEIGHTED.flatMap(([weight, one]) => Array<typeof one>(weight).fill(one));
const COMMANDS = { maxCommands: 150, size: 'max' } as const;

describe('a group, through joins, departures, silences and failovers of its coordinator', () => {
  it('keeps I-24 and I-25, tells nothing before it is stored, and answers every call once and in time', () => {
    fc.assert(
      fc.property(fc.commands(commands, COMMANDS), (all) => {
        runWorld(all).finish();
      }),
      { numRuns: 1_000 },
    );
  });

  it('comes to rest: when nobody fails any more, every partition has its owner (I-25)', () => {
    fc.assert(
      fc.property(fc.commands(commands, COMMANDS), (all) => {
        runWorld(all).settle();
      }),
      { numRuns: 200 },
    );
  });

  it('was in every situation that these invariants are about', () => {
    const runs = fc.sample(fc.commands(commands, COMMANDS), { numRuns: 300, seed: 1 });
    const reached = new Set(runs.flatMap((all) => [...runWorld(all).reached]));
    expect([...reached].sort()).toEqual([
      'assigning to joining',
      'assigning to stable',
      'commit: illegalGeneration',
      'commit: unknownMember',
      'committed',
      'empty to joining',
      'failover while empty',
      'failover while joining',
      'failover while stable',
      'fencedInstance',
      'illegalGeneration',
      'invalidAssignment',
      'join again',
      'joining to empty',
      'joining to saving',
      'rebalanceInProgress',
      'saving to empty',
      'saving to joining',
      'saving to syncing',
      'stable to joining',
      'stable to saving',
      'superseded',
      'syncing to assigning',
      'syncing to joining',
      'syncing to saving',
      'unknownMember',
    ]);
  });
});

describe('a group that is full (B-10)', () => {
  const join = (memberId: string, owned: JoinRequest['owned'] = []): GroupEvent => ({
    type: 'JoinRequested',
    token: 0,
    request: {
      memberId,
      instanceId: undefined,
      clientId: 'test',
      clientHost: '127.0.0.1',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      topics: ['orders'],
      assignors: ['range'],
      owned,
      ownedGeneration: 0,
    },
  });

  it('takes no other member, and no larger claims', () => {
    const state = newGroup();
    for (let member = 0; member < LIMITS.groupMembersMax; member++) {
      expect(stepGroup(state, join(String(member)), 0)).toEqual([]);
    }
    const refused = { type: 'Refuse', token: 0, refusal: 'groupFull' };
    expect(stepGroup(state, join('one more'), 0)).toEqual([refused]);
    const claim = { topicId: TOPIC, partition: partitionIndex(0) };
    const claims = Array.from({ length: LIMITS.groupClaimsMax }, () => claim);
    expect(stepGroup(state, join('0', [claim, ...claims]), 0)).toEqual([refused]);
    expect(stepGroup(state, join('0', claims), 0)).not.toContainEqual(refused);
    expect(stepGroup(state, join('1', [claim]), 0)).toEqual([refused]);
  });
});

function runWorld(all: Iterable<fc.Command<Model, GroupWorld>>): GroupWorld {
  const world = new GroupWorld();
  fc.modelRun(() => ({ model: {}, real: world }), all);
  return world;
}
