import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { messageOf, useRefresh } from '../../queries/api.ts';
import { clusterQuery } from '../../queries/metrics.ts';
import { useRows } from '../../queries/rows.ts';
import { topicsQuery } from '../../queries/topics.ts';
import { Button } from '../../ui/button.tsx';
import { DataTable, TableSkeleton } from '../../ui/data-table.tsx';
import { plural } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Empty, Panel } from '../../ui/panel.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { VerdictLine } from '../verdict-line.tsx';
import { TOPIC_SORTS_SHOWN } from './sorts.ts';
import { TOPIC_COLUMNS } from './topic-columns.tsx';

const CreateTopicDialog = lazy(async () => ({
  default: (await import('./create-topic-dialog.tsx')).CreateTopicDialog,
}));
const route = getRouteApi('/topics');
const ROWS_SHOWN = 20;

export function TopicsPage() {
  const { q, sort, create } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery({ ...topicsQuery({ q, sort }), ...useRefresh() });
  const { asked, fetchMore } = useRows(query);
  const setCreating = (isOpen: boolean): void =>
    void navigate({ search: (before) => ({ ...before, create: isOpen || undefined }) });
  return (
    <Page
      title="Topics"
      actions={
        <Button look="primary" icon={Plus} onClick={() => setCreating(true)}>
          Create Topic
        </Button>
      }
    >
      <VerdictLine />
      <Panel
        title="Topics"
        isTitleHidden
        asked={asked}
        describeError={messageOf}
        skeleton={<TableSkeleton rows={ROWS_SHOWN} />}
        actions={
          <>
            <SearchBox
              label="Search topics"
              value={q ?? ''}
              onChange={(text) =>
                void navigate({
                  search: (before) => ({ ...before, q: text || undefined }),
                  replace: true,
                })
              }
            />
            <Totals found={asked.data?.total} isFiltered={q !== undefined} />
          </>
        }
      >
        {({ rows }) =>
          rows.length === 0 ? (
            <NoTopics q={q} />
          ) : (
            <DataTable
              label="Topics"
              rows={rows}
              columns={TOPIC_COLUMNS}
              keyOf={({ topic_id }) => topic_id}
              sort={sort ?? 'name'}
              onSort={(next) => {
                const known = TOPIC_SORTS_SHOWN.find((candidate) => candidate === next);
                void navigate({ search: (before) => ({ ...before, sort: known }) });
              }}
              onEnd={fetchMore}
              heightMax={{ dvh: 100, rem: -7.875 }}
            />
          )
        }
      </Panel>
      {create === true && (
        <Suspense>
          <CreateTopicDialog onClose={() => setCreating(false)} />
        </Suspense>
      )}
    </Page>
  );
}

interface TotalsProps {
  readonly found: number | undefined;
  readonly isFiltered: boolean;
}

function Totals({ found, isFiltered }: TotalsProps) {
  const { data } = useQuery({ ...clusterQuery(), ...useRefresh() });
  if (found === undefined) return null;
  if (isFiltered) return <span className="text-xs text-muted">{plural(found, 'topic')} found</span>;
  return (
    <span className="text-xs text-muted">
      {plural(found, 'topic')}
      {data !== undefined && `, ${plural(data.partitions_count, 'partition')}`}
    </span>
  );
}

function NoTopics({ q }: { readonly q: string | undefined }) {
  return q === undefined ? (
    <Empty command="npx streamhouse topics create orders --partitions 6">
      There is no topic yet. Make one with “Create Topic”, or from a terminal:
    </Empty>
  ) : (
    <Empty>No topic has “{q}” in its name.</Empty>
  );
}
