import type { ConsumerLag } from '@streamhouse/api/rest/metrics.ts';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { type Column, DataTable, sorted } from '../../ui/data-table.tsx';
import { Count } from '../../ui/figures.tsx';
import { Empty } from '../../ui/panel.tsx';
import { LagStatus } from '../groups/lag-status.tsx';

const COLUMNS: readonly Column<ConsumerLag>[] = [
  {
    id: 'groupId',
    title: 'Group',
    rem: 9,
    grow: 2,
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
    id: 'lag',
    title: 'Lag',
    rem: 5,
    grow: 1,
    isNumber: true,
    cell: ({ totalLag }) => <Count value={totalLag} />,
  },
  {
    id: 'state',
    title: 'State',
    rem: 7,
    grow: 1,
    cell: ({ totalLag }) => <LagStatus lag={totalLag} />,
  },
  {
    id: 'topics',
    title: 'Topics',
    rem: 8,
    grow: 2,
    cell: ({ topicLags }) => (
      <span className="font-mono">{topicLags.map(({ topic }) => topic).join(', ')}</span>
    ),
  },
];

/** Who is behind, the furthest first. */
export const LagTable = memo(function LagTable({
  lags,
}: {
  readonly lags: readonly ConsumerLag[];
}) {
  if (lags.length === 0)
    return (
      <Empty command="npx streamhouse consume orders --group my-group">
        No group has joined yet. Start a consumer with one:
      </Empty>
    );
  return (
    <DataTable
      label="Consumer lag"
      rows={sorted(lags, '-totalLag', { totalLag: ({ totalLag }) => totalLag })}
      columns={COLUMNS}
      keyOf={({ groupId }) => groupId}
      heightMax={{ rem: 16 }}
    />
  );
});
