import type { GroupSummary } from '@streamhouse/api/rest/groups.ts';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { messageOf, useRefresh } from '../../queries/api.ts';
import { groupsQuery } from '../../queries/groups.ts';
import { useRows } from '../../queries/rows.ts';
import { useLagThresholds } from '../../queries/session.ts';
import { type Column, DataTable, sorted, TableSkeleton } from '../../ui/data-table.tsx';
import { Card, Cards, Count } from '../../ui/figures.tsx';
import { plural } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Empty, Panel } from '../../ui/panel.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { Status } from '../../ui/status.tsx';
import { lagState } from './lag-state.ts';
import { LagStatus } from './lag-status.tsx';

const route = getRouteApi('/consumer-groups');

const VALUES: Readonly<Record<string, (group: GroupSummary) => string | number | null>> = {
  groupId: ({ groupId }) => groupId,
  totalLag: ({ totalLag }) => totalLag,
  members: ({ members }) => members,
  partitionCount: ({ partitionCount }) => partitionCount,
};

const COLUMNS: readonly Column<GroupSummary>[] = [
  {
    id: 'groupId',
    title: 'Group',
    rem: 10,
    grow: 2,
    isSortable: true,
    cell: ({ groupId }) => (
      <Link
        to="/consumer-groups/$id"
        params={{ id: groupId }}
        className="row-link font-mono"
        title={groupId}
      >
        {groupId}
      </Link>
    ),
  },
  {
    id: 'lag-state',
    title: 'Lag state',
    rem: 7,
    grow: 1,
    cell: ({ totalLag, partitionCount }) => (
      <LagStatus lag={partitionCount === 0 ? null : totalLag} />
    ),
  },
  {
    id: 'totalLag',
    title: 'Lag',
    rem: 6,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ totalLag, partitionCount }) => (
      <Count value={partitionCount === 0 ? null : totalLag} />
    ),
  },
  {
    id: 'partitionCount',
    title: 'Partitions',
    rem: 6,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ partitionCount }) => <Count value={partitionCount} />,
  },
  {
    id: 'members',
    title: 'Members',
    rem: 6,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ members }) => <Count value={members} />,
  },
  { id: 'state', title: 'State', rem: 6, grow: 1, cell: ({ state }) => state },
  {
    id: 'topics',
    title: 'Topics',
    rem: 10,
    grow: 3,
    cell: ({ topics }) => (
      <span className="font-mono" title={topics.join(', ')}>
        {topics.join(', ')}
      </span>
    ),
  },
];

export function GroupsPage() {
  const { q, sort = 'groupId' } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery({ ...groupsQuery(q), ...useRefresh() });
  const { asked, fetchMore } = useRows(query);
  const { data } = asked;
  const isWhole = data !== undefined && data.rows.length === data.total;
  return (
    <Page title="Consumer groups">
      <LagVerdict groups={data?.rows} />
      <Cards label="Groups in figures">
        <Card label="Total groups">
          <Count value={data?.total} />
        </Card>
        <Card label="Total lag" note={isWhole ? 'records' : 'of the groups fetched so far'}>
          <Count value={sum(data?.rows, ({ totalLag }) => totalLag)} />
        </Card>
        <Card label="Partitions" note="with a committed offset">
          <Count value={sum(data?.rows, ({ partitionCount }) => partitionCount)} />
        </Card>
      </Cards>
      <Panel
        title="Consumer groups"
        isTitleHidden
        asked={asked}
        describeError={messageOf}
        skeleton={<TableSkeleton rows={8} />}
        actions={
          <SearchBox
            label="Search groups"
            value={q ?? ''}
            onChange={(text) =>
              void navigate({
                search: (before) => ({ ...before, q: text || undefined }),
                replace: true,
              })
            }
          />
        }
      >
        {({ rows }) =>
          rows.length === 0 ? (
            <NoGroups q={q} />
          ) : (
            <DataTable
              label="Consumer groups"
              rows={sorted(rows, sort, VALUES)}
              columns={COLUMNS}
              keyOf={({ groupId }) => groupId}
              sort={sort}
              onSort={(next) => void navigate({ search: (before) => ({ ...before, sort: next }) })}
              onEnd={fetchMore}
            />
          )
        }
      </Panel>
    </Page>
  );
}

function NoGroups({ q }: { readonly q: string | undefined }) {
  return q === undefined ? (
    <Empty command="npx streamhouse consume orders --group my-group">
      No group has joined yet. Start a consumer with one:
    </Empty>
  ) : (
    <Empty>No group has “{q}” in its id.</Empty>
  );
}

function LagVerdict({ groups }: { readonly groups: readonly GroupSummary[] | undefined }) {
  const thresholds = useLagThresholds();
  const lagging =
    thresholds && groups?.filter(({ totalLag }) => lagState(totalLag, thresholds) === 'lagging');
  return (
    <p role="status" aria-label="Health" className="min-h-6 font-medium">
      {lagging === undefined ? (
        <Status tone="none">Looking…</Status>
      ) : lagging.length === 0 ? (
        <Status tone="good">Healthy: no group lags</Status>
      ) : (
        <Status tone="warn">
          {plural(lagging.length, 'group')} {lagging.length === 1 ? 'lags' : 'lag'}:{' '}
          {lagging
            .slice(0, 3)
            .map(({ groupId }) => groupId)
            .join(', ')}
        </Status>
      )}
    </p>
  );
}

function sum(
  groups: readonly GroupSummary[] | undefined,
  valueOf: (group: GroupSummary) => number,
): number | undefined {
  return groups?.reduce((total, group) => total + valueOf(group), 0);
}
