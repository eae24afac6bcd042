/**
 * One member of a consumer group: what it owns, and when it joins the next generation. Pure: the shell calls the
 * coordinator, and takes care of the partitions.
 *
 *   out ──subscribe──▶ joining ──joined──▶ syncing ──synced──▶ stable
 *                         ▲                                      │  a rebalance is told, other topics are subscribed,
 *                         └──────────────────────────────────────┘  what the assignment left out is released
 *   any ──leave──▶ leaving ──all is released──▶ out
 *
 * What it owns it keeps through a rebalance. A partition that it claimed and that the assignment leaves out moves to
 * another member: it is revoked, which waits for the program, and only after it is released the member joins again, without
 * that claim, so that the next generation can give it to its new owner.
 *
 * Partitions are keys that mean nothing here. The state belongs to the machine and is changed in place.
 */
import type { StreamError } from '@streamhouse/core/errors.ts';

export interface MembershipState {
  phase: 'out' | 'joining' | 'syncing' | 'stable' | 'leaving';
  /** Of this life in the group. */
  memberId: string;
  /** Of the last join that was answered: what commits and heartbeats name. 0: none yet. */
  generation: number;
  /** Of the last assignment. */
  ownedGeneration: number;
  /** Counts joins: an answer to an earlier one says nothing any more. */
  round: number;
  topics: readonly string[];
  readonly owned: Map<string, 'kept' | 'revoking'>;
  /** What the last join claimed, as far as it is there. */
  claimed: Set<string>;
  /** What the last assignment gave. */
  assigned: ReadonlySet<string>;
  /** Whether the last join named other topics. */
  isOutdated: boolean;
}

export type MembershipEvent =
  | { readonly type: 'subscribe'; readonly topics: readonly string[] }
  /** Topics came or went, or have more partitions. */
  | { readonly type: 'topicsChanged'; readonly topics: readonly string[] }
  | { readonly type: 'joined'; readonly round: number; readonly generation: number }
  /** `gone` are owned partitions of topics that are deleted. */
  | {
      readonly type: 'synced';
      readonly round: number;
      readonly partitions: readonly string[];
      readonly gone: readonly string[];
    }
  /** The coordinator refused a join or a sync, and will again. */
  | { readonly type: 'refused'; readonly round: number; readonly error: StreamError }
  /** A heartbeat was answered: a new generation begins. */
  | { readonly type: 'rebalancing'; readonly memberId: string }
  | { readonly type: 'beatRefused'; readonly memberId: string; readonly error: StreamError }
  /** What was to be revoked is, or is lost. */
  | { readonly type: 'released'; readonly partitions: readonly string[] }
  /** Ends the membership once the program has released what it has. */
  | { readonly type: 'leave' }
  /** Ends the membership now. */
  | { readonly type: 'abandon' };

export type MembershipEffect =
  /** Join and sync as the state says, and tell of it with this round. */
  | { readonly type: 'join'; readonly round: number; readonly isRetry: boolean }
  | { readonly type: 'assign'; readonly partitions: readonly string[] }
  /** Take back from the program; answered with `released`. */
  | { readonly type: 'revoke'; readonly partitions: readonly string[] }
  /** Gone already, to another member perhaps. */
  | { readonly type: 'lose'; readonly partitions: readonly string[] }
  | { readonly type: 'leave'; readonly memberId: string }
  /** The membership has ended for good. */
  | { readonly type: 'fail'; readonly error: StreamError };

export function openMembership(): MembershipState {
  return {
    phase: 'out',
    memberId: '',
    generation: 0,
    ownedGeneration: 0,
    round: 0,
    topics: [],
    owned: new Map(),
    claimed: new Set(),
    assigned: new Set(),
    isOutdated: false,
  };
}

/** `newMemberId` gives an id that no member ever had. */
export function stepMembership(
  state: MembershipState,
  event: MembershipEvent,
  newMemberId: () => string,
): MembershipEffect[] {
  switch (event.type) {
    case 'subscribe':
      state.topics = event.topics;
      return state.phase === 'out' ? enter(state, newMemberId, false) : changed(state);
    case 'topicsChanged':
      state.topics = event.topics;
      return changed(state);
    case 'joined':
      if (event.round !== state.round || state.phase !== 'joining') return [];
      state.phase = 'syncing';
      state.generation = event.generation;
      return [];
    case 'synced':
      return event.round === state.round && state.phase === 'syncing' ? onSynced(state, event) : [];
    case 'refused':
      return event.round === state.round ? onRefused(state, event.error, newMemberId) : [];
    case 'rebalancing':
      return event.memberId === state.memberId && state.phase === 'stable'
        ? join(state, false)
        : [];
    case 'beatRefused':
      return event.memberId === state.memberId
        ? onBeatRefused(state, event.error, newMemberId)
        : [];
    case 'released':
      return onReleased(state, event.partitions);
    case 'leave':
      return onLeave(state);
    case 'abandon':
      return state.phase === 'out' ? [] : [...loseAll(state), leave(state)];
  }
}

