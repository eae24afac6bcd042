/** How many agents each set keeps. More at once; fewer only when those that are to go hold nothing any more. */
import type { Incarnation } from '@streamhouse/core/ids.ts';
import { isServing, type PoolFacts, type PoolMember, type WantedSet } from './pool-facts.ts';

export interface ScalePolicy {
  /** How long an agent that is to go may hold partitions. */
  readonly drainTimeoutMs: number;
  /** Agents of those that stay that may be missing while others go. */
  readonly maxUnavailable: number;
}

export interface SetScale {
  readonly zone: string;
  readonly replicas: number;
}

export interface ScalePlan {
  /** Every set that is to be or still is, sorted by zone. */
  readonly sets: readonly SetScale[];
  /** Sets that nobody asks for and that are empty. */
  readonly remove: readonly string[];
  readonly drain: readonly Incarnation[];
  /** Agents that are to go and have not gone. */
  readonly leaving: readonly PoolMember[];
}

export function planScale(facts: PoolFacts, policy: ScalePolicy): ScalePlan {
  const wanted = new Map(facts.wanted.map((set) => [set.zone, set.replicas]));
  const leaving = facts.members.filter(({ zone, ordinal }) => ordinal >= (wanted.get(zone) ?? 0));
  const mayShrink = canShrink(facts, policy);
  const kept = new Set(leaving.filter((member) => !mayGo(member, facts, policy, mayShrink)));
  const sets: SetScale[] = [];
  const remove: string[] = [];
  for (const zone of zonesOf(facts)) {
    const asked = wanted.get(zone) ?? 0;
    const replicas = replicasOf(facts, zone, asked, kept, mayShrink);
    const isEmpty = replicas === 0 && facts.members.every((member) => member.zone !== zone);
    if (!wanted.has(zone) && isEmpty) remove.push(zone);
    else sets.push({ zone, replicas });
  }
  const drain = mayShrink && sum(facts.wanted) > 0 ? leaving.flatMap(undrained) : [];
  return { sets, remove, drain, leaving };
}

function replicasOf(
  facts: PoolFacts,
  zone: string,
  asked: number,
  kept: ReadonlySet<PoolMember>,
  mayShrink: boolean,
): number {
  const now = facts.sets.find((set) => set.zone === zone)?.replicas ?? asked;
  if (asked >= now) return asked;
  if (!mayShrink) return now;
  const highest = [...kept].filter((member) => member.zone === zone).map(({ ordinal }) => ordinal);
  return Math.min(now, Math.max(asked, ...highest.map((ordinal) => ordinal + 1)));
}

/** Those that stay must be able to take over: else the agents that work are taken away and broken ones are left. */
function canShrink(facts: PoolFacts, { maxUnavailable }: ScalePolicy): boolean {
  if (facts.metadata === undefined) return false;
  const asked = sum(facts.wanted);
  const staying = facts.wanted.flatMap(({ zone, replicas }) =>
    facts.members.filter((member) => member.zone === zone && member.ordinal < replicas),
  );
  const serving = staying.filter((one) => isServing(one) && one.session?.isDraining !== true);
  return asked === 0 || serving.length >= Math.max(1, asked - maxUnavailable);
}

/** One that was just told to drain may still be given a partition, so it is looked at once more. */
function mayGo(
  { session }: PoolMember,
  facts: PoolFacts,
  { drainTimeoutMs }: ScalePolicy,
  mayShrink: boolean,
): boolean {
  if (!mayShrink) return false;
  // With nobody to hand over to, waiting does not help: it publishes what it has when it is told to end.
  if (session === undefined || sum(facts.wanted) === 0) return true;
  return session.isDraining && (session.leases === 0 || session.drainingMs >= drainTimeoutMs);
}

function undrained({ session, isStopping }: PoolMember): Incarnation[] {
  return session === undefined || session.isDraining || isStopping ? [] : [session.incarnation];
}

function zonesOf({ wanted, sets }: PoolFacts): readonly string[] {
  return [...new Set([...wanted, ...sets].map(({ zone }) => zone))].toSorted();
}

function sum(sets: readonly WantedSet[]): number {
  return sets.reduce((total, { replicas }) => total + replicas, 0);
}
