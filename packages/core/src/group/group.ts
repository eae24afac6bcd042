/**
 * One consumer group, as its coordinator steers it.
 *
 *   empty ─join─▶ joining ─all joined or given up─▶ saving ─saved─▶ syncing ─leader's sync─▶ assigning ─saved─▶ stable
 *     ▲              ▲                                │                │                         │              │
 *     │              └── a member comes, changes, leaves or is given up ┴────────────────────────┴──────────────┘
 *     └───────────────── saved, and nobody is left ───┘
 *
 * Members keep what they own while a generation is made: an assignment takes nothing from a member before it gave it up.
 * A generation is stored before anyone hears of it, and so is its assignment: a coordinator that takes over knows at least
 * what members know. What is not stored (claims, who has joined so far, deadlines) the members bring again.
 *
 * A store that fails has no event: whoever runs the effects forgets the group then, and begins again from what is stored.
 */
import {
  type Generation,
  generation,
  partitionKey,
  type TopicId,
  type TopicPartition,
} from '../ids.ts';
import { LIMITS } from '../limits.ts';
import {
  type Assignments,
  type GroupState,
  type Member,
  newMember,
  type Token,
  unknownMember,
} from './group-state.ts';
import {
  isSameJoin,
  isSameSubscription,
  joinBytes,
  type GroupGeneration,
  type JoinRequest,
  type MemberProfile,
} from './member.ts';

export type GroupEvent =
  | { readonly type: 'JoinRequested'; readonly token: Token; readonly request: JoinRequest }
  | {
      readonly type: 'SyncRequested';
      readonly token: Token;
      readonly memberId: string;
      readonly generation: number;
      /** By member id; counts only from the leader. */
      readonly assignments: Assignments;
      /** Partition counts by which they were made. */
      readonly topics: ReadonlyMap<TopicId, number>;
    }
  /** `generation` is 0 from a member whose join has no answer yet. */
  | { readonly type: 'HeartbeatReceived'; readonly memberId: string; readonly generation: number }
  | { readonly type: 'LeaveRequested'; readonly memberId: string }
  | { readonly type: 'GenerationSaved'; readonly generation: Generation }
  | { readonly type: 'AssignmentSaved'; readonly generation: Generation }
  | { readonly type: 'MemberReplaced'; readonly memberId: string }
  | { readonly type: 'Tick' };

/** Why a call is refused. */
export type GroupRefusal =
  | 'unknownMember'
  | 'illegalGeneration'
  | 'rebalanceInProgress'
  | 'fencedInstance'
  | 'inconsistentAssignors'
  | 'groupFull'
  | 'invalidAssignment'
  /** The member has asked again, and the answer goes there. */
  | 'superseded';

export type MemberNews = 'stable' | 'rebalancing' | 'unknownMember' | 'fencedInstance';

export type GroupEffect =
  | {
      readonly type: 'JoinReply';
      readonly token: Token;
      readonly generation: Generation;
      readonly assignor: string;
      readonly leaderId: string;
      /** For the leader, from whom an assignment is awaited. */
      readonly members: readonly JoinRequest[];
    }
  | {
      readonly type: 'SyncReply';
      readonly token: Token;
      readonly partitions: readonly TopicPartition[];
    }
  | { readonly type: 'Refuse'; readonly token: Token; readonly refusal: GroupRefusal }
  | { readonly type: 'SaveGeneration'; readonly next: GroupGeneration }
  | {
      readonly type: 'SaveAssignment';
      readonly generation: Generation;
      readonly assignments: Assignments;
      readonly topics: ReadonlyMap<TopicId, number>;
    }
  | {
      readonly type: 'ReplaceMember';
      readonly generation: Generation;
      readonly oldMemberId: string;
      readonly member: MemberProfile;
    }
  /** Say it to the member at once, if it listens. */
  | {
      readonly type: 'Tell';
      readonly memberId: string;
      readonly news: MemberNews;
      /** The one that this is about. */
      readonly generation: number;
    };

/** Milliseconds that a group that was empty waits for company: since the newest member, and in all. */
const COMPANY_MS = 100;
const COMPANY_MS_MAX = 1000;

