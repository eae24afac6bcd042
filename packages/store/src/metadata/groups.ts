import type {
  Epoch,
  Generation,
  Incarnation,
  Offset,
  TopicId,
  TopicPartition,
} from '@streamhouse/core/ids.ts';

/** A coordinator slot, and who coordinates the groups in it. */
export interface SlotLease {
  /** From 0, below LIMITS.groupSlots. */
  readonly slot: number;
  /** undefined: nobody, or an incarnation that is fenced. */
  readonly holder: Incarnation | undefined;
  readonly epoch: Epoch;
}

export interface SlotHandover {
  readonly slot: number;
  readonly epoch: Epoch;
  readonly heir: Incarnation | undefined;
}

/** Under what a coordinator writes: its lease of the slot that the group is in. */
export interface SlotFence {
  readonly incarnation: Incarnation;
  readonly slot: number;
  readonly epoch: Epoch;
}

/** What a member says of itself. Texts have no NUL. */
export interface GroupMember {
  readonly memberId: string;
  /** Of a static member. */
  readonly instanceId: string | undefined;
  readonly clientId: string;
  /** Address that it joined from. */
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** Names of the topics that it reads. */
  readonly topics: readonly string[];
  /** Preferred first. */
  readonly assignors: readonly string[];
}

/** Who is in a generation. */
export interface GroupGeneration {
  readonly groupId: string;
  readonly generation: Generation;
  /** Of these two a group without members has none. */
  readonly assignor: string | undefined;
  readonly leaderId: string | undefined;
  readonly members: readonly GroupMember[];
}

export interface StoredMember extends GroupMember {
  /** What it owns in this generation, sorted; empty until that is assigned. */
  readonly partitions: readonly TopicPartition[];
}

export interface StoredGroup extends GroupGeneration {
  /** Whether its assignment came. */
  readonly isAssigned: boolean;
  /** By id. */
  readonly members: readonly StoredMember[];
  /** How many partitions a topic had when the group first owned some of them (I-29). Topics that are gone are not in it. */
  readonly topics: ReadonlyMap<TopicId, number>;
}

export interface GroupAssignment {
  readonly groupId: string;
  readonly generation: Generation;
  /** By member id. One that is not here owns nothing. */
  readonly partitions: ReadonlyMap<string, readonly TopicPartition[]>;
  /** Partition counts by which was assigned: kept for topics that the group has not owned before. */
  readonly topics: ReadonlyMap<TopicId, number>;
}

export interface OffsetCommit extends TopicPartition {
  /** Next offset that the group reads. */
  readonly offset: Offset;
  /** Text without NUL. */
  readonly metadata: string;
}

/** What one member commits, under its coordinator's lease. */
export interface GroupCommit extends Omit<SlotFence, 'incarnation'> {
  readonly groupId: string;
  /** undefined: a consumer that assigns partitions to itself, for a group without members. Makes the group. */
  readonly member: { readonly memberId: string; readonly generation: Generation } | undefined;
  readonly offsets: readonly OffsetCommit[];
}

/** What became of one commit. All but the first changed nothing (I-24). */
export type CommitOutcome =
  /** All offsets count but those of `missing`: partitions that are not there, or no longer. */
  | { readonly kind: 'committed'; readonly missing: readonly TopicPartition[] }
  | { readonly kind: 'notCoordinator' | 'unknownMember' | 'staleGeneration' | 'hasMembers' };

export interface OffsetReset extends TopicPartition {
  /** undefined: the committed one is forgotten. */
  readonly offset: Offset | undefined;
}

export interface GroupReset {
  readonly groupId: string;
  /** As the caller knows the group: 0 when it is not there yet. */
  readonly generation: Generation;
  readonly offsets: readonly OffsetReset[];
  /** Nothing is changed, only told. */
  readonly isDryRun: boolean;
}

export interface OffsetChange extends TopicPartition {
  readonly before: Offset | undefined;
  readonly after: Offset | undefined;
}

export interface ResetOutcome {
  /** In the order of the request. */
  readonly changes: readonly OffsetChange[];
  /** Members that were, or would be, expelled. */
  readonly expelled: number;
  /** The group's generation now. */
  readonly generation: Generation;
}

export interface CommittedOffset {
  readonly offset: Offset;
  readonly metadata: string;
  /** Milliseconds since 1970. */
  readonly committedAtMs: number;
  readonly generation: Generation;
}

export interface GroupOffset extends TopicPartition {
  readonly committed: CommittedOffset | undefined;
  /** The partition came to its topic after the group began to read that (I-29). */
  readonly isAdded: boolean;
}

