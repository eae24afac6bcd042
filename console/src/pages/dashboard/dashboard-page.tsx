import type { ClusterMetrics } from '@streamhouse/api/rest/metrics.ts';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { agentsQuery } from '../../queries/agents.ts';
import { messageOf, useRefresh } from '../../queries/api.ts';
import { clusterQuery } from '../../queries/metrics.ts';
import { recentTopicsQuery } from '../../queries/topics.ts';
import { DataTable, TableSkeleton } from '../../ui/data-table.tsx';
import { Bytes, Card, Cards, Count, Rate } from '../../ui/figures.tsx';
import { Page } from '../../ui/page.tsx';
import { Empty, Panel } from '../../ui/panel.tsx';
import { AGENT_COLUMNS } from '../agents/agent-columns.tsx';
import { TOPIC_COLUMNS } from '../topics/topic-columns.tsx';
import { VerdictLine } from '../verdict-line.tsx';

const RECENT = 8;

export function DashboardPage() {
  return (
    <Page title="Dashboard">
      <VerdictLine />
      <Figures />
      <div className="grid grid-cols-1 gap-3 xl:grid-cols-2">
        <RecentTopics />
        <ActiveAgents />
      </div>
    </Page>
  );
}

function Figures() {
  const { data } = useQuery({ ...clusterQuery(), ...useRefresh() });
  const figures: Partial<ClusterMetrics> = data ?? {};
  return (
    <Cards label="The cluster in figures">
      <Card
        label="Total topics"
        note={
          <>
            <Count value={figures.partitions_count} /> partitions
          </>
        }
      >
        <Count value={figures.topics_count} />
      </Card>
      <Card label="Total agents" note="not given up">
        <Count value={figures.agents_count} />
      </Card>
      <Card
        label="Total messages"
        note={
          <>
            <Bytes value={figures.total_bytes} /> stored
          </>
        }
      >
        <Count value={figures.total_messages} />
      </Card>
      <Card
        label="Throughput"
        note={
          <>
            read <Rate value={figures.fetch_rate} />
          </>
        }
      >
        <Rate value={figures.produce_rate} />
      </Card>
    </Cards>
  );
}

function RecentTopics() {
  const asked = useQuery({ ...recentTopicsQuery(RECENT), ...useRefresh() });
  return (
    <Panel
      title="Recent topics"
      asked={asked}
      describeError={messageOf}
      skeleton={<TableSkeleton rows={RECENT} />}
      actions={
        <Link to="/topics" className="link min-w-6">
          All
        </Link>
      }
    >
      {({ items }) =>
        items.length === 0 ? (
          <Empty command="npx streamhouse topics create orders --partitions 6">
            There is no topic yet. Make one on the page of topics, or from a terminal:
          </Empty>
        ) : (
          <DataTable
            label="Recent topics"
            rows={items}
            columns={TOPIC_COLUMNS.filter(({ id }) => RECENT_COLUMNS.has(id))}
            keyOf={({ topic_id }) => topic_id}
          />
        )
      }
    </Panel>
  );
}

const RECENT_COLUMNS = new Set(['name', 'partitions', 'messages', 'bytes']);

function ActiveAgents() {
  const asked = useQuery({ ...agentsQuery(), ...useRefresh() });
  return (
    <Panel
      title="Active agents"
      asked={asked}
      describeError={messageOf}
      skeleton={<TableSkeleton rows={3} />}
      actions={
        <Link to="/agents" className="link min-w-6">
          All
        </Link>
      }
    >
      {({ items }) => {
        const active = items.filter(({ status }) => status !== 'stale').slice(0, RECENT);
        return active.length === 0 ? (
          <Empty command="npm start">No agent serves records. Start some:</Empty>
        ) : (
          <DataTable
            label="Active agents"
            rows={active}
            columns={AGENT_COLUMNS.filter(({ id }) => ACTIVE_COLUMNS.has(id))}
            keyOf={({ agent_id }) => agent_id}
          />
        );
      }}
    </Panel>
  );
}

const ACTIVE_COLUMNS = new Set(['agent_id', 'status', 'active_leases', 'availability_zone']);
