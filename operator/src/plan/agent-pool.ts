/** What is to be done about an AgentPool, from the resource and what is known of its agents. Pure. */
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import { parseDuration } from '@streamhouse/api/crd/units.ts';
import type { Incarnation } from '@streamhouse/core/ids.ts';
import type { PoolFacts, PoolMember } from './pool-facts.ts';
import { planRollout, type RolloutPlan } from './rollout.ts';
import { planScale } from './scale.ts';

/** What a set is to be. The revision is that of the spec. */
export interface SetDecision {
  readonly zone: string;
  readonly replicas: number;
  readonly partition: number;
}

export interface PoolDecisions {
  /** Every set that is to be, sorted by zone; of one that the spec no longer names, only `replicas` is new. */
  readonly sets: readonly SetDecision[];
  /** Zones whose set goes: it is empty. */
  readonly remove: readonly string[];
  /** Sessions to be marked as draining. */
  readonly drain: readonly Incarnation[];
  /** Sessions to be fenced: their process is gone. */
  readonly fence: readonly Incarnation[];
  /** Agents to be ended, in order to come back. */
  readonly replace: readonly PoolMember[];
  /** Agents that are to go for good and have not gone. */
  readonly leaving: readonly PoolMember[];
  readonly rollout: Pick<RolloutPlan, 'outdated' | 'waitsFor'>;
}

export function planPool({ spec }: AgentPoolResource, facts: PoolFacts): PoolDecisions {
  const { maxUnavailable, paused } = spec.rollout;
  const drainTimeoutMs = parseDuration(spec.drain.timeout);
  const scale = planScale(facts, { drainTimeoutMs, maxUnavailable });
  const rollout = planRollout(facts, scale.sets, { maxUnavailable, isPaused: paused });
  const live = new Map(facts.sets.map((set) => [set.zone, set]));
  return {
    sets: scale.sets.map(({ zone, replicas }) => ({
      zone,
      replicas,
      partition: rollout.partitions.get(zone) ?? live.get(zone)?.partition ?? 0,
    })),
    remove: scale.remove,
    drain: scale.drain,
    fence: facts.metadata?.gone ?? [],
    replace: rollout.replace,
    leaving: scale.leaving,
    rollout: { outdated: rollout.outdated, waitsFor: rollout.waitsFor },
  };
}
