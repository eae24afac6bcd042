/**
 * Owns one group while this agent coordinates it: the shell around core's group machine. Calls wait here for their answers,
 * writes go to the store one after the other, and members that listen are told what happens.
 *
 * A write that fails ends the actor. What the store has is not known then, so the next call begins from it.
 */
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { retry } from '@streamhouse/core/async/retry.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import {
  type GroupEffect,
  type GroupEvent,
  type MemberNews,
  stepGroup,
} from '@streamhouse/core/group/group.ts';
import {
  type Assignments,
  checkCommit,
  type CommitFault,
  groupBytes,
  type GroupState,
  nextDeadlineMs,
  type Token,
} from '@streamhouse/core/group/group-state.ts';
import type { JoinRequest } from '@streamhouse/core/group/member.ts';
import type { Generation, TopicId, TopicPartition } from '@streamhouse/core/ids.ts';
import type { GroupStore, SlotFence } from '@streamhouse/store/metadata/groups.ts';
import type { AgentMetrics } from '../metrics.ts';
import { groupError } from './refusals.ts';

export type JoinReply = Extract<GroupEffect, { readonly type: 'JoinReply' }>;

/** Where a member hears what it has to do. */
export interface MemberListener {
  tell(news: 'stable' | 'rebalancing', generation: number): void;
  /** It is no member any more, or this is not its coordinator. */
  end(error: StreamError): void;
}

export interface GroupActorOptions {
  readonly groupId: string;
  readonly fence: SlotFence;
  readonly store: GroupStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: AgentMetrics;
  /** What its members take of memory has changed by so many bytes. */
  readonly onBytes: (change: number) => void;
  /** There is nothing here that is not in the store, or what is in the store is not known. Called once. */
  readonly onEnd: () => void;
  /** Why a write failed, as an error for callers. */
  readonly failureOf: (error: unknown) => StreamError;
}

export interface GroupSync {
  readonly memberId: string;
  readonly generation: number;
  readonly assignments: Assignments;
  readonly topics: ReadonlyMap<TopicId, number>;
}

interface Call {
  resolve(effect: GroupEffect): void;
  reject(error: StreamError): void;
}

/** Deadlines of many groups are looked at together: each costs little when the agent is awake already. */
const TICK_MS = 100;
/** Each write may be done again when its outcome is unknown. */
const RETRY = { backoffMs: 20, backoffMaxMs: 500, timeoutMs: 5000 };

export class GroupActor {
  readonly #options: GroupActorOptions;
  readonly #state: GroupState;
  readonly #calls = new Map<Token, Call>();
  readonly #listeners = new Map<string, Set<MemberListener>>();
  readonly #over = new AbortController();
  #nextToken = 0;
  /** Settles when nothing is being written. Never rejects. */
  #writes: Promise<unknown> = Promise.resolve();
  #writing = 0;
  #bytes = 0;
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;