export function stepGroup(state: GroupState, event: GroupEvent, nowMs: number): GroupEffect[] {
  switch (event.type) {
    case 'JoinRequested':
      return joinRequested(state, event.token, event.request, nowMs);
    case 'SyncRequested':
      return syncRequested(state, event, nowMs);
    case 'HeartbeatReceived':
      return [heartbeat(state, event.memberId, event.generation, nowMs)];
    case 'LeaveRequested':
      return giveUp(state, [event.memberId], nowMs);
    case 'GenerationSaved':
      return generationSaved(state, event.generation, nowMs);
    case 'AssignmentSaved':
      return assignmentSaved(state, event.generation);
    case 'MemberReplaced':
      return memberReplaced(state, event.memberId, nowMs);
    case 'Tick':
      return tick(state, nowMs);
  }
}

function joinRequested(
  state: GroupState,
  token: Token,
  request: JoinRequest,
  nowMs: number,
): GroupEffect[] {
  const known = state.members.get(request.memberId);
  const before = known ?? earlierLife(state, request);
  const refusal = joinRefusal(state, request, before);
  if (refusal !== undefined) return [{ type: 'Refuse', token, refusal }];
  if (known !== undefined) return joinedAgain(state, known, token, request, nowMs);
  const member = newMember(request, nowMs, before?.request.memberId);
  member.pending = { kind: 'join', token };
  const effects = before === undefined ? [] : endEarlierLife(state, before, member);
  state.members.set(request.memberId, member);
  if (
    before !== undefined &&
    state.phase.kind === 'stable' &&
    isSameSubscription(request, before.request)
  ) {
    const { generation } = state;
    const oldMemberId = before.request.memberId;
    return [...effects, { type: 'ReplaceMember', generation, oldMemberId, member: request }];
  }
  return [...effects, ...membersChanged(state, nowMs)];
}

/** The member of that static name. */
function earlierLife(state: GroupState, { instanceId }: JoinRequest): Member | undefined {
  if (instanceId === undefined) return undefined;
  for (const member of state.members.values()) {
    if (member.request.instanceId === instanceId) return member;
  }
  return undefined;
}

function endEarlierLife(state: GroupState, before: Member, member: Member): GroupEffect[] {
  const oldId = before.request.memberId;
  state.members.delete(oldId);
  member.partitions = before.partitions;
  if (state.leaderId === oldId) state.leaderId = member.request.memberId;
  return [...answerPending(before, 'fencedInstance'), tell(state, oldId, 'fencedInstance')];
}

function joinRefusal(
  state: GroupState,
  request: JoinRequest,
  before: Member | undefined,
): GroupRefusal | undefined {
  if (unknownMember(state, request.memberId) === 'fencedInstance') return 'fencedInstance';
  // It was given up, and what it claims may be another's by now: it has to come back with nothing.
  if (before === undefined && request.ownedGeneration > 0) return 'unknownMember';
  if (before === undefined && state.members.size >= LIMITS.groupMembersMax) return 'groupFull';
  const others = [...state.members.values()].filter((member) => member !== before);
  const claims = others.reduce((sum, member) => sum + member.request.owned.length, 0);
  if (claims + request.owned.length > LIMITS.groupClaimsMax) return 'groupFull';
  return commonAssignor(request, others) === undefined ? 'inconsistentAssignors' : undefined;
}

/** The assignor that `first` likes best of those that everyone has. */
function commonAssignor(first: JoinRequest, others: readonly Member[]): string | undefined {
  return first.assignors.find((name) =>
    others.every(({ request }) => request.assignors.includes(name)),
  );
}

function joinedAgain(
  state: GroupState,
  member: Member,
  token: Token,
  request: JoinRequest,
  nowMs: number,
): GroupEffect[] {
  const isRepeated = isSameJoin(member.request, request);
  const wasJoining = member.pending?.kind === 'join';
  const superseded = answerPending(member, 'superseded');
  member.request = request;
  member.bytes = joinBytes(request);
  member.expiresMs = nowMs + request.sessionTimeoutMs;
  const { phase } = state;
  if (isRepeated && !wasJoining && isTold(state)) {
    return [...superseded, joinReply(state, member, token, phase.kind === 'syncing')];
  }
  member.pending = { kind: 'join', token };
  member.awaitedUntilMs = Number.POSITIVE_INFINITY;
  // One that asks again while its answer is being stored changes nothing: the answer goes to the newer call.
  if (isRepeated && wasJoining && phase.kind !== 'joining') return superseded;
  return [...superseded, ...membersChanged(state, nowMs)];
}

/** Whether members have been told of this generation, and none is being made. */
function isTold({ phase }: GroupState): boolean {
  return phase.kind === 'syncing' || phase.kind === 'assigning' || phase.kind === 'stable';
}

