import type { Agent } from '@streamhouse/api/rest/agents.ts';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { agentsQuery } from '../../queries/agents.ts';
import { messageOf, useRefresh } from '../../queries/api.ts';
import { DataTable, sorted, TableSkeleton } from '../../ui/data-table.tsx';
import { Card, Cards, Count } from '../../ui/figures.tsx';
import { plural } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Empty, Panel } from '../../ui/panel.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { VerdictLine } from '../verdict-line.tsx';
import { AGENT_COLUMNS } from './agent-columns.tsx';

const route = getRouteApi('/agents');

const VALUES: Readonly<Record<string, (agent: Agent) => string | number | null>> = {
  agent_id: ({ agent_id }) => agent_id,
  status: ({ status }) => status,
  active_leases: ({ active_leases }) => active_leases,
  availability_zone: ({ availability_zone }) => availability_zone,
  agent_group: ({ agent_group }) => agent_group,
};

export function AgentsPage() {
  const asked = useQuery({ ...agentsQuery(), ...useRefresh() });
  const agents = asked.data?.items;
  return (
    <Page title="Agents">
      <VerdictLine />
      <Figures agents={agents} total={asked.data?.total} />
      <Panel
        title="Agents"
        isTitleHidden
        asked={asked}
        describeError={messageOf}
        actions={<Filter />}
        skeleton={<TableSkeleton rows={3} />}
      >
        {({ items }) => <AgentTable agents={items} />}
      </Panel>
      {agents !== undefined && agents.length > 0 && <Distribution agents={agents} />}
    </Page>
  );
}

function Filter() {
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <SearchBox
      label="Search agents"
      value={q}
      onChange={(text) =>
        void navigate({ search: (before) => ({ ...before, q: text || undefined }), replace: true })
      }
    />
  );
}

function AgentTable({ agents }: { readonly agents: readonly Agent[] }) {
  const { q = '', sort = 'agent_id' } = route.useSearch();
  const navigate = route.useNavigate();
  const wanted = q.toLowerCase();
  const found = agents.filter(({ agent_id, address, agent_group, availability_zone }) =>
    [agent_id, address, agent_group, availability_zone].some((text) =>
      text.toLowerCase().includes(wanted),
    ),
  );
  if (agents.length === 0)
    return <Empty command="npm start">No agent has started yet. Start some:</Empty>;
  if (found.length === 0)
    return <Empty>No agent has “{q}” in its id, address, group or zone.</Empty>;
  return (
    <DataTable
      label="Agents"
      rows={sorted(found, sort, VALUES)}
      columns={AGENT_COLUMNS}
      keyOf={({ agent_id }) => agent_id}
      sort={sort}
      onSort={(next) => void navigate({ search: (before) => ({ ...before, sort: next }) })}
    />
  );
}

interface FiguresProps {
  readonly agents: readonly Agent[] | undefined;
  readonly total: number | undefined;
}

function Figures({ agents, total }: FiguresProps) {
  const live = agents?.filter(({ status }) => status !== 'stale');
  const leases = live?.reduce((sum, { active_leases }) => sum + active_leases, 0);
  const average =
    leases === undefined || live === undefined || live.length === 0 ? null : leases / live.length;
  const stale = agents === undefined ? undefined : agents.length - (live?.length ?? 0);
  return (
    <Cards label="Agents in figures">
      <Card label="Total agents" note={stale === undefined ? undefined : `${stale} stale`}>
        <Count value={total} />
      </Card>
      <Card label="Active leases" note="held partitions">
        <Count value={leases} />
      </Card>
      <Card label="Average leases" note="of a healthy agent">
        <Count value={average} />
      </Card>
    </Cards>
  );
}

/** Leases of each agent as bars: whether the load is even. */
function Distribution({ agents }: { readonly agents: readonly Agent[] }) {
  const max = Math.max(1, ...agents.map(({ active_leases }) => active_leases));
  return (
    <section aria-label="Distribution of leases" className="card">
      <h2 className="flex min-h-9 items-center border-b border-line px-3 font-semibold">
        Distribution of leases
      </h2>
      <ul className="max-h-96 overflow-auto px-3 py-2" tabIndex={0} aria-label="Leases by agent">
        {agents.map(({ agent_id, active_leases }) => (
          <li
            key={agent_id}
            className="grid h-7 pointer-coarse:h-11 grid-cols-[minmax(5rem,10rem)_1fr_5rem] items-center gap-3"
          >
            <Link
              to="/agents/$id"
              params={{ id: agent_id }}
              className="link truncate my-0 py-0 pointer-coarse:my-0 pointer-coarse:py-0 font-mono leading-6 pointer-coarse:leading-11"
            >
              {agent_id}
            </Link>
            <span aria-hidden className="h-3 rounded-sm bg-raised">
              <span
                className="block h-3 rounded-sm bg-accent"
                style={{ width: `${(100 * active_leases) / max}%` }}
              />
            </span>
            <span className="text-right">{plural(active_leases, 'lease')}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