  constructor(state: GroupState, options: GroupActorOptions) {
    this.#state = state;
    this.#options = options;
    this.#account(groupBytes(state));
    this.#schedule();
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  get slot(): number {
    return this.#options.fence.slot;
  }

  get members(): number {
    return this.#state.members.size;
  }

  async join(request: JoinRequest): Promise<JoinReply> {
    const reply = await this.#ask((token) => ({ type: 'JoinRequested', token, request }));
    if (reply.type !== 'JoinReply') throw new Error(`a join got ${reply.type}`);
    return reply;
  }

  async sync(sync: GroupSync): Promise<readonly TopicPartition[]> {
    const reply = await this.#ask((token) => ({ type: 'SyncRequested', token, ...sync }));
    if (reply.type !== 'SyncReply') throw new Error(`a sync got ${reply.type}`);
    return reply.partitions;
  }

  leave(memberId: string): void {
    this.#step({ type: 'LeaveRequested', memberId });
  }

  /** A sign of life. The member's listeners hear the answer. */
  beat(memberId: string, generation: number): void {
    // It only moves a deadline on: nothing is scheduled for it, so that many idle groups cost next to nothing.
    const event = { type: 'HeartbeatReceived', memberId, generation } as const;
    for (const effect of stepGroup(this.#state, event, this.#nowMs())) this.#run(effect);
  }

  /** The result takes it back. */
  listen(memberId: string, listener: MemberListener): () => void {
    const listeners = this.#listeners.get(memberId) ?? new Set();
    this.#listeners.set(memberId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(memberId) === listeners)
        this.#listeners.delete(memberId);
      this.endWhenIdle();
    };
  }

  checkCommit(memberId: string, generation: number): CommitFault | undefined {
    return checkCommit(this.#state, memberId, generation);
  }

  /** Runs a write of the caller's in turn. */
  async exclusively<T>(
    write: (generation: Generation, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#write((signal) => write(this.#state.generation, signal));
    } catch (error) {
      const failure = this.#options.failureOf(error);
      if (failure.kind !== 'notFound') this.end(failure);
      throw failure;
    }
  }

  /** Without members, and with nobody who waits, nothing is here that is not in the store. */
  endWhenIdle(): void {
    const isIdle = this.#state.phase.kind === 'empty' && this.#calls.size === 0;
    if (isIdle && this.#writing === 0 && this.#listeners.size === 0)
      this.end(new StreamError('unavailable', 'GROUP_IDLE', 'the group is not in memory'));
  }

  /** Everyone who waits is told `error`. Idempotent. */
  end(error: StreamError): void {
    if (this.isOver) return;
    this.#over.abort(error);
    this.#timer?.cancel();
    this.#account(0);
    this.#options.onEnd();
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
    for (const listeners of this.#listeners.values())
      for (const listener of listeners) listener.end(error);
  }

  #account(bytes: number): void {
    this.#options.onBytes(bytes - this.#bytes);
    this.#bytes = bytes;
  }

  #ask(event: (token: Token) => GroupEvent): Promise<GroupEffect> {
    const token = this.#nextToken++;
    const { promise, resolve, reject } = Promise.withResolvers<GroupEffect>();
    this.#calls.set(token, { resolve, reject });
    this.#step(event(token));
    return promise;
  }

  #step(event: GroupEvent): void {
    if (this.isOver) return;
    for (const effect of stepGroup(this.#state, event, this.#nowMs())) this.#run(effect);
    if (this.isOver) return;
    this.#account(groupBytes(this.#state));
    this.#schedule();
    this.endWhenIdle();
  }

  #run(effect: GroupEffect): void {
    switch (effect.type) {
      case 'JoinReply':
      case 'SyncReply':
        this.#take(effect.token)?.resolve(effect);
        break;
      case 'Refuse':
        this.#take(effect.token)?.reject(groupError(effect.refusal));
        break;
      case 'SaveGeneration':
      case 'SaveAssignment':
      case 'ReplaceMember':
        void this.#save(effect);
        break;
      case 'Tell':
        this.#tell(effect.memberId, effect.news, effect.generation);
        break;
    }
  }

  #take(token: Token): Call | undefined {
    const call = this.#calls.get(token);
    this.#calls.delete(token);
    return call;
  }

  #tell(memberId: string, news: MemberNews, generation: number): void {
    for (const listener of this.#listeners.get(memberId) ?? []) {
      if (news === 'stable' || news === 'rebalancing') listener.tell(news, generation);
      else listener.end(groupError(news));
    }
  }

  /** Never rejects. */
  async #save(effect: SaveEffect): Promise<void> {
    try {
      await this.#write((signal) => this.#store(effect, signal));
      this.#step(savedEvent(effect));
      if (effect.type === 'SaveGeneration') this.#options.metrics.countGeneration();
    } catch (error) {
      this.end(this.#options.failureOf(error));
    }
  }

  async #store(effect: SaveEffect, signal: AbortSignal): Promise<void> {
    const { store, fence, groupId } = this.#options;
    switch (effect.type) {
      case 'SaveGeneration':
        return await store.saveGeneration(fence, { groupId, ...effect.next }, signal);
      case 'SaveAssignment': {
        const { generation, assignments: partitions, topics } = effect;
        const assignment = { groupId, generation, partitions, topics };
        return await store.saveAssignment(fence, assignment, signal);
      }
      case 'ReplaceMember': {
        const { generation, oldMemberId, member } = effect;
        const group = { groupId, generation };
        return await store.replaceMember(fence, group, oldMemberId, member, signal);
      }
    }
  }

  /** After all that is being written. */
  #write<T>(write: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, random } = this.#options;
    const { signal } = this.#over;
    this.#writing++;
    const result = this.#writes.then(async () => {
      signal.throwIfAborted();
      return await retry({ ...RETRY, clock, random, signal }, write);
    });
    this.#writes = result.then(
      () => this.#written(),
      () => this.#written(),
    );
    return result;
  }

  #written(): void {
    this.#writing--;
    this.endWhenIdle();
  }

  /** One timer, moved only when something is due earlier: signs of life leave it where it is. */
  #schedule(): void {
    const atMs = Math.ceil(nextDeadlineMs(this.#state) / TICK_MS) * TICK_MS;
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (atMs === Number.POSITIVE_INFINITY || this.isOver) return;
    const { clock } = this.#options;
    const cancel = clock.schedule(Math.max(1, atMs - this.#nowMs()), () => {
      // Heartbeats that have arrived during a stall are read first.
      clock.nextTurn(() => {
        this.#timer = undefined;
        this.#step({ type: 'Tick' });
      });
    });
    this.#timer = { atMs, cancel };
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

type SaveEffect = Extract<
  GroupEffect,
  { readonly type: 'SaveGeneration' | 'SaveAssignment' | 'ReplaceMember' }
>;

function savedEvent(effect: SaveEffect): GroupEvent {
  switch (effect.type) {
    case 'SaveGeneration':
      return { type: 'GenerationSaved', generation: effect.next.generation };
    case 'SaveAssignment':
      return { type: 'AssignmentSaved', generation: effect.generation };
    case 'ReplaceMember':
      return { type: 'MemberReplaced', memberId: effect.member.memberId };
  }
}
