import type { Group, GroupMember, GroupOffset } from '@streamhouse/api/rest/groups.ts';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { messageOf, useRefresh } from '../../queries/api.ts';
import { groupQuery } from '../../queries/groups.ts';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable, sorted, TableSkeleton } from '../../ui/data-table.tsx';
import { Count, Facts, FactsSkeleton, Instant } from '../../ui/figures.tsx';
import { duration, UNKNOWN, whole } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Empty, Panel } from '../../ui/panel.tsx';
import { LagStatus } from './lag-status.tsx';
import { LagTrend } from './lag-trend.tsx';

const ResetOffsetsDialog = lazy(async () => ({
  default: (await import('./reset-offsets-dialog.tsx')).ResetOffsetsDialog,
}));
const route = getRouteApi('/consumer-groups/$id');

export function GroupPage() {
  const { id } = route.useParams();
  const { reset } = route.useSearch();
  const navigate = route.useNavigate();
  const asked = useQuery({ ...groupQuery(id), ...useRefresh() });
  const { data: group } = asked;
  const setResetting = (isOpen: boolean): void =>
    void navigate({ search: (before) => ({ ...before, reset: isOpen || undefined }) });
  return (
    <Page
      title={id}
      isName
      above={
        <Link to="/consumer-groups" className="link text-xs">
          Consumer groups
        </Link>
      }
      actions={
        <Button disabled={group === undefined} onClick={() => setResetting(true)}>
          Reset offsets
        </Button>
      }
    >
      <p role="status" aria-label="Health" className="min-h-6 font-medium">
        <LagStatus
          lag={group === undefined || group.partitionCount === 0 ? null : group.totalLag}
        />
      </p>
      <Panel
        title="Group"
        asked={asked}
        describeError={messageOf}
        skeleton={<FactsSkeleton samples={SAMPLES} />}
      >
        {(known) => <GroupFacts group={known} atMs={asked.dataUpdatedAt} />}
      </Panel>
      <Panel
        title="Offsets"
        asked={asked}
        describeError={messageOf}
        skeleton={<TableSkeleton rows={6} />}
      >
        {({ offsets }) => <Offsets offsets={offsets} />}
      </Panel>
      <Panel
        title="Members"
        asked={asked}
        describeError={messageOf}
        skeleton={<TableSkeleton rows={2} />}
      >
        {({ members }) => <Members id={id} members={members} />}
      </Panel>
      {reset === true && group !== undefined && (
        <Suspense>
          <ResetOffsetsDialog group={group} onClose={() => setResetting(false)} />
        </Suspense>
      )}
    </Page>
  );
}

const SAMPLES = {
  State: 'stable',
  'Total lag': '0',
  'Lag in time': '0 s',
  Partitions: '6',
  Members: '3',
  Generation: '1',
  Assignor: 'sticky',
  Topics: 'orders',
};

interface GroupFactsProps {
  readonly group: Group;
  /** When it was looked at. */
  readonly atMs: number;
}

function GroupFacts({ group, atMs }: GroupFactsProps) {
  const { totalLag, partitionCount, offsets } = group;
  const isKnown = partitionCount > 0;
  return (
    <Facts
      facts={{
        State: group.state,
        'Total lag': (
          <>
            <Count value={isKnown ? totalLag : null} /> <LagTrend lag={totalLag} atMs={atMs} />
          </>
        ),
        'Lag in time': lagTime(longest(offsets)),
        Partitions: <Count value={partitionCount} />,
        Members: <Count value={group.members.length} />,
        Generation: <span className="font-mono">{group.generation}</span>,
        Assignor: group.assignor ?? UNKNOWN,
        Topics: (
          <span className="flex flex-wrap gap-x-2 font-mono">
            {group.topics.map((name) => (
              <Link key={name} to="/topics/$name" params={{ name }} className="link">
                {name}
              </Link>
            ))}
          </span>
        ),
      }}
    />
  );
}

/** Of the partition that is furthest behind; null when it is not known of any. */
function longest(offsets: readonly GroupOffset[]): number | null {
  const known = offsets.flatMap(({ lagSeconds }) => (lagSeconds === null ? [] : [lagSeconds]));
  return known.length === 0 ? null : Math.max(...known);
}

function lagTime(seconds: number | null): string {
  return seconds === null ? UNKNOWN : duration(seconds * 1_000);
}

const VALUES: Readonly<Record<string, (offset: GroupOffset) => string | number | null>> = {
  topic: ({ topic }) => topic,
  partition: ({ partition }) => partition,
  lag: ({ lag }) => lag,
  lagSeconds: ({ lagSeconds }) => lagSeconds,
  memberId: ({ memberId }) => memberId,
};