function joinReply(
  state: GroupState,
  member: Member,
  token: Token,
  isAssignmentAwaited: boolean,
): GroupEffect {
  const { generation, assignor, leaderId } = state;
  if (assignor === undefined || leaderId === undefined) throw new Error('members without a leader');
  const isLeader = member.request.memberId === leaderId;
  const members =
    isLeader && isAssignmentAwaited
      ? [...state.members.values()].map(({ request }) => request)
      : [];
  return { type: 'JoinReply', token, generation, assignor, leaderId, members };
}

/** Whatever the group was at, the members are others now, or want something else. */
function membersChanged(state: GroupState, nowMs: number): GroupEffect[] {
  const { phase } = state;
  switch (phase.kind) {
    case 'saving':
      phase.isStale = true;
      return [];
    case 'joining':
      if (phase.company !== undefined) {
        phase.company.untilMs = Math.min(nowMs + COMPANY_MS, phase.company.atMostMs);
      }
      return saveWhenJoined(state);
    case 'empty': {
      const company = { untilMs: nowMs + COMPANY_MS, atMostMs: nowMs + COMPANY_MS_MAX };
      state.phase = { kind: 'joining', company };
      return saveWhenJoined(state);
    }
    case 'syncing':
    case 'assigning':
    case 'stable':
      return beginJoining(state, nowMs);
  }
}

/** Everyone is asked to join. Those who have done so already wait for the others. */
function beginJoining(state: GroupState, nowMs: number): GroupEffect[] {
  state.phase = { kind: 'joining', company: undefined };
  const effects: GroupEffect[] = [];
  for (const [memberId, member] of state.members) {
    if (member.pending?.kind === 'join') continue;
    member.awaitedUntilMs = nowMs + member.request.rebalanceTimeoutMs;
    effects.push(...answerPending(member, 'rebalanceInProgress'));
    effects.push(tell(state, memberId, 'rebalancing'));
  }
  return [...effects, ...saveWhenJoined(state)];
}

function saveWhenJoined(state: GroupState): GroupEffect[] {
  const { phase, members } = state;
  if (phase.kind !== 'joining') return [];
  const requests: JoinRequest[] = [];
  for (const { pending, request } of members.values()) {
    if (pending?.kind !== 'join') return [];
    requests.push(request);
  }
  if (phase.company !== undefined) {
    // The group is stored as empty, and so it is again.
    if (requests.length === 0) state.phase = { kind: 'empty' };
    return [];
  }
  const next = nextGeneration(state, requests);
  state.phase = { kind: 'saving', next, isStale: false };
  return [{ type: 'SaveGeneration', next }];
}

function nextGeneration(state: GroupState, members: readonly JoinRequest[]): GroupGeneration {
  const leader = state.members.get(state.leaderId ?? '')?.request ?? members[0];
  return {
    generation: generation(state.generation + 1),
    leaderId: leader?.memberId,
    assignor: leader && commonAssignor(leader, [...state.members.values()]),
    members,
  };
}

/** Those who took part are told. What has changed meanwhile makes the next generation. */
function generationSaved(state: GroupState, saved: Generation, nowMs: number): GroupEffect[] {
  const { phase } = state;
  if (phase.kind !== 'saving' || phase.next.generation !== saved)
    throw new Error(`generation ${saved} is not being saved`);
  const { next, isStale } = phase;
  state.generation = next.generation;
  state.assignor = next.assignor;
  state.leaderId = next.leaderId;
  state.phase = next.members.length === 0 ? { kind: 'empty' } : { kind: 'syncing' };
  const effects: GroupEffect[] = [];
  for (const { memberId } of next.members) {
    const member = state.members.get(memberId);
    if (member?.pending === undefined) continue;
    effects.push(joinReply(state, member, member.pending.token, true));
    member.pending = undefined;
    member.partitions = [];
    member.awaitedUntilMs = nowMs + member.request.rebalanceTimeoutMs;
  }
  return isStale ? [...effects, ...membersChanged(state, nowMs)] : effects;
}

