import { type ErrorKind, StreamError } from '@streamhouse/core/errors.ts';
import {
  epoch,
  type Generation,
  generation,
  type Incarnation,
  partitionIndex,
  partitionKey,
  type TopicId,
  type TopicPartition,
} from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type {
  CommitOutcome,
  CommittedOffset,
  GroupAssignment,
  GroupCommit,
  GroupGeneration,
  GroupMember,
  GroupOffset,
  GroupReset,
  GroupSummary,
  OffsetCommit,
  ResetOutcome,
  SlotFence,
  SlotHandover,
  SlotLease,
  StoredGroup,
  StoredMember,
} from '@streamhouse/store/metadata/groups.ts';
import type { TopicTable } from './topic-table.ts';

export interface GroupTableOptions {
  readonly topics: TopicTable;
  readonly wallMs: () => number;
  readonly isLive: (incarnation: Incarnation | undefined) => boolean;
  readonly onSlots: () => void;
}

type SlotRow = { -readonly [Key in keyof SlotLease]: SlotLease[Key] };

interface GroupRow {
  readonly groupId: string;
  readonly slot: number;
  generation: Generation;
  assignor: string | undefined;
  leaderId: string | undefined;
  isAssigned: boolean;
  readonly members: Map<string, StoredMember>;
  readonly topics: Map<TopicId, number>;
  /** By partition key. */
  readonly offsets: Map<string, TopicPartition & { readonly committed: CommittedOffset }>;
}

/** Coordinator slots, and groups with their offsets. Rows of a deleted topic stay, hidden, as they do in Postgres. */
export class GroupTable {
  readonly #options: GroupTableOptions;
  readonly #slots: readonly SlotRow[];
  readonly #groups = new Map<string, GroupRow>();

