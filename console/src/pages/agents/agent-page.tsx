import type { AgentPartition } from '@streamhouse/api/rest/agents.ts';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { agentPartitionsQuery, agentQuery } from '../../queries/agents.ts';
import { messageOf, useRefresh } from '../../queries/api.ts';
import { type Column, DataTable, TableSkeleton } from '../../ui/data-table.tsx';
import { Count, Facts, FactsSkeleton, INSTANT_SAMPLE, Instant } from '../../ui/figures.tsx';
import { plural } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Empty, Panel } from '../../ui/panel.tsx';
import { Ago, AgentStatus, Uptime } from './agent-columns.tsx';

const route = getRouteApi('/agents/$id');

interface HeldTopic {
  readonly topic: string;
  readonly partitions: readonly AgentPartition[];
}

const COLUMNS: readonly Column<HeldTopic>[] = [
  {
    id: 'topic',
    title: 'Topic',
    rem: 10,
    grow: 2,
    cell: ({ topic }) => (
      <Link to="/topics/$name" params={{ name: topic }} className="link font-mono">
        {topic}
      </Link>
    ),
  },
  {
    id: 'count',
    title: 'Partitions',
    rem: 6,
    isNumber: true,
    cell: ({ partitions }) => <Count value={partitions.length} />,
  },
  {
    id: 'partitions',
    title: 'View messages of partition',
    rem: 14,
    grow: 4,
    cell: ({ topic, partitions }) => (
      <span className="flex gap-1 overflow-hidden">
        {partitions.map(({ partition_id, epoch }) => (
          <Link
            key={partition_id}
            to="/topics/$name/messages"
            params={{ name: topic }}
            search={{ partition: partition_id }}
            className="link min-w-6 rounded bg-raised px-1.5 my-0 py-0 pointer-coarse:my-0 pointer-coarse:py-0 text-center font-mono leading-6 pointer-coarse:min-w-11 pointer-coarse:leading-11"
            title={`epoch ${epoch}`}
          >
            {partition_id}
          </Link>
        ))}
      </span>
    ),
  },
];

const SAMPLES = {
  Status: 'Healthy',
  Address: '127.0.0.1:0',
  'Availability zone': '—',
  'Agent group': 'default',
  'Active leases': '6',
  'Last heartbeat': '0 s ago',
  Uptime: '1 h 2 min',
  Started: INSTANT_SAMPLE,
};

export function AgentPage() {
  const { id } = route.useParams();
  const agent = useQuery({ ...agentQuery(id), ...useRefresh() });
  const held = useQuery({ ...agentPartitionsQuery(id), ...useRefresh() });
  return (
    <Page
      title={id}
      isName
      above={
        <Link to="/agents" className="link text-xs">
          Agents
        </Link>
      }
    >
      <Panel
        title="Agent"
        asked={agent}
        describeError={messageOf}
        skeleton={<FactsSkeleton samples={SAMPLES} />}
      >
        {(known) => (
          <Facts
            facts={{
              Status: <AgentStatus status={known.status} />,
              Address: <span className="font-mono">{known.address}</span>,
              'Availability zone': known.availability_zone || '—',
              'Agent group': known.agent_group || '—',
              'Active leases': <Count value={known.active_leases} />,
              'Last heartbeat': <Ago value={known.last_heartbeat} />,
              Uptime: <Uptime agent={known} />,
              Started: <Instant value={known.started_at} />,
            }}
          />
        )}
      </Panel>
      <Panel
        title="Managed partitions"
        asked={held}
        describeError={messageOf}
        skeleton={<TableSkeleton rows={3} />}
      >
        {({ items, total }) =>
          items.length === 0 ? (
            <Empty>It holds no partition now.</Empty>
          ) : (
            <>
              <DataTable
                label="Managed partitions"
                rows={byTopic(items)}
                columns={COLUMNS}
                keyOf={({ topic }) => topic}
              />
              {total > items.length && (
                <p className="px-3 py-2 text-muted">
                  The first {plural(items.length, 'partition')} of {total}.
                </p>
              )}
            </>
          )
        }
      </Panel>
    </Page>
  );
}

function byTopic(partitions: readonly AgentPartition[]): HeldTopic[] {
  return [...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, held]) => ({
    topic,
    partitions: held,
  }));
}
