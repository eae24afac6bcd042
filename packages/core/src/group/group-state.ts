/** What a coordinator remembers of one consumer group. `stepGroup` alone changes it, in place (ADR 0004). */
import { type Generation, generation, type TopicPartition } from '../ids.ts';
import { type GroupGeneration, joinBytes, type JoinRequest, type MemberProfile } from './member.ts';

/** Names the call that waits for an answer. */
export type Token = number;

export type Assignments = ReadonlyMap<string, readonly TopicPartition[]>;

export type Phase =
  | { readonly kind: 'empty' }
  | { readonly kind: 'joining'; company: Company | undefined }
  /** `isStale`: another generation follows at once. */
  | { readonly kind: 'saving'; readonly next: GroupGeneration; isStale: boolean }
  | { readonly kind: 'syncing' }
  | { readonly kind: 'assigning'; readonly assignments: Assignments }
  | { readonly kind: 'stable' };

/** A group that was empty waits for more members, so that a program that starts ten makes one generation and not ten. */
export interface Company {
  untilMs: number;
  readonly atMostMs: number;
}

export interface Member {
  request: JoinRequest;
  /** About what `request` takes of memory. */
  bytes: number;
  /** Assigned in this generation. */
  partitions: readonly TopicPartition[];
  /** The call that waits for its answer. */
  pending: { readonly kind: 'join' | 'sync'; readonly token: Token } | undefined;
  /** When it is given up without a sign of life. */
  expiresMs: number;
  /** When the others wait no longer for its join or its sync; Infinity while they do not wait. */
  awaitedUntilMs: number;
  /** The earlier life of this static member. */
  readonly replacedId: string | undefined;
}

export interface GroupState {
  phase: Phase;
  generation: Generation;
  assignor: string | undefined;
  leaderId: string | undefined;
  /** By member id. */
  readonly members: Map<string, Member>;
}

/** A group as the store has it. */
export interface StoredGroup extends GroupGeneration {
  /** Whether its assignment came. */
  readonly isAssigned: boolean;
  readonly members: readonly (MemberProfile & { readonly partitions: readonly TopicPartition[] })[];
}

/** Claims that no member makes: a loaded member's next join is never the one before it again. */
const NO_CLAIMS = { owned: [], ownedGeneration: -1 } as const;

/** A group that is not stored. */
export function newGroup(): GroupState {
  return {
    phase: { kind: 'empty' },
    generation: generation(0),
    assignor: undefined,
    leaderId: undefined,
    members: new Map(),
  };
}

/** A group as another coordinator has left it. Every member has its whole session timeout to be heard of. */
export function loadGroup(stored: StoredGroup, nowMs: number): GroupState {
  const state = newGroup();
  state.generation = stored.generation;
  state.assignor = stored.assignor;
  state.leaderId = stored.leaderId;
  for (const { partitions, ...profile } of stored.members) {
    const member = newMember({ ...profile, ...NO_CLAIMS }, nowMs);
    member.partitions = partitions;
    if (!stored.isAssigned) member.awaitedUntilMs = nowMs + profile.rebalanceTimeoutMs;
    state.members.set(profile.memberId, member);
  }
  if (stored.members.length > 0) {
    state.phase = stored.isAssigned ? { kind: 'stable' } : { kind: 'joining', company: undefined };
  }
  return state;
}

export function newMember(request: JoinRequest, nowMs: number, replacedId?: string): Member {
  return {
    request,
    bytes: joinBytes(request),
    partitions: [],
    pending: undefined,
    expiresMs: nowMs + request.sessionTimeoutMs,
    awaitedUntilMs: Number.POSITIVE_INFINITY,
    replacedId,
  };
}

/** When the machine must be told the time, at the latest; Infinity: never. Signs of life only move it on. */
export function nextDeadlineMs(state: GroupState): number {
  const { phase } = state;
  let nextMs =
    phase.kind === 'joining' && phase.company !== undefined
      ? phase.company.untilMs
      : Number.POSITIVE_INFINITY;
  for (const { expiresMs, awaitedUntilMs } of state.members.values()) {
    nextMs = Math.min(nextMs, expiresMs, awaitedUntilMs);
  }
  return nextMs;
}

/** About what its members take of memory, in bytes. */
export function groupBytes({ members }: GroupState): number {
  let bytes = 0;
  for (const member of members.values()) bytes += member.bytes;
  return bytes;
}

export type CommitFault = 'unknownMember' | 'fencedInstance' | 'illegalGeneration' | 'hasMembers';

/**
 * Why offsets must not be committed; undefined: nothing is known against it (I-24). The store asks again when it writes.
 *
 * @param memberId empty, with generation 0, from a consumer that assigns partitions to itself.
 */
export function checkCommit(
  state: GroupState,
  memberId: string,
  committedIn: number,
): CommitFault | undefined {
  if (memberId === '') return state.members.size > 0 ? 'hasMembers' : undefined;
  if (!state.members.has(memberId)) return unknownMember(state, memberId);
  return committedIn === state.generation ? undefined : 'illegalGeneration';
}

/** What is told to somebody who is not, or no longer, a member. */
export function unknownMember(
  state: GroupState,
  memberId: string,
): 'unknownMember' | 'fencedInstance' {
  for (const { replacedId } of state.members.values()) {
    if (replacedId === memberId) return 'fencedInstance';
  }
  return 'unknownMember';
}
