import { StreamError } from '@streamhouse/core/errors.ts';
import { stickyAssignor } from '@streamhouse/core/assignment/sticky.ts';
import { topicIdToBytes } from '@streamhouse/core/bytes/uuid.ts';
import { topicId } from '@streamhouse/core/ids.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TopicView } from '../cluster/cluster-view.ts';
import { keyOfMessage, messageOfKey } from './group-place.ts';
import { planGeneration } from './leader.ts';
import {
  type MembershipEffect,
  type MembershipEvent,
  type MembershipState,
  openMembership,
  stepMembership,
} from './membership.ts';

const PARTITIONS = 7;
const id = topicId('00000000-0000-4000-8000-000000000001');
const TOPIC: TopicView = {
  name: 'orders',
  topicId: id,
  topicIdBytes: topicIdToBytes(id),
  createdAtMs: 0,
  partitions: Array.from({ length: PARTITIONS }, () => ({ epoch: 1, holder: 1 })),
};
const TOPICS = new Map([[TOPIC.name, TOPIC]]);

const error = (reason: string) => new StreamError('conflict', reason, reason);

interface Join {
  readonly member: Member;
  readonly memberId: string;
  readonly round: number;
  readonly claimed: readonly string[];
  readonly ownedGeneration: number;
}

/** A member whose program comes back whenever the test says so. */
class Member {
  readonly state: MembershipState = openMembership();
  /** Partitions that are to be taken back from the program. */
  readonly revoking = new Set<string>();
  readonly failures: StreamError[] = [];
  readonly #group: Group;
  readonly #name: string;
  #lives = 0;

  constructor(group: Group, name: string) {
    this.#group = group;
    this.#name = name;
  }

  step(event: MembershipEvent): void {
    const effects = stepMembership(this.state, event, () => `${this.#name}-${++this.#lives}`);
    for (const effect of effects) this.#carryOut(effect);
  }

  /** The program has come back from some of what is to be revoked. */
  release(count: number): void {
    const released = [...this.revoking].slice(0, count);
    for (const key of released) this.revoking.delete(key);
    if (released.length > 0) this.step({ type: 'released', partitions: released });
  }

  #carryOut(effect: MembershipEffect): void {
    const { memberId, claimed, ownedGeneration } = this.state;
    switch (effect.type) {
      case 'join':
        this.#group.joins.push({
          member: this,
          memberId,
          round: effect.round,
          claimed: [...claimed],
          ownedGeneration,
        });
        break;
      case 'revoke':
        for (const key of effect.partitions) this.revoking.add(key);
        break;
      case 'lose':
        for (const key of effect.partitions) this.revoking.delete(key);
        break;
      case 'leave':
        this.#group.remove(effect.memberId);
        break;
      case 'fail':
        this.failures.push(effect.error);
        break;
      case 'assign':
        break;
    }
  }
}

/** A coordinator in small: a generation begins once all of its members have joined. */
class Group {
  readonly members: Member[] = [];
  /** Joins on their way, then those that wait for the others. */
  readonly joins: Join[] = [];
  readonly #present = new Map<string, Member>();
  readonly #waiting = new Map<string, Join>();
  #generation = 0;
  /** Assignments that wait to be fetched. */
  #syncs: { readonly join: Join; readonly generation: number; readonly keys: string[] }[] = [];

  add(): void {
    const member = new Member(this, `member-${this.members.length}`);
    this.members.push(member);
    member.step({ type: 'subscribe', topics: ['orders'] });
  }

