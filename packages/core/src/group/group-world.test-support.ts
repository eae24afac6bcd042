/**
 * A group with its coordinator, its store and its members, for random histories. Calls and saves stay under way until the
 * history lets them arrive. After each step `check` compares what the machine said with what must hold.
 */
import { strict as assert } from 'node:assert';
import { partitionIndex, type TopicId, topicId, type TopicPartition } from '../ids.ts';
import { type GroupEffect, type GroupEvent, stepGroup } from './group.ts';
import { checkCommit, loadGroup, newGroup, nextDeadlineMs } from './group-state.ts';
import { apply, NOT_STORED, type Save, savedEvent } from './group-store.test-support.ts';
import type { JoinRequest } from './member.ts';

export const MEMBERS = 5;
const PARTITIONS = 6;
export const TOPIC: TopicId = topicId('00000000-0000-4000-8000-000000000001');
const SESSION_MS = 10_000;
const REBALANCE_MS = 4_000;
/** Until a join is answered, the time of the store not counted: others are awaited, or a new group waits for company. */
const JOIN_MS_MAX = REBALANCE_MS + 1_000;
/** What a sync may do wrong: an assignment that names a partition twice, an old generation. */
export type Mischief = 'none' | 'twice' | 'stale';

interface Call {
  readonly kind: 'join' | 'sync';
  readonly memberId: string;
  /** As `idleMs` was. */
  readonly sinceMs: number;
}

/** What a member believes. */
interface Client {
  memberId: string;
  lives: number;
  readonly instanceId: string | undefined;
  generation: number;
  owned: readonly TopicPartition[];
  ownedGeneration: number;
  isLeader: boolean;
  toAssign: readonly JoinRequest[];
  /** Its newest call that has no answer. */
  waits: 'join' | 'sync' | undefined;
}

export class GroupWorld {
  readonly reached: Set<string> = new Set();
  #state = newGroup();
  #stored = NOT_STORED;
  #saves: Save[] = [];
  readonly #calls = new Map<number, Call>();
  #nextToken = 0;
  #nowMs = 0;
  /** Milliseconds in which nothing was on its way to the store. */
  #idleMs = 0;
  readonly #clients: Client[] = Array.from({ length: MEMBERS }, (_, index) => newClient(index));
  /** Who was told to own a partition, by generation and partition. */
  readonly #owners = new Map<string, string>();
  /** The newest generation that anyone was told. */
  #told = 0;

  join(index: number): void {
    const client = this.#clients[index]!;
    if (client.waits === 'join') this.reached.add('join again');
    client.waits = 'join';
    const request = requestOf(client);
    this.#step({ type: 'JoinRequested', token: this.#call('join', client), request });
  }

