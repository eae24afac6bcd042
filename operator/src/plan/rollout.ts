/**
 * Which agents may be replaced now. Each set goes down from its highest ordinal; `partition` says how far it has come.
 *
 * An agent that serves is only taken away when every agent replaced so far serves again, every partition of the pool has a
 * holder, and no more than `maxUnavailable` are away with it. One that holds nothing and serves nobody costs nothing: it is
 * replaced whenever it is its turn, so that a correction gets through to agents that never became ready.
 */
import {
  isServing,
  type PoolFacts,
  type PoolMember,
  type PoolSet,
  type WantedSet,
} from './pool-facts.ts';
import type { SetScale } from './scale.ts';

export interface RolloutPolicy {
  readonly maxUnavailable: number;
  readonly isPaused: boolean;
}

export interface RolloutPlan {
  /** The partition of each wanted set, by zone. */
  readonly partitions: ReadonlyMap<string, number>;
  /** Agents to be ended so that they come back anew. */
  readonly replace: readonly PoolMember[];
  /** Agents that exist and are to stay, and do not have the revision of their set. */
  readonly outdated: number;
  /** Why the next one has to wait; undefined when none does, or when the last step was just made. */
  readonly waitsFor: string | undefined;
}

/** The place of one agent that is to stay. */
interface Slot {
  readonly ordinal: number;
  readonly revision: string;
  readonly member: PoolMember | undefined;
}

interface SetRollout {
  readonly zone: string;
  readonly live: PoolSet | undefined;
  readonly revision: string;
  readonly slots: readonly Slot[];
  partition: number;
}

export function planRollout(
  facts: PoolFacts,
  scales: readonly SetScale[],
  policy: RolloutPolicy,
): RolloutPlan {
  const sets = facts.wanted.map((wanted) => openSet(facts, wanted, scales));
  const waitsFor = policy.isPaused ? undefined : advance(facts, sets, policy.maxUnavailable);
  const slots = sets.flatMap((set) => set.slots);
  return {
    partitions: new Map(sets.map(({ zone, partition }) => [zone, partition])),
    replace: sets.flatMap((set) => toReplace(set)),
    outdated: slots.filter((slot) => slot.member !== undefined && !isUpdated(slot)).length,
    waitsFor,
  };
}

function openSet(
  facts: PoolFacts,
  { zone, revision, replicas }: WantedSet,
  scales: readonly SetScale[],
): SetRollout {
  const live = facts.sets.find((set) => set.zone === zone);
  const count = Math.min(replicas, scales.find((scale) => scale.zone === zone)?.replicas ?? 0);
  const members = new Map(
    facts.members.filter((member) => member.zone === zone).map((one) => [one.ordinal, one]),
  );
  const slots = Array.from({ length: count }, (_, ordinal) => {
    const member = members.get(ordinal);
    return { ordinal, revision, member };
  });
  const set = { zone, live, revision, slots, partition: count };
  if (live === undefined) set.partition = 0;
  else if (live.revision === revision) set.partition = Math.min(count, live.partition);
  // Those that do not exist begin with the new revision.
  else set.partition = Math.min(count, Math.max(live.replicas, ...[...members.keys()].map(above)));
  skipUpdated(set);
  return set;
}

function above(ordinal: number): number {
  return ordinal + 1;
}

/** Takes every step that is allowed now. Says what the next one waits for. */
function advance(
  { metadata }: PoolFacts,
  sets: readonly SetRollout[],
  maxUnavailable: number,
): string | undefined {
  const slots = sets.flatMap((set) => set.slots);
  const isAnyServing = slots.some(({ member }) => isServing(member));
  let unavailable = slots.filter(({ member }) => !isServing(member)).length;
  const waitsFor =
    metadata === undefined
      ? 'Postgres, which cannot be reached'
      : (unfinished(sets) ?? unheldText(metadata.unheld));
  for (const set of sets) {
    for (let slot = next(set); slot !== undefined; slot = next(set)) {
      if (metadata === undefined) return waitsFor;
      if (!isFree(slot, isAnyServing)) {
        const cost = isServing(slot.member) ? 1 : 0;
        if (waitsFor !== undefined) break;
        if (unavailable + cost > maxUnavailable) break;
        unavailable += cost;
      }
      set.partition = slot.ordinal;
      skipUpdated(set);
    }
  }
  if (sets.every((set) => next(set) === undefined)) return undefined;
  return waitsFor ?? `agents that are not ready: ${unavailable} of ${maxUnavailable} that may be`;
}

/** Nothing is lost by replacing it. */
function isFree({ member }: Slot, isAnyServing: boolean): boolean {
  if (isServing(member)) return false;
  return !isAnyServing || (member?.session?.leases ?? 0) === 0;
}

/** An agent that was replaced, or is to be, and does not serve yet. */
function unfinished(sets: readonly SetRollout[]): string | undefined {
  for (const { slots, partition } of sets) {
    for (const slot of slots.slice(partition)) {
      if (isUpdated(slot) && isServing(slot.member)) continue;
      if (slot.member === undefined) return 'an agent that is being replaced';
      return `${slot.member.agentId}, which is being replaced and is not ready`;
    }
  }
  return undefined;
}

function unheldText(unheld: number): string | undefined {
  if (unheld === 0) return undefined;
  return unheld === 1 ? 'a partition that has no holder' : `${unheld} partitions without a holder`;
}

/** The agent that would be replaced next; undefined when all have been. */
function next({ slots, partition }: SetRollout): Slot | undefined {
  return slots[partition - 1];
}

function skipUpdated(set: SetRollout): void {
  for (let slot = next(set); slot !== undefined && isUpdated(slot); slot = next(set))
    set.partition = slot.ordinal;
}

function isUpdated({ member, revision }: Slot): boolean {
  return member?.revision === revision;
}

/**
 * Outdated agents that whoever keeps the set alive has been told to replace: it ends one at a time, we all that may be away.
 * And agents that drain although they are wanted again: they take no partition any more in this life.
 */
function toReplace({ live, revision, slots }: SetRollout): PoolMember[] {
  if (live?.revision !== revision || !live.isObserved) return [];
  return slots.flatMap((slot) => {
    const { member, ordinal } = slot;
    if (member === undefined || member.isStopping) return [];
    const isReleased = ordinal >= live.partition && !isUpdated(slot);
    const { session } = member;
    const isIdle = member.isReady && session?.isDraining === true && session.leases === 0;
    return isReleased || isIdle ? [member] : [];
  });
}