  /** A join arrives: everyone else is told. One that was given up does not come back with its old claims. */
  deliver(): void {
    const join = this.joins.shift();
    if (join === undefined) return;
    if (!this.#present.has(join.memberId) && join.ownedGeneration > 0) {
      const { member, round } = join;
      return member.step({ type: 'refused', round, error: error('UNKNOWN_MEMBER') });
    }
    this.#present.set(join.memberId, join.member);
    this.#waiting.set(join.memberId, join);
    // Who has not fetched its assignment yet does not get it any more.
    for (const { join: late } of this.#syncs.splice(0)) {
      late.member.step({
        type: 'refused',
        round: late.round,
        error: error('REBALANCE_IN_PROGRESS'),
      });
    }
    for (const [memberId, member] of [...this.#present]) {
      if (!this.#waiting.has(memberId)) member.step({ type: 'rebalancing', memberId });
    }
  }

  /** Everyone is there: the generation begins, and its leader assigns. */
  begin(): void {
    if (this.#waiting.size === 0 || this.#waiting.size < this.#present.size) return;
    const joins = [...this.#waiting.values()];
    this.#waiting.clear();
    const generation = ++this.#generation;
    for (const { member, round } of joins) member.step({ type: 'joined', round, generation });
    const joined = joins.map(({ memberId, claimed, ownedGeneration }) => ({
      memberId,
      topics: ['orders'],
      owned: claimed.map(messageOfKey).map(({ topicId: bytes, partition }) => ({
        topicId: Buffer.from(bytes as Uint8Array),
        partition: partition as number,
      })),
      ownedGeneration,
    }));
    const { assignments } = planGeneration(joined, TOPICS, stickyAssignor);
    this.#syncs = joins.map((join) => ({
      join,
      generation,
      keys: (assignments.find(({ memberId }) => memberId === join.memberId)?.partitions ?? []).map(
        ({ topicId: bytes, partition }) =>
          keyOfMessage({
            topicId: Buffer.from(bytes as Uint8Array),
            partition: partition as number,
          }),
      ),
    }));
  }

  sync(): void {
    const sync = this.#syncs.shift();
    const { member, round } = sync?.join ?? {};
    member?.step({ type: 'synced', round: round!, partitions: sync!.keys, gone: [] });
  }

  member(index: number): Member {
    return this.members[index % this.members.length]!;
  }

  /** Members that were given up hear of it. */
  tell(): void {
    for (const member of this.members) {
      const { memberId } = member.state;
      const isPending = this.joins.some((join) => join.memberId === memberId);
      if (!this.#present.has(memberId) && !isPending) {
        member.step({ type: 'beatRefused', memberId, error: error('UNKNOWN_MEMBER') });
      }
    }
  }

  /** A member has left, or was silent for too long: the others go on without it. */
  remove(memberId: string): void {
    if (!this.#present.delete(memberId)) return;
    const waiting = this.#waiting.get(memberId);
    this.#waiting.delete(memberId);
    for (const [other, member] of this.#present) {
      if (!this.#waiting.has(other)) member.step({ type: 'rebalancing', memberId: other });
    }
    const { member, round } = waiting ?? {};
    member?.step({ type: 'refused', round: round!, error: error('UNKNOWN_MEMBER') });
  }

  /**
   * Members that the group knows, and that own the partition in its latest generation: one that was given up and has not
   * heard of it may still believe in an earlier one.
   */
  ownersOf(key: string): number {
    const generations = [...this.#present]
      .filter(([memberId, { state }]) => state.memberId === memberId && state.owned.has(key))
      .map(([, { state }]) => state.ownedGeneration);
    const latest = Math.max(...generations);
    return generations.filter((generation) => generation === latest).length;
  }

  settle(): void {
    for (let round = 0; round < 100; round++) {
      this.tell();
      while (this.joins.length > 0) this.deliver();
      // Sessions of lives that are over end: a join may arrive after its member has left.
      for (const [memberId, { state }] of [...this.#present]) {
        if (state.memberId !== memberId || state.phase === 'out') this.remove(memberId);
      }
      this.begin();
      for (let member = 0; member < this.members.length; member++) this.sync();
      for (const member of this.members) member.release(PARTITIONS);
    }
  }
}

const keys = Array.from({ length: PARTITIONS }, (_, partition) => `${id}/${partition}`);

const common = { weight: 6 };
const some = { weight: 3 };
const rare = { weight: 1 };
const action = fc.oneof(
  { ...common, arbitrary: fc.constant((group: Group) => group.deliver()) },
  { ...common, arbitrary: fc.constant((group: Group) => group.begin()) },
  { ...common, arbitrary: fc.constant((group: Group) => group.sync()) },
  {
    ...some,
    arbitrary: fc.tuple(fc.nat(9), fc.nat(3)).map(([index, count]) => (group: Group) => {
      group.member(index).release(count);
    }),
  },
  { ...rare, arbitrary: fc.constant((group: Group) => group.add()) },
  { ...rare, arbitrary: fc.constant((group: Group) => group.tell()) },
  {
    ...rare,
    arbitrary: fc.nat(9).map((index) => (group: Group) => {
      group.remove(group.member(index).state.memberId);
    }),
  },
  {
    ...rare,
    arbitrary: fc.nat(9).map((index) => (group: Group) => {
      group.member(index).step({ type: 'topicsChanged', topics: ['orders'] });
    }),
  },
  {
    ...rare,
    arbitrary: fc.nat(9).map((index) => (group: Group) => {
      group.member(index).step({ type: 'leave' });
    }),
  },
);

test('I-25: whatever comes in between, a partition has one owner at most, and in the end one', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 150 }), (actions) => {
      const group = new Group();
      for (let count = 0; count < 3; count++) group.add();
      for (const act of actions) {
        act(group);
        for (const key of keys) expect(group.ownersOf(key)).toBeLessThanOrEqual(1);
      }
      group.add();
      group.settle();
      const members = group.members.filter(({ state }) => state.phase !== 'out');
      for (const key of keys) expect(group.ownersOf(key)).toBe(1);
      for (const { state, failures } of members) {
        expect(failures).toEqual([]);
        expect(state.phase).toBe('stable');
        expect(state.owned.size).toBeGreaterThanOrEqual(Math.floor(PARTITIONS / members.length));
        expect(state.owned.size).toBeLessThanOrEqual(Math.ceil(PARTITIONS / members.length));
      }
    }),
    { numRuns: 500 },
  );
});

