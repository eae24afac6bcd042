import type { Agent } from '@streamhouse/api/rest/agents.ts';
import { Link } from '@tanstack/react-router';
import type { Column } from '../../ui/data-table.tsx';
import { Count } from '../../ui/figures.tsx';
import { duration } from '../../ui/format.ts';
import { useNow } from '../../ui/panel.tsx';
import { Status, type Tone } from '../../ui/status.tsx';

const TONES: Readonly<Record<Agent['status'], Tone>> = {
  healthy: 'good',
  draining: 'warn',
  stale: 'bad',
};
const WORDS: Readonly<Record<Agent['status'], string>> = {
  healthy: 'Healthy',
  draining: 'Draining',
  stale: 'Stale',
};

export function AgentStatus({ status }: Pick<Agent, 'status'>) {
  return <Status tone={TONES[status]}>{WORDS[status]}</Status>;
}

/** How long ago something was, as time goes on. */
export function Ago({ value }: { readonly value: number | null }) {
  const now = useNow(1_000);
  return value === null ? (
    <span title="not seen since this server started">—</span>
  ) : (
    <span title={new Date(value).toISOString()}>{duration(now - value)} ago</span>
  );
}

export function Uptime({ agent }: { readonly agent: Agent }) {
  const now = useNow(1_000);
  return <>{agent.status === 'stale' ? '—' : duration(now - agent.started_at)}</>;
}

export const AGENT_COLUMNS: readonly Column<Agent>[] = [
  {
    id: 'agent_id',
    title: 'Agent ID',
    rem: 9,
    grow: 2,
    isSortable: true,
    cell: ({ agent_id }) => (
      <Link to="/agents/$id" params={{ id: agent_id }} className="row-link font-mono">
        {agent_id}
      </Link>
    ),
  },
  {
    id: 'status',
    title: 'Status',
    rem: 6.5,
    grow: 1,
    isSortable: true,
    cell: AgentStatus,
  },
  {
    id: 'active_leases',
    title: 'Active leases',
    rem: 7,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ active_leases }) => <Count value={active_leases} />,
  },
  {
    id: 'last_heartbeat',
    title: 'Last heartbeat',
    rem: 8,
    grow: 1,
    isNumber: true,
    cell: ({ last_heartbeat }) => <Ago value={last_heartbeat} />,
  },
  {
    id: 'uptime',
    title: 'Uptime',
    rem: 7,
    grow: 1,
    isNumber: true,
    cell: (agent) => <Uptime agent={agent} />,
  },
  {
    id: 'address',
    title: 'Address',
    rem: 10,
    grow: 2,
    cell: ({ address }) => <span className="font-mono">{address}</span>,
  },
  {
    id: 'availability_zone',
    title: 'Availability zone',
    rem: 8,
    grow: 1,
    isSortable: true,
    cell: ({ availability_zone }) => availability_zone || '—',
  },
  {
    id: 'agent_group',
    title: 'Agent group',
    rem: 8,
    grow: 1,
    isSortable: true,
    cell: ({ agent_group }) => agent_group || '—',
  },
];
