import type { Agent } from '@streamhouse/api/rest/agents.ts';
import { useQuery } from '@tanstack/react-query';
import { agentsQuery } from '../../queries/agents.ts';
import { messageOf, useRefresh } from '../../queries/api.ts';
import { clusterQuery } from '../../queries/metrics.ts';
import { whole } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';

/** What there is of what there should be. */
export function Resources() {
  const asked = useQuery({ ...agentsQuery(), ...useRefresh() });
  const { data: cluster } = useQuery(clusterQuery());
  return (
    <Panel
      title="Resources"
      asked={asked}
      describeError={messageOf}
      skeleton={<div className="h-22" />}
    >
      {({ items }) => (
        <dl className="flex flex-col gap-2 px-3 py-2">
          <Share
            label="Agents that are healthy"
            part={items.filter(({ status }) => status === 'healthy').length}
            all={items.length}
          />
          <Share
            label="Partitions with a leader"
            part={cluster && held(items, cluster.partitions_count)}
            all={cluster?.partitions_count}
          />
        </dl>
      )}
    </Panel>
  );
}

function held(agents: readonly Agent[], partitions: number): number {
  const live = agents.filter(({ status }) => status !== 'stale');
  const leases = live.reduce((sum, { active_leases }) => sum + active_leases, 0);
  return Math.min(leases, partitions);
}

interface ShareProps {
  readonly label: string;
  /** Undefined: not known yet. */
  readonly part: number | undefined;
  readonly all: number | undefined;
}

function Share({ label, part, all }: ShareProps) {
  return (
    <div className="flex flex-col gap-1">
      <dt className="flex justify-between">
        {label}
        <span className="text-muted">
          {whole(part)} of {whole(all)}
        </span>
      </dt>
      <dd>
        <progress
          aria-label={label}
          value={part}
          max={Math.max(all ?? 1, 1)}
          className="bar block h-2 w-full"
        />
      </dd>
    </div>
  );
}