function stable(owned: readonly string[]): MembershipState {
  const state = openMembership();
  stepMembership(state, { type: 'subscribe', topics: ['orders'] }, () => 'me');
  stepMembership(state, { type: 'joined', round: 1, generation: 3 }, () => 'me');
  stepMembership(state, { type: 'synced', round: 1, partitions: owned, gone: [] }, () => 'me');
  return state;
}

const step = (state: MembershipState, event: MembershipEvent) =>
  stepMembership(state, event, () => 'next');

test('what does not move is neither revoked nor assigned again', () => {
  const state = stable(['a', 'b']);
  expect(step(state, { type: 'rebalancing', memberId: 'me' })).toEqual([
    { type: 'join', round: 2, isRetry: false },
  ]);
  expect([...state.claimed]).toEqual(['a', 'b']);
  step(state, { type: 'joined', round: 2, generation: 4 });
  expect(step(state, { type: 'synced', round: 2, partitions: ['a', 'c'], gone: [] })).toEqual([
    { type: 'revoke', partitions: ['b'] },
    { type: 'assign', partitions: ['c'] },
  ]);
  expect(step(state, { type: 'released', partitions: ['b'] })).toEqual([
    { type: 'join', round: 3, isRetry: false },
  ]);
  expect([...state.claimed]).toEqual(['a', 'c']);
});

test('a partition that comes back before the program has released it begins anew', () => {
  const state = stable(['a']);
  step(state, { type: 'rebalancing', memberId: 'me' });
  step(state, { type: 'joined', round: 2, generation: 4 });
  step(state, { type: 'synced', round: 2, partitions: [], gone: [] });
  step(state, { type: 'rebalancing', memberId: 'me' });
  step(state, { type: 'joined', round: 3, generation: 5 });
  expect(step(state, { type: 'synced', round: 3, partitions: ['a'], gone: [] })).toEqual([]);
  expect(step(state, { type: 'released', partitions: ['a'] })).toEqual([
    { type: 'assign', partitions: ['a'] },
  ]);
});

test('a member that was given up loses all, and comes back as another one', () => {
  const state = stable(['a', 'b']);
  expect(
    step(state, { type: 'beatRefused', memberId: 'me', error: error('UNKNOWN_MEMBER') }),
  ).toEqual([
    { type: 'lose', partitions: ['a', 'b'] },
    { type: 'join', round: 2, isRetry: false },
  ]);
  expect(state).toMatchObject({ memberId: 'next', generation: 0, ownedGeneration: 0 });
  // What the old life is told does not concern it, nor that it is not known before it has joined.
  expect(step(state, { type: 'rebalancing', memberId: 'me' })).toEqual([]);
  for (const memberId of ['me', 'next']) {
    const event = { type: 'beatRefused', memberId, error: error('UNKNOWN_MEMBER') } as const;
    expect(step(state, event)).toEqual([]);
  }
});

test('a newer life under the same name ends the membership without a leave', () => {
  const state = stable(['a']);
  const fenced = new StreamError('fenced', 'FENCED_INSTANCE', 'newer');
  expect(step(state, { type: 'beatRefused', memberId: 'me', error: fenced })).toEqual([
    { type: 'lose', partitions: ['a'] },
    { type: 'fail', error: fenced },
  ]);
  expect(state.phase).toBe('out');
});

test('an answer to an earlier join says nothing', () => {
  const state = stable(['a']);
  step(state, { type: 'topicsChanged', topics: ['orders', 'more'] });
  step(state, { type: 'topicsChanged', topics: ['orders'] });
  expect(step(state, { type: 'synced', round: 1, partitions: [], gone: [] })).toEqual([]);
  expect(step(state, { type: 'refused', round: 1, error: error('INCONSISTENT') })).toEqual([]);
  step(state, { type: 'joined', round: 2, generation: 4 });
  // The topics have changed since it joined.
  expect(step(state, { type: 'synced', round: 2, partitions: ['a'], gone: [] })).toEqual([
    { type: 'join', round: 3, isRetry: false },
  ]);
});

test('partitions of a topic that is deleted are lost, not revoked', () => {
  const state = stable(['a', 'b']);
  step(state, { type: 'topicsChanged', topics: [] });
  step(state, { type: 'joined', round: 2, generation: 4 });
  // Nobody waits for them: there is no reason to join again.
  expect(step(state, { type: 'synced', round: 2, partitions: ['b'], gone: ['a'] })).toEqual([
    { type: 'lose', partitions: ['a'] },
  ]);
});
