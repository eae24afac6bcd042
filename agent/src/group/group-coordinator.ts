/**
 * The groups that this incarnation coordinates: those whose slots it holds. A group is in memory while it has members or
 * somebody waits for it; all that must survive is in the store, where each write names the slot's epoch (I-24).
 */
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { loadGroup, newGroup } from '@streamhouse/core/group/group-state.ts';
import { groupSlot } from '@streamhouse/core/group/group-slot.ts';
import { joinBytes, type JoinRequest } from '@streamhouse/core/group/member.ts';
import { generation, type Incarnation, type TopicPartition } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type {
  CommitOutcome,
  GroupStore,
  OffsetCommit,
  OffsetReset,
  ResetOutcome,
  SlotFence,
  SlotLease,
} from '@streamhouse/store/metadata/groups.ts';
import type { AgentMetrics } from '../metrics.ts';
import { CommitBatcher } from './commit-batcher.ts';
import { GroupActor, type JoinReply } from './group-actor.ts';
import { groupError, groupNotFound, notCoordinator } from './refusals.ts';

export interface GroupCoordinatorOptions {
  readonly me: Incarnation;
  readonly store: GroupStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: AgentMetrics;
  /** Address of the agent that coordinates a slot, as far as it is known; undefined for this one. */
  readonly addressOf: (slot: number) => string | undefined;
  /** The store says that a slot is not held here. */
  readonly onLost: () => void;
  /** Aborts when the incarnation is over. */
  readonly over: AbortSignal;
}

export interface CommitRequest {
  readonly groupId: string;
  /** Empty, with generation 0: a consumer that assigns partitions to itself. */
  readonly memberId: string;
  readonly generation: number;
  readonly offsets: readonly OffsetCommit[];
}

const FULL_MS = 1000;

