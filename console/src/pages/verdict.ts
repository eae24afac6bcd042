/** Is it healthy? One line over what the agents and the leases say. */
import type { Agent } from '@streamhouse/api/rest/agents.ts';
import type { ClusterMetrics } from '@streamhouse/api/rest/metrics.ts';
import { plural } from '../ui/format.ts';
import type { Tone } from '../ui/status.tsx';

export interface Verdict {
  readonly tone: Tone;
  readonly text: string;
  /** Where the cause is shown. */
  readonly to: '/agents' | '/topics' | undefined;
}

/** Undefined: not known yet. */
export interface HealthFacts {
  readonly agents: readonly Pick<Agent, 'agent_id' | 'status' | 'active_leases'>[] | undefined;
  readonly cluster: Pick<ClusterMetrics, 'partitions_count'> | undefined;
  /** Why one of them is not known; undefined: nothing failed. */
  readonly fault: string | undefined;
}

export function verdictOf({ agents, cluster, fault }: HealthFacts): Verdict {
  if (fault !== undefined) return { tone: 'bad', text: `Unknown: ${fault}`, to: undefined };
  if (agents === undefined || cluster === undefined)
    return { tone: 'none', text: 'Looking…', to: undefined };
  const live = agents.filter(({ status }) => status !== 'stale');
  if (live.length === 0)
    return { tone: 'bad', text: 'Down: no agent serves records', to: '/agents' };
  const stale = agents.filter(({ status }) => status === 'stale');
  if (stale.length > 0) {
    const names = stale.map(({ agent_id }) => agent_id).slice(0, 3);
    const text = `Degraded: ${plural(stale.length, 'agent')} stale (${names.join(', ')})`;
    return { tone: 'warn', text, to: '/agents' };
  }
  const held = live.reduce((sum, { active_leases }) => sum + active_leases, 0);
  const unheld = cluster.partitions_count - held;
  if (unheld > 0) {
    const text = `Degraded: ${plural(unheld, 'partition')} without a leader`;
    return { tone: 'warn', text, to: '/topics' };
  }
  const what = `${plural(live.length, 'agent')}, ${plural(cluster.partitions_count, 'partition')}`;
  return { tone: 'good', text: `Healthy: ${what}, each with a leader`, to: undefined };
}