  sync(index: number, mischief: Mischief): void {
    const client = this.#clients[index]!;
    if (client.generation === 0 || client.waits === 'join') return;
    client.waits = 'sync';
    this.#step({
      type: 'SyncRequested',
      token: this.#call('sync', client),
      memberId: client.memberId,
      generation: client.generation - (mischief === 'stale' ? 1 : 0),
      assignments: mischief === 'twice' ? twice(client.toAssign) : deal(client.toAssign),
      topics: new Map([[TOPIC, PARTITIONS]]),
    });
  }

  beat(index: number): void {
    const { memberId, generation } = this.#clients[index]!;
    this.#step({ type: 'HeartbeatReceived', memberId, generation });
  }

  leave(index: number): void {
    const client = this.#clients[index]!;
    this.#step({ type: 'LeaveRequested', memberId: client.memberId });
    this.#restart(client);
  }

  /** The process ends without a word, and begins again. */
  crash(index: number): void {
    this.#restart(this.#clients[index]!);
  }

  save(): void {
    const save = this.#saves.shift();
    if (save === undefined) return;
    this.#stored = apply(this.#stored, save);
    this.#step(savedEvent(save));
  }

  /** Another coordinator goes on; of what was on its way to the store, `arriving` saves arrived. */
  failOver(arriving: number): void {
    for (const save of this.#saves.splice(0, arriving)) this.#stored = apply(this.#stored, save);
    this.#saves = [];
    this.#calls.clear();
    // A call that failed is made again.
    for (const client of this.#clients) {
      if (client.waits === 'join') client.generation = 0;
      client.waits = undefined;
    }
    this.#state = loadGroup(this.#stored, this.#nowMs);
    this.reached.add(`failover while ${this.#state.phase.kind}`);
  }

  /** I-24: only the generation that the group is in, and only of its members. */
  commit(index: number, back: number): void {
    const client = this.#clients[index]!;
    const committedIn = client.generation - back;
    const fault = checkCommit(this.#state, client.memberId, committedIn);
    if (fault === undefined) {
      assert.equal(committedIn, this.#state.generation);
      assert(committedIn >= this.#told, 'an old generation committed');
      this.reached.add('committed');
    } else this.reached.add(`commit: ${fault}`);
  }

  /** Time goes on, deadline by deadline, while the members that beat do so. */
  pass(ms: number, beating: readonly number[]): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const dueMs = nextDeadlineMs(this.#state);
      assert(dueMs > this.#nowMs || this.#nowMs === 0, 'a deadline that is over stays');
      if (dueMs > endMs) break;
      this.#passUntil(dueMs);
      for (const index of beating) this.beat(index);
      this.#step({ type: 'Tick' });
    }
    this.#passUntil(endMs);
  }

  #passUntil(nowMs: number): void {
    if (this.#saves.length === 0) this.#idleMs += nowMs - this.#nowMs;
    this.#nowMs = nowMs;
  }

  /** Everything saved, and time enough: nobody waits any more. */
  finish(): void {
    for (let round = 0; round < 100 && this.#calls.size > 0; round++) {
      while (this.#saves.length > 0) this.save();
      this.pass(500, [0, 1, 2, 3, 4]);
    }
    assert.deepEqual([...this.#calls.values()], []);
  }

  /** The members do what they are told until all is still: then each partition has its owner (I-25). */
  settle(): void {
    for (let round = 0; round < 60; round++) {
      for (let index = 0; index < MEMBERS; index++) this.#next(index);
      while (this.#saves.length > 0) this.save();
      this.pass(200, [0, 1, 2, 3, 4]);
    }
    assert.equal(this.#state.phase.kind, 'stable');
    const owned = this.#clients.flatMap((client) => client.owned);
    assert.equal(owned.length, PARTITIONS, 'a partition without an owner');
  }

  #next(index: number): void {
    const client = this.#clients[index]!;
    if (client.waits !== undefined) return;
    if (client.generation === 0) this.join(index);
    else if (client.ownedGeneration !== client.generation) this.sync(index, 'none');
  }

  #call(kind: Call['kind'], { memberId }: Client): number {
    const token = this.#nextToken++;
    this.#calls.set(token, { kind, memberId, sinceMs: this.#idleMs });
    return token;
  }

  #step(event: GroupEvent): void {
    const before = this.#state.phase.kind;
    for (const effect of stepGroup(this.#state, event, this.#nowMs)) this.#run(effect);
    const after = this.#state.phase.kind;
    if (before !== after) this.reached.add(`${before} to ${after}`);
    assert(this.#saves.length <= 3, 'saves pile up');
  }

  #run(effect: GroupEffect): void {
    switch (effect.type) {
      case 'SaveGeneration':
        assert.equal(effect.next.generation, this.#state.generation + 1);
        this.#saves.push(effect);
        break;
      case 'SaveAssignment':
      case 'ReplaceMember':
        this.#saves.push(effect);
        break;
      case 'JoinReply':
        this.#joined(effect);
        break;
      case 'SyncReply':
        this.#synced(effect);
        break;
      case 'Refuse':
        this.#refused(effect);
        break;
      case 'Tell':
        this.#toldNews(effect);
        break;
    }
  }

  #joined(reply: Extract<GroupEffect, { type: 'JoinReply' }>): void {
    const client = this.#answer(reply.token, 'join');
    this.#told = Math.max(this.#told, reply.generation);
    assert.equal(reply.generation, this.#stored.generation, 'told before it was stored');
    const isStored = this.#stored.members.some(({ memberId }) => memberId === client?.memberId);
    if (client === undefined) return;
    assert(isStored, 'a member that is not stored');
    client.generation = reply.generation;
    client.isLeader = reply.leaderId === client.memberId;
    client.toAssign = reply.members;
  }

  #synced({ token, partitions }: Extract<GroupEffect, { type: 'SyncReply' }>): void {
    const client = this.#answer(token, 'sync');
    if (client === undefined) return;
    const { memberId } = client;
    // A static member that came back is the one before.
    const owner = client.instanceId ?? memberId;
    for (const { partition } of partitions) {
      const key: string = `${client.generation}/${partition}`;
      assert.equal(this.#owners.get(key) ?? owner, owner, 'two owners in one generation (I-25)');
      this.#owners.set(key, owner);
    }
    assert(this.#stored.isAssigned, 'assigned before it was stored');
    client.owned = partitions;
    client.ownedGeneration = client.generation;
  }

  #refused({ token, refusal }: Extract<GroupEffect, { type: 'Refuse' }>): void {
    this.reached.add(refusal);
    const call = this.#calls.get(token);
    if (refusal === 'superseded') {
      this.#calls.delete(token);
      return;
    }
    const client = this.#answer(token, call!.kind);
    if (client === undefined) return;
    if (refusal === 'unknownMember' || refusal === 'fencedInstance') this.#restart(client);
    else client.generation = 0;
  }

  #toldNews({ memberId, news, generation }: Extract<GroupEffect, { type: 'Tell' }>): void {
    const client = this.#clients.find((one) => one.memberId === memberId);
    if (client === undefined || client.waits !== undefined) return;
    if (news === 'unknownMember' || news === 'fencedInstance') this.#restart(client);
    if (news === 'rebalancing' && generation >= client.generation) client.generation = 0;
  }

  /** The member whose call is answered; undefined when it is another life by now. */
  #answer(token: number, kind: Call['kind']): Client | undefined {
    const call = this.#calls.get(token);
    assert.equal(call?.kind, kind, 'an answer to nobody, or a second one');
    this.#calls.delete(token);
    const client = this.#clients.find(({ memberId }) => memberId === call?.memberId);
    if (client !== undefined) client.waits = undefined;
    return client;
  }

  #restart(client: Client): void {
    Object.assign(client, newClient(this.#clients.indexOf(client), client.lives + 1));
  }

  check(): void {
    for (const call of this.#calls.values()) {
      if (call.kind === 'join') assert(this.#idleMs - call.sinceMs <= JOIN_MS_MAX, 'a join waits');
    }
  }
}

/** The last two are static. */
function newClient(index: number, lives = 0): Client {
  return {
    memberId: `${index}.${lives}`,
    lives,
    instanceId: index >= MEMBERS - 2 ? `static ${index}` : undefined,
    generation: 0,
    owned: [],
    ownedGeneration: 0,
    isLeader: false,
    toAssign: [],
    waits: undefined,
  };
}

function requestOf({ memberId, instanceId, owned, ownedGeneration }: Client): JoinRequest {
  return {
    memberId,
    instanceId,
    clientId: 'test',
    clientHost: '127.0.0.1',
    sessionTimeoutMs: SESSION_MS,
    rebalanceTimeoutMs: REBALANCE_MS,
    topics: ['orders'],
    assignors: ['range'],
    owned,
    ownedGeneration,
  };
}

const ALL = Array.from({ length: PARTITIONS }, (_, index) => ({
  topicId: TOPIC,
  partition: partitionIndex(index),
}));

/** In turn: who owns what does not matter here. */
function deal(members: readonly JoinRequest[]): Map<string, readonly TopicPartition[]> {
  return new Map(
    members.map(({ memberId }, index) => [
      memberId,
      ALL.filter(({ partition }) => partition % members.length === index),
    ]),
  );
}

/** The first partition for everyone. */
function twice(members: readonly JoinRequest[]): Map<string, readonly TopicPartition[]> {
  return new Map(members.map(({ memberId }) => [memberId, [ALL[0]!, ...ALL.slice(0, 1)]]));
}