export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions;
  readonly #batcher: CommitBatcher;
  readonly #slots = new Map<number, SlotFence>();
  readonly #groups = new Map<string, GroupActor>();
  readonly #loading = new Map<string, Promise<GroupActor>>();
  /** Slots whose groups have not been looked for since they were opened. */
  readonly #unread = new Set<number>();
  /** About what all members take of memory. */
  #bytes = 0;

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
    this.#batcher = new CommitBatcher(options);
  }

  /** Slots that are open, with their epochs. */
  get slots(): ReadonlyMap<number, SlotFence> {
    return this.#slots;
  }

  /** Groups in memory, and their members. */
  counts(): { readonly groups: number; readonly members: number } {
    let members = 0;
    for (const group of this.#groups.values()) members += group.members;
    return { groups: this.#groups.size, members };
  }

  openSlot({ slot, epoch }: SlotLease): void {
    this.#slots.set(slot, { incarnation: this.#options.me, slot, epoch });
    this.#unread.add(slot);
  }

  /**
   * Reads the groups that have members, of slots that were opened since the last call: members that died together with
   * the coordinator before are expelled when their sessions end, though nobody asks for their group.
   *
   * @throws StreamError when they could not all be read: the next call does.
   */
  async readInhabited(signal: AbortSignal): Promise<void> {
    const slots = [...this.#unread];
    if (slots.length === 0) return;
    this.#unread.clear();
    try {
      for (const groupId of await this.#options.store.inhabited(slots, signal)) {
        if (this.#slots.has(groupSlot(groupId))) await this.with(groupId, () => undefined);
      }
    } catch (error) {
      for (const slot of slots) if (this.#slots.has(slot)) this.#unread.add(slot);
      throw error;
    }
  }

  /** Its groups are over here: whoever waits for them is told where to go. */
  closeSlot(slot: number, address: string | undefined): void {
    if (!this.#slots.delete(slot)) return;
    this.#unread.delete(slot);
    for (const group of this.#groups.values()) {
      if (group.slot === slot) group.end(notCoordinator(address));
    }
  }

  /** Ends every group. */
  close(error: StreamError): void {
    this.#slots.clear();
    for (const group of this.#groups.values()) group.end(error);
  }

  /** The group, if it is in memory: then its slot is held. */
  loaded(groupId: string): GroupActor | undefined {
    return this.#groups.get(groupId);
  }

  /**
   * Calls `act` with the group, which is read from the store where it is not in memory.
   *
   * @throws StreamError `notHolder` NOT_COORDINATOR; `overloaded` COORDINATOR_FULL.
   */
  async with<T>(groupId: string, act: (group: GroupActor) => Promise<T> | T): Promise<T> {
    let group = this.loaded(groupId);
    // One that ends between its loading and this turn is not the group any more.
    while (group === undefined || group.isOver) group = await this.#load(groupId);
    try {
      return await act(group);
    } finally {
      group.endWhenIdle();
    }
  }

  /** @throws StreamError as `with`, and what the group refuses it with. */
  join(groupId: string, request: JoinRequest): Promise<JoinReply> {
    // One that joins again is counted twice here for this moment: the bound is not exact.
    if (this.#bytes + joinBytes(request) > LIMITS.agentGroupBytesMax) throw this.#full();
    return this.with(groupId, (group) => group.join(request));
  }

  /**
   * I-24: only the current generation's members commit. Answers partitions that are not there; all other offsets count.
   *
   * @throws StreamError `conflict` UNKNOWN_MEMBER, ILLEGAL_GENERATION or GROUP_HAS_MEMBERS; `fenced` FENCED_INSTANCE;
   *   `notHolder` NOT_COORDINATOR; `overloaded` COMMITS_WAITING.
   */
  async commit(request: CommitRequest): Promise<readonly TopicPartition[]> {
    const { groupId, memberId, offsets } = request;
    const { slot, epoch } = this.#fence(groupId);
    const fault = this.#groups.get(groupId)?.checkCommit(memberId, request.generation);
    if (fault !== undefined) throw groupError(fault);
    const member =
      memberId === '' ? undefined : { memberId, generation: generation(request.generation) };
    const outcome = await this.#batcher
      .commit({ slot, epoch, groupId, member, offsets })
      .catch((error: unknown) => {
        throw this.#failure(error, slot);
      });
    if (outcome.kind === 'committed') return outcome.missing;
    throw this.#refused(outcome.kind, request, slot);
  }

  /** Expels all members and sets what the group reads next. */
  reset(
    groupId: string,
    offsets: readonly OffsetReset[],
    isDryRun: boolean,
  ): Promise<ResetOutcome> {
    const fence = this.#fence(groupId);
    return this.with(groupId, (group) =>
      group.exclusively(async (current, signal) => {
        const reset = { groupId, generation: current, offsets, isDryRun };
        const outcome = await this.#options.store.reset(fence, reset, signal);
        if (!isDryRun) group.end(groupError('unknownMember'));
        return outcome;
      }),
    );
  }

  /** @throws StreamError `conflict` GROUP_HAS_MEMBERS; `notFound` GROUP_NOT_FOUND. */
  async delete(groupId: string): Promise<void> {
    const fence = this.#fence(groupId);
    const outcome = await this.with(groupId, (group) => {
      if (group.members > 0) return 'hasMembers';
      return group.exclusively(async (_current, signal) => {
        const done = await this.#options.store.delete(fence, groupId, signal);
        if (done === 'deleted') group.end(groupNotFound(groupId));
        return done;
      });
    });
    if (outcome === 'hasMembers') throw groupError('hasMembers');
    if (outcome === 'absent') throw groupNotFound(groupId);
  }

  /** @throws StreamError `notHolder` NOT_COORDINATOR. */
  #fence(groupId: string): SlotFence {
    const slot = groupSlot(groupId);
    const fence = this.#slots.get(slot);
    if (fence === undefined) throw notCoordinator(this.#options.addressOf(slot));
    return fence;
  }

  /** Callers that ask while it is read share it. */
  #load(groupId: string): Promise<GroupActor> {
    const known = this.#loading.get(groupId);
    if (known !== undefined) return known;
    const loading = this.#read(groupId).finally(() => this.#loading.delete(groupId));
    this.#loading.set(groupId, loading);
    return loading;
  }

  async #read(groupId: string): Promise<GroupActor> {
    const { store, over, clock } = this.#options;
    const fence = this.#fence(groupId);
    if (this.#groups.size + this.#loading.size >= LIMITS.agentGroupsMax) throw this.#full();
    const stored = await store.load(fence, groupId, over).catch((error: unknown) => {
      throw this.#failure(error, fence.slot);
    });
    // Taken over, or given up, while it was read.
    if (this.#slots.get(fence.slot)?.epoch !== fence.epoch)
      throw notCoordinator(this.#options.addressOf(fence.slot));
    const state = stored === undefined ? newGroup() : loadGroup(stored, clock.monotonicMs());
    const group = new GroupActor(state, {
      ...this.#options,
      groupId,
      fence,
      onBytes: (change) => {
        this.#bytes += change;
      },
      onEnd: () => this.#groups.delete(groupId),
      failureOf: (error) => this.#failure(error, fence.slot),
    });
    this.#groups.set(groupId, group);
    return group;
  }

  #refused(
    kind: Exclude<CommitOutcome['kind'], 'committed'>,
    { groupId, memberId, generation: committedIn }: CommitRequest,
    slot: number,
  ): StreamError {
    if (kind === 'notCoordinator') return this.#lost(slot);
    const group = this.#groups.get(groupId);
    // The store knows better, for example from a write whose answer was lost: begin again from there.
    if (group?.checkCommit(memberId, committedIn) === undefined) group?.end(reloaded());
    return groupError(kind === 'staleGeneration' ? 'illegalGeneration' : kind);
  }

  /** What the store has thrown, as callers are to see it: that this agent is fenced is not their end. */
  #failure(error: unknown, slot: number): StreamError {
    const known = toStreamError(error);
    if (known.kind === 'fenced') return this.#lost(slot);
    return known.kind === 'conflict' ? reloaded() : known;
  }

  #full(): StreamError {
    const message = `this agent coordinates ${this.#groups.size} groups already, with ${this.#bytes} bytes of members`;
    return new StreamError('overloaded', 'COORDINATOR_FULL', message, { retryAfterMs: FULL_MS });
  }

  #lost(slot: number): StreamError {
    const address = this.#options.addressOf(slot);
    this.closeSlot(slot, address);
    this.#options.onLost();
    return notCoordinator(address);
  }
}

function reloaded(): StreamError {
  const message = 'the group was changed elsewhere: ask again';
  return new StreamError('unavailable', 'GROUP_RELOADED', message, { retryAfterMs: 0 });
}