export interface GroupSummary {
  readonly groupId: string;
  readonly generation: Generation;
  readonly assignor: string | undefined;
  readonly isAssigned: boolean;
  readonly members: number;
}

/**
 * Consumer groups, and how far they have read. Identity of a topic is its id: what a group knows of a topic that is deleted
 * is not shown, and goes when the topic is purged (I-28).
 *
 * Only the coordinator writes: a write that names a fence is ordered with the loss of that lease, and with all other writes
 * of the group. It fails with `fenced` AGENT_FENCED when the incarnation is fenced, and `fenced` NOT_COORDINATOR when
 * it does not hold that slot at that epoch or the group is in another one; then nothing was or will be changed. Each can be
 * called again with the same arguments when its outcome is unknown.
 */
export interface GroupStore {
  /** All slots, in order. */
  slots(signal: AbortSignal): Promise<readonly SlotLease[]>;
  /**
   * Takes those of `wanted` whose holder is nobody or fenced: epoch + 1. Skips those that somebody else is taking.
   * Resolves those taken; none when `me` is fenced. Notifies.
   */
  takeSlots(
    me: Incarnation,
    wanted: readonly number[],
    signal: AbortSignal,
  ): Promise<readonly SlotLease[]>;
  /**
   * Gives slots up, each to its heir (epoch + 1, held at once) or to nobody. Only those that `me` holds at that epoch.
   * An heir that is fenced counts as nobody. Resolves how many changed hands. Notifies.
   */
  releaseSlots(
    me: Incarnation,
    handovers: readonly SlotHandover[],
    signal: AbortSignal,
  ): Promise<number>;

  /** What a coordinator starts from: all that was written before its slot came to it. */
  load(fence: SlotFence, groupId: string, signal: AbortSignal): Promise<StoredGroup | undefined>;
  /**
   * Begins a generation: its members take the place of all others, and nothing is assigned yet.
   * @throws StreamError `conflict` ILLEGAL_GENERATION unless it is the one after the stored one, or the group is new.
   */
  saveGeneration(fence: SlotFence, group: GroupGeneration, signal: AbortSignal): Promise<void>;
  /**
   * Assigns a generation, once.
   * @throws StreamError `conflict` ILLEGAL_GENERATION when it is not the stored one, or is assigned otherwise.
   */
  saveAssignment(fence: SlotFence, assignment: GroupAssignment, signal: AbortSignal): Promise<void>;
  /**
   * A static member came back in a new life: it takes the place of the old one, with all that is assigned to it.
   * @throws StreamError `conflict` ILLEGAL_GENERATION, or `conflict` UNKNOWN_MEMBER when neither is in the group.
   */
  replaceMember(
    fence: SlotFence,
    group: Pick<GroupGeneration, 'groupId' | 'generation'>,
    oldMemberId: string,
    member: GroupMember,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Commits of many members and groups at once. Each has its outcome, in their order; of two for one partition the later
   * one counts.
   * @throws StreamError `fenced` AGENT_FENCED.
   */
  commit(
    me: Incarnation,
    commits: readonly GroupCommit[],
    signal: AbortSignal,
  ): Promise<readonly CommitOutcome[]>;
  /**
   * Expels all members, in a generation of its own, and sets what the group reads next. Makes the group when there is none.
   * Called again after it was done, it tells the offsets that it has set as those before.
   * @throws StreamError `conflict` ILLEGAL_GENERATION; `notFound` PARTITION_MISSING when one is not there: nothing is reset.
   */
  reset(fence: SlotFence, reset: GroupReset, signal: AbortSignal): Promise<ResetOutcome>;
  /** Forgets a group without members, with its offsets. */
  delete(
    fence: SlotFence,
    groupId: string,
    signal: AbortSignal,
  ): Promise<'deleted' | 'absent' | 'hasMembers'>;

  /** Of those partitions, in their order; without any: all that are committed, sorted by (topicId, partition). */
  offsets(
    groupId: string,
    partitions: readonly TopicPartition[] | undefined,
    signal: AbortSignal,
  ): Promise<readonly GroupOffset[]>;
  /** At most `limit` groups, by id, from the first one after `after`; empty: from the first. */
  list(after: string, limit: number, signal: AbortSignal): Promise<readonly GroupSummary[]>;
  describe(groupId: string, signal: AbortSignal): Promise<StoredGroup | undefined>;
  /** Ids of the groups in these slots that have members, in order. */
  inhabited(slots: readonly number[], signal: AbortSignal): Promise<readonly string[]>;
}