function syncRequested(
  state: GroupState,
  event: Extract<GroupEvent, { readonly type: 'SyncRequested' }>,
  nowMs: number,
): GroupEffect[] {
  const { token, memberId } = event;
  const member = state.members.get(memberId);
  if (member === undefined)
    return [{ type: 'Refuse', token, refusal: unknownMember(state, memberId) }];
  member.expiresMs = nowMs + member.request.sessionTimeoutMs;
  if (event.generation !== state.generation)
    return [{ type: 'Refuse', token, refusal: 'illegalGeneration' }];
  if (!isTold(state) || member.pending?.kind === 'join')
    return [{ type: 'Refuse', token, refusal: 'rebalanceInProgress' }];
  const brings = state.phase.kind === 'syncing' && memberId === state.leaderId;
  if (brings && !isAssignment(state, event.assignments))
    return [{ type: 'Refuse', token, refusal: 'invalidAssignment' }];
  member.awaitedUntilMs = Number.POSITIVE_INFINITY;
  const superseded = answerPending(member, 'superseded');
  if (state.phase.kind === 'stable')
    return [...superseded, { type: 'SyncReply', token, partitions: member.partitions }];
  member.pending = { kind: 'sync', token };
  if (!brings) return superseded;
  const { generation } = state;
  const { assignments, topics } = event;
  state.phase = { kind: 'assigning', assignments };
  return [...superseded, { type: 'SaveAssignment', generation, assignments, topics }];
}

/** I-25: each partition has at most one member, who takes part. */
function isAssignment(state: GroupState, assignments: Assignments): boolean {
  const assigned = new Set<string>();
  for (const [memberId, partitions] of assignments) {
    if (!state.members.has(memberId)) return false;
    for (const { topicId, partition } of partitions) {
      const key = partitionKey(topicId, partition);
      if (assigned.has(key)) return false;
      assigned.add(key);
    }
  }
  return true;
}

function assignmentSaved(state: GroupState, saved: Generation): GroupEffect[] {
  const { phase } = state;
  // A generation that has begun meanwhile leaves this one unheard of.
  if (phase.kind !== 'assigning' || saved !== state.generation) return [];
  state.phase = { kind: 'stable' };
  const effects: GroupEffect[] = [];
  for (const [memberId, member] of state.members) {
    const partitions = phase.assignments.get(memberId) ?? [];
    member.partitions = partitions;
    if (member.pending === undefined) continue;
    effects.push({ type: 'SyncReply', token: member.pending.token, partitions });
    member.pending = undefined;
  }
  return effects;
}

function memberReplaced(state: GroupState, memberId: string, nowMs: number): GroupEffect[] {
  const member = state.members.get(memberId);
  // In a rebalance that has begun meanwhile the join counts like any other.
  if (state.phase.kind !== 'stable' || member?.pending?.kind !== 'join') return [];
  const reply = joinReply(state, member, member.pending.token, false);
  member.pending = undefined;
  member.awaitedUntilMs = nowMs + member.request.rebalanceTimeoutMs;
  return [reply];
}

function heartbeat(
  state: GroupState,
  memberId: string,
  beatIn: number,
  nowMs: number,
): GroupEffect {
  const member = state.members.get(memberId);
  if (member === undefined) {
    // Its first join may be on its way.
    const news = beatIn === 0 ? 'rebalancing' : unknownMember(state, memberId);
    return { type: 'Tell', memberId, news, generation: beatIn };
  }
  member.expiresMs = nowMs + member.request.sessionTimeoutMs;
  // Whatever generation it names: the answer to its join is on its way, or it asks again.
  return tell(state, memberId, isTold(state) ? 'stable' : 'rebalancing');
}

function tick(state: GroupState, nowMs: number): GroupEffect[] {
  const { phase } = state;
  if (phase.kind === 'joining' && phase.company !== undefined && phase.company.untilMs <= nowMs)
    phase.company = undefined;
  const late = [...state.members]
    .filter(([, { expiresMs, awaitedUntilMs }]) => Math.min(expiresMs, awaitedUntilMs) <= nowMs)
    .map(([memberId]) => memberId);
  return late.length > 0 ? giveUp(state, late, nowMs) : saveWhenJoined(state);
}

function giveUp(state: GroupState, memberIds: readonly string[], nowMs: number): GroupEffect[] {
  const effects: GroupEffect[] = [];
  for (const memberId of memberIds) {
    const member = state.members.get(memberId);
    if (member === undefined) continue;
    state.members.delete(memberId);
    effects.push(...answerPending(member, 'unknownMember'));
    effects.push(tell(state, memberId, 'unknownMember'));
  }
  return effects.length === 0 ? [] : [...effects, ...membersChanged(state, nowMs)];
}

function answerPending(member: Member, refusal: GroupRefusal): GroupEffect[] {
  if (member.pending === undefined) return [];
  const { token } = member.pending;
  member.pending = undefined;
  return [{ type: 'Refuse', token, refusal }];
}

function tell(state: GroupState, memberId: string, news: MemberNews): GroupEffect {
  return { type: 'Tell', memberId, news, generation: state.generation };
}