function enter(
  state: MembershipState,
  newMemberId: () => string,
  isRetry: boolean,
): MembershipEffect[] {
  state.memberId = newMemberId();
  state.generation = 0;
  state.ownedGeneration = 0;
  state.assigned = new Set();
  return join(state, isRetry);
}

function join(state: MembershipState, isRetry: boolean): MembershipEffect[] {
  state.phase = 'joining';
  state.round++;
  state.claimed = new Set(state.owned.keys());
  state.isOutdated = false;
  return [{ type: 'join', round: state.round, isRetry }];
}

function changed(state: MembershipState): MembershipEffect[] {
  if (state.phase === 'stable') return join(state, false);
  state.isOutdated = true;
  return [];
}

function onSynced(
  state: MembershipState,
  { partitions, gone }: Extract<MembershipEvent, { type: 'synced' }>,
): MembershipEffect[] {
  state.phase = 'stable';
  state.ownedGeneration = state.generation;
  state.assigned = new Set(partitions);
  const lost = gone.filter((key) => state.owned.delete(key));
  for (const key of lost) state.claimed.delete(key);
  const revoked = [...state.owned.keys()].filter(
    (key) => !state.assigned.has(key) && state.owned.get(key) === 'kept',
  );
  for (const key of revoked) state.owned.set(key, 'revoking');
  return [
    ...some('lose', lost),
    ...some('revoke', revoked),
    ...assignMissing(state),
    ...joinIfReleased(state),
  ];
}

function onReleased(state: MembershipState, partitions: readonly string[]): MembershipEffect[] {
  for (const key of partitions) state.owned.delete(key);
  if (state.phase === 'leaving' && state.owned.size === 0) return [leave(state)];
  // One that was given back meanwhile begins anew.
  return state.phase === 'stable' ? [...assignMissing(state), ...joinIfReleased(state)] : [];
}

function assignMissing(state: MembershipState): MembershipEffect[] {
  const added = [...state.assigned].filter((key) => !state.owned.has(key));
  for (const key of added) state.owned.set(key, 'kept');
  return some('assign', added);
}

/** A claim that was not granted is for someone else, who waits until it is not made any more. */
function joinIfReleased(state: MembershipState): MembershipEffect[] {
  const isAwaited = [...state.claimed].some(
    (key) => !state.assigned.has(key) && !state.owned.has(key),
  );
  return isAwaited || state.isOutdated ? join(state, false) : [];
}

function onRefused(
  state: MembershipState,
  error: StreamError,
  newMemberId: () => string,
): MembershipEffect[] {
  if (state.phase !== 'joining' && state.phase !== 'syncing') return [];
  switch (error.reason) {
    case 'UNKNOWN_MEMBER':
      return [...loseAll(state), ...enter(state, newMemberId, true)];
    case 'REBALANCE_IN_PROGRESS':
    case 'ILLEGAL_GENERATION':
      return join(state, true);
    default:
      return fail(state, error);
  }
}

function onBeatRefused(
  state: MembershipState,
  error: StreamError,
  newMemberId: () => string,
): MembershipEffect[] {
  switch (error.reason) {
    case 'UNKNOWN_MEMBER':
      // Its first join may not have arrived yet.
      if (state.phase === 'out' || (state.phase === 'joining' && state.ownedGeneration === 0)) {
        return [];
      }
      if (state.phase !== 'leaving')
        return [...loseAll(state), ...enter(state, newMemberId, false)];
      state.phase = 'out';
      return loseAll(state);
    case 'ILLEGAL_GENERATION':
      return state.phase === 'stable' ? join(state, true) : [];
    default:
      return state.phase === 'out' ? [] : fail(state, error);
  }
}

function onLeave(state: MembershipState): MembershipEffect[] {
  if (state.phase === 'out' || state.phase === 'leaving') return [];
  state.phase = 'leaving';
  state.round++;
  const revoked = [...state.owned.keys()].filter((key) => state.owned.get(key) === 'kept');
  for (const key of revoked) state.owned.set(key, 'revoking');
  return state.owned.size === 0 ? [leave(state)] : some('revoke', revoked);
}

function fail(state: MembershipState, error: StreamError): MembershipEffect[] {
  const lost = loseAll(state);
  const farewell = leave(state);
  // When a newer life has its name, there is nobody to take leave of.
  return [...lost, ...(error.kind === 'fenced' ? [] : [farewell]), { type: 'fail', error }];
}

function leave(state: MembershipState): MembershipEffect {
  state.phase = 'out';
  state.round++;
  return { type: 'leave', memberId: state.memberId };
}

function loseAll(state: MembershipState): MembershipEffect[] {
  const lost = [...state.owned.keys()];
  state.owned.clear();
  return some('lose', lost);
}

function some(
  type: 'assign' | 'revoke' | 'lose',
  partitions: readonly string[],
): MembershipEffect[] {
  return partitions.length === 0 ? [] : [{ type, partitions }];
}
