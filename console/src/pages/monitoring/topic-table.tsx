import type { TopicStats } from '@streamhouse/api/rest/metrics.ts';
import { getRouteApi, Link } from '@tanstack/react-router';
import { memo } from 'react';
import { type Column, DataTable, sorted } from '../../ui/data-table.tsx';
import { Bytes, Count, Rate } from '../../ui/figures.tsx';
import { Empty } from '../../ui/panel.tsx';

const route = getRouteApi('/monitoring');

const VALUES: Readonly<Record<string, (topic: TopicStats) => string | number | null>> = {
  name: ({ name }) => name,
  partitions: ({ partitions }) => partitions,
  totalMessages: ({ totalMessages }) => totalMessages,
  totalBytes: ({ totalBytes }) => totalBytes,
  produceRate: ({ produceRate }) => produceRate,
};

const COLUMNS: readonly Column<TopicStats>[] = [
  {
    id: 'name',
    title: 'Name',
    rem: 7,
    grow: 2,
    isSortable: true,
    cell: ({ name }) => (
      <Link to="/topics/$name" params={{ name }} className="row-link font-mono" title={name}>
        {name}
      </Link>
    ),
  },
  {
    id: 'partitions',
    title: 'Partitions',
    rem: 5.5,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ partitions }) => <Count value={partitions} />,
  },
  {
    id: 'totalMessages',
    title: 'Messages',
    rem: 5.5,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ totalMessages }) => <Count value={totalMessages} />,
  },
  {
    id: 'totalBytes',
    title: 'Size',
    rem: 5,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ totalBytes }) => <Bytes value={totalBytes} />,
  },
  {
    id: 'produceRate',
    title: 'Produce rate',
    rem: 7,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ produceRate }) => <Rate value={produceRate} />,
  },
];

/** Anew only when a figure of it is another one. */
export const TopicTable = memo(function TopicTable({
  topics,
}: {
  readonly topics: readonly TopicStats[];
}) {
  const { sort = 'name' } = route.useSearch();
  const navigate = route.useNavigate();
  if (topics.length === 0)
    return (
      <Empty command="npx streamhouse topics create orders --partitions 6">
        There is no topic yet. Make one:
      </Empty>
    );
  return (
    <DataTable
      label="Topics"
      rows={sorted(topics, sort, VALUES)}
      columns={COLUMNS}
      keyOf={({ name }) => name}
      sort={sort}
      onSort={(next) =>
        void navigate({ search: (before) => ({ ...before, sort: next }), resetScroll: false })
      }
      heightMax={{ rem: 24 }}
    />
  );
});