const OFFSET_COLUMNS: readonly Column<GroupOffset>[] = [
  {
    id: 'topic',
    title: 'Topic',
    rem: 6,
    grow: 2,
    isSortable: true,
    cell: ({ topic }) => <span className="font-mono">{topic}</span>,
  },
  {
    id: 'partition',
    title: 'Partition',
    rem: 5.5,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ topic, partition, committedOffset }) => (
      <Link
        to="/topics/$name/messages"
        params={{ name: topic }}
        search={{ partition, ...(committedOffset === null ? {} : { offset: committedOffset }) }}
        className="row-link font-mono"
        title="View Messages from the committed offset"
      >
        {partition}
      </Link>
    ),
  },
  {
    id: 'committed',
    title: 'Committed',
    rem: 6.5,
    grow: 1,
    isNumber: true,
    cell: ({ committedOffset }) => <span className="font-mono">{whole(committedOffset)}</span>,
  },
  {
    id: 'watermark',
    title: 'High watermark',
    rem: 7.5,
    grow: 1,
    isNumber: true,
    cell: ({ highWatermark }) => <span className="font-mono">{whole(highWatermark)}</span>,
  },
  {
    id: 'lag',
    title: 'Lag',
    rem: 4.5,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ lag }) => <Count value={lag} />,
  },
  {
    id: 'lagSeconds',
    title: 'Lag in time',
    rem: 6.5,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ lagSeconds }) => lagTime(lagSeconds),
  },
  {
    id: 'state',
    title: 'State',
    rem: 7,
    grow: 1,
    cell: ({ lag }) => <LagStatus lag={lag} />,
  },
  {
    id: 'memberId',
    title: 'Member',
    rem: 7,
    grow: 2,
    isSortable: true,
    cell: ({ memberId }) => <span className="font-mono">{memberId ?? UNKNOWN}</span>,
  },
  {
    id: 'committedAt',
    title: 'Committed at',
    rem: 12.5,
    grow: 1,
    cell: ({ committedAt }) => <Instant value={committedAt} />,
  },
];

function Offsets({ offsets }: { readonly offsets: readonly GroupOffset[] }) {
  const { sort = 'topic' } = route.useSearch();
  const navigate = route.useNavigate();
  if (offsets.length === 0) return <Empty>Nothing is committed or assigned yet.</Empty>;
  return (
    <DataTable
      label="Offsets"
      rows={sorted(offsets, sort, VALUES)}
      columns={OFFSET_COLUMNS}
      keyOf={({ topic, partition }) => `${topic}/${partition}`}
      sort={sort}
      onSort={(next) => void navigate({ search: (before) => ({ ...before, sort: next }) })}
    />
  );
}

const MEMBER_COLUMNS: readonly Column<GroupMember>[] = [
  {
    id: 'memberId',
    title: 'Member',
    rem: 10,
    grow: 2,
    cell: ({ memberId }) => <span className="font-mono">{memberId}</span>,
  },
  {
    id: 'clientId',
    title: 'Client',
    rem: 8,
    grow: 1,
    cell: ({ clientId, instanceId }) => instanceId ?? clientId,
  },
  {
    id: 'clientHost',
    title: 'From',
    rem: 8,
    grow: 1,
    cell: ({ clientHost }) => <span className="font-mono">{clientHost}</span>,
  },
  {
    id: 'assignment',
    title: 'Assignment',
    rem: 14,
    grow: 3,
    cell: ({ partitions }) => (
      <span className="font-mono" title={assignmentText(partitions)}>
        {assignmentText(partitions)}
      </span>
    ),
  },
];

interface MembersProps {
  readonly id: string;
  readonly members: readonly GroupMember[];
}

function Members({ id, members }: MembersProps) {
  if (members.length === 0)
    return (
      <Empty command={`npx streamhouse consume orders --group ${id}`}>
        Nobody reads with this group now. Start a consumer:
      </Empty>
    );
  return (
    <DataTable
      label="Members"
      rows={members}
      columns={MEMBER_COLUMNS}
      keyOf={({ memberId }) => memberId}
    />
  );
}

function assignmentText(partitions: GroupMember['partitions']): string {
  if (partitions.length === 0) return UNKNOWN;
  return [...Map.groupBy(partitions, ({ topic }) => topic)]
    .map(([topic, owned]) => `${topic}: ${owned.map(({ partition }) => partition).join(' ')}`)
    .join('; ');
}