  constructor(options: GroupTableOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: LIMITS.groupSlots }, (_, slot) => ({
      ...{ slot, holder: undefined, epoch: epoch(0) },
    }));
  }

  slots(): readonly SlotLease[] {
    return this.#slots.map((row) => ({ ...row, holder: this.#liveHolder(row) }));
  }

  takeSlots(me: Incarnation, wanted: readonly number[]): readonly SlotLease[] {
    if (!this.#options.isLive(me)) return [];
    const taken = this.#slots.filter(
      (row) => wanted.includes(row.slot) && this.#liveHolder(row) === undefined,
    );
    for (const row of taken) Object.assign(row, { holder: me, epoch: epoch(row.epoch + 1) });
    if (taken.length > 0) this.#options.onSlots();
    return taken.map((row) => ({ ...row }));
  }

  releaseSlots(me: Incarnation, handovers: readonly SlotHandover[]): number {
    if (!this.#options.isLive(me)) return 0;
    let count = 0;
    for (const { slot, epoch: at, heir } of handovers) {
      const row = this.#slots[slot];
      if (row === undefined || row.holder !== me || row.epoch !== at) continue;
      row.holder = this.#options.isLive(heir) ? heir : undefined;
      row.epoch = epoch(at + 1);
      count++;
    }
    if (count > 0) this.#options.onSlots();
    return count;
  }

  load(fence: SlotFence, groupId: string): StoredGroup | undefined {
    this.#locked(fence, groupId);
    return this.describe(groupId);
  }

  saveGeneration(fence: SlotFence, group: GroupGeneration): void {
    const { groupId, generation: wanted, assignor, leaderId, members } = group;
    const row = this.#locked(fence, groupId) ?? newGroup(groupId, fence.slot);
    const ids = members.map((member) => member.memberId);
    const isSame = row.assignor === assignor && row.leaderId === leaderId;
    if (row.generation === wanted && isSame && equalSets(ids, [...row.members.keys()])) return;
    if (row.generation !== 0 && row.generation !== wanted - 1) {
      throw illegalGeneration(row.generation, wanted);
    }
    Object.assign(row, { generation: wanted, assignor, leaderId, isAssigned: false });
    row.members.clear();
    for (const member of members) row.members.set(member.memberId, { ...member, partitions: [] });
    this.#groups.set(groupId, row);
  }

  saveAssignment(fence: SlotFence, assignment: GroupAssignment): void {
    const row = this.#inGeneration(fence, assignment);
    const owned = new Map(
      Array.from(row.members.keys(), (id) => [id, sorted(assignment.partitions.get(id) ?? [])]),
    );
    if (row.isAssigned) {
      for (const { memberId, partitions } of row.members.values()) {
        if (equalSets(keysOf(partitions), keysOf(owned.get(memberId) ?? []))) continue;
        throw conflict('ILLEGAL_GENERATION', 'the generation is assigned already');
      }
      return;
    }
    row.isAssigned = true;
    for (const [id, member] of row.members) {
      row.members.set(id, { ...member, partitions: owned.get(id) ?? [] });
    }
    for (const [topicId, count] of assignment.topics) {
      if (this.#isThere(topicId) && !row.topics.has(topicId)) row.topics.set(topicId, count);
    }
  }

  replaceMember(
    fence: SlotFence,
    group: Pick<GroupGeneration, 'groupId' | 'generation'>,
    oldMemberId: string,
    member: GroupMember,
  ): void {
    const row = this.#inGeneration(fence, group);
    const old = row.members.get(oldMemberId);
    if (old === undefined) {
      if (row.members.has(member.memberId)) return;
      throw conflict('UNKNOWN_MEMBER', `there is no member "${oldMemberId}"`);
    }
    row.members.delete(oldMemberId);
    row.members.set(member.memberId, { ...member, partitions: old.partitions });
    if (row.leaderId === oldMemberId) row.leaderId = member.memberId;
  }

  commit(me: Incarnation, commits: readonly GroupCommit[]): readonly CommitOutcome[] {
    this.#checkSession(me);
    return commits.map((commit) => {
      const kind = this.#judge(me, commit);
      if (kind !== 'committed') return { kind };
      return { kind, missing: this.#write(commit) };
    });
  }

  reset(fence: SlotFence, reset: GroupReset): ResetOutcome {
    const { groupId, generation: known, offsets, isDryRun } = reset;
    const row = this.#locked(fence, groupId) ?? newGroup(groupId, fence.slot);
    const expelled = row.members.size;
    const isDone = row.generation === known + 1 && expelled === 0;
    if (row.generation !== known && !isDone) throw illegalGeneration(row.generation, known);
    for (const one of offsets) {
      if (this.#hasPartition(one)) continue;
      const message = `there is no partition ${partitionKey(one.topicId, one.partition)}`;
      throw new StreamError('notFound', 'PARTITION_MISSING', message);
    }
    const changes = offsets.map(({ topicId, partition, offset: after }) => {
      const before = row.offsets.get(partitionKey(topicId, partition))?.committed.offset;
      return { topicId, partition, before, after };
    });
    if (isDryRun) return { changes, expelled, generation: row.generation };

    row.generation = generation(known + 1);
    Object.assign(row, { assignor: undefined, leaderId: undefined, isAssigned: false });
    row.members.clear();
    for (const { topicId, partition, offset } of offsets) {
      row.offsets.delete(partitionKey(topicId, partition));
      if (offset !== undefined) this.#store(row, { topicId, partition, offset, metadata: '' });
    }
    this.#groups.set(groupId, row);
    return { changes, expelled, generation: row.generation };
  }

  delete(fence: SlotFence, groupId: string): 'deleted' | 'absent' | 'hasMembers' {
    const row = this.#locked(fence, groupId);
    if (row === undefined) return 'absent';
    if (row.members.size > 0) return 'hasMembers';
    this.#groups.delete(groupId);
    return 'deleted';
  }

  offsets(
    groupId: string,
    partitions: readonly TopicPartition[] | undefined,
  ): readonly GroupOffset[] {
    const row = this.#groups.get(groupId);
    const kept = sorted([...(row?.offsets.values() ?? [])]);
    const wanted = partitions ?? kept.filter(({ topicId }) => this.#isThere(topicId));
    return wanted.map(({ topicId, partition }) => {
      const isThere = this.#isThere(topicId);
      const known = isThere ? row?.topics.get(topicId) : undefined;
      const stored = isThere ? row?.offsets.get(partitionKey(topicId, partition)) : undefined;
      const isAdded = known !== undefined && partition >= known;
      return { topicId, partition, committed: stored?.committed, isAdded };
    });
  }

  list(after: string, limit: number): readonly GroupSummary[] {
    return [...this.#groups.values()]
      .filter(({ groupId }) => groupId > after)
      .sort((a, b) => compare(a.groupId, b.groupId))
      .slice(0, limit)
      .map(({ groupId, generation: at, assignor, isAssigned, members }) => ({
        ...{ groupId, generation: at, assignor, isAssigned, members: members.size },
      }));
  }

  describe(groupId: string): StoredGroup | undefined {
    const row = this.#groups.get(groupId);
    if (row === undefined) return undefined;
    const { generation: at, assignor, leaderId, isAssigned } = row;
    const members = [...row.members.values()];
    return {
      ...{ groupId, generation: at, assignor, leaderId, isAssigned },
      members: members.sort((a, b) => compare(a.memberId, b.memberId)),
      topics: new Map([...row.topics].filter(([topicId]) => this.#isThere(topicId))),
    };
  }

  inhabited(slots: readonly number[]): readonly string[] {
    return [...this.#groups.values()]
      .filter(({ slot, members }) => slots.includes(slot) && members.size > 0)
      .map(({ groupId }) => groupId)
      .sort(compare);
  }

  #judge(me: Incarnation, commit: GroupCommit): CommitOutcome['kind'] {
    const { groupId, slot, member } = commit;
    let row = this.#groups.get(groupId);
    if (!this.#isHeld({ ...commit, incarnation: me })) return 'notCoordinator';
    if (row !== undefined && row.slot !== slot) return 'notCoordinator';
    if (member === undefined) {
      row ??= newGroup(groupId, slot);
      this.#groups.set(groupId, row);
      return row.members.size > 0 ? 'hasMembers' : 'committed';
    }
    if (row === undefined || !row.members.has(member.memberId)) return 'unknownMember';
    return row.generation === member.generation ? 'committed' : 'staleGeneration';
  }

  /** Resolves what is not there. */
  #write({ groupId, member, offsets }: GroupCommit): TopicPartition[] {
    const row = this.#groups.get(groupId);
    const missing: TopicPartition[] = [];
    for (const one of offsets) {
      const { topicId, partition } = one;
      if (row === undefined || !this.#hasPartition(one)) missing.push({ topicId, partition });
      else this.#store(row, one, member?.generation ?? generation(0));
    }
    return missing;
  }

  #store(row: GroupRow, one: OffsetCommit, at: Generation = row.generation): void {
    const { topicId, partition, offset, metadata } = one;
    row.offsets.set(partitionKey(topicId, partition), {
      ...{ topicId, partition },
      committed: { offset, metadata, generation: at, committedAtMs: this.#options.wallMs() },
    });
  }

  #inGeneration(
    fence: SlotFence,
    { groupId, generation: wanted }: Pick<GroupGeneration, 'groupId' | 'generation'>,
  ): GroupRow {
    const row = this.#locked(fence, groupId);
    if (row?.generation === wanted) return row;
    throw illegalGeneration(row?.generation ?? 0, wanted);
  }

  #locked(fence: SlotFence, groupId: string): GroupRow | undefined {
    this.#checkSession(fence.incarnation);
    const row = this.#groups.get(groupId);
    if (this.#isHeld(fence) && (row === undefined || row.slot === fence.slot)) return row;
    throw refusal('fenced', 'NOT_COORDINATOR', `slot ${fence.slot} is not held so`);
  }

  #checkSession(me: Incarnation): void {
    if (this.#options.isLive(me)) return;
    throw refusal('fenced', 'AGENT_FENCED', `incarnation ${me} is fenced`);
  }

  #isHeld({ incarnation: me, slot, epoch: at }: SlotFence): boolean {
    const row = this.#slots[slot];
    return row?.holder === me && row.epoch === at;
  }

  #liveHolder({ holder }: SlotRow): Incarnation | undefined {
    return this.#options.isLive(holder) ? holder : undefined;
  }

  #hasPartition({ topicId, partition }: TopicPartition): boolean {
    return this.#options.topics.partition(topicId, partition)?.topic.isDeleted === false;
  }

  #isThere(topicId: TopicId): boolean {
    return this.#hasPartition({ topicId, partition: partitionIndex(0) });
  }
}

function newGroup(groupId: string, slot: number): GroupRow {
  return {
    ...{ groupId, slot, generation: generation(0), isAssigned: false },
    ...{ assignor: undefined, leaderId: undefined },
    ...{ members: new Map(), topics: new Map(), offsets: new Map() },
  };
}

function refusal(kind: ErrorKind, reason: string, message: string): StreamError {
  return new StreamError(kind, reason, message);
}

function conflict(reason: string, message: string): StreamError {
  return refusal('conflict', reason, message);
}

function illegalGeneration(present: number, wanted: number): StreamError {
  return conflict('ILLEGAL_GENERATION', `the group is in generation ${present}, not ${wanted}`);
}

function sorted<One extends TopicPartition>(partitions: readonly One[]): readonly One[] {
  return partitions.toSorted((a, b) => compare(a.topicId, b.topicId) || a.partition - b.partition);
}

function keysOf(partitions: readonly TopicPartition[]): readonly string[] {
  return partitions.map((one) => partitionKey(one.topicId, one.partition));
}

function equalSets(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && new Set([...a, ...b]).size === a.length;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
