import type { RecordOut } from '@streamhouse/api/rest/records.ts';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { messageOf } from '../../queries/api.ts';
import { recordQuery, recordsQuery } from '../../queries/records.ts';
import { Button } from '../../ui/button.tsx';
import { DataTable, TableSkeleton } from '../../ui/data-table.tsx';
import { plural, whole } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { type Asked, Empty, Panel } from '../../ui/panel.tsx';
import { Status } from '../../ui/status.tsx';
import { recordColumns } from './record-columns.tsx';
import { RecordDetails } from './record-details.tsx';
import { RecordSearch } from './record-search.tsx';
import { RecordStartForm } from './record-start-form.tsx';
import { type Scan, useScan } from './use-scan.ts';
import { useTail } from './use-tail.ts';

const route = getRouteApi('/topics/$name/messages');
const MAX_DEFAULT = 100;

export function RecordsPage() {
  const { name } = route.useParams();
  const { partition = 0, offset, timestamp, max = MAX_DEFAULT, record, tail } = route.useSearch();
  const navigate = route.useNavigate();
  const scan = useScan();
  const select = (selected: number | undefined): void =>
    void navigate({ search: (before) => ({ ...before, record: selected }), resetScroll: false });
  const shown = useShownRecords(name, { partition, offset, timestamp, max, tail });
  const records = scan.result.state === 'idle' ? shown.records : scan.result.progress.found;
  const isLoaded = shown.asked.data !== undefined;
  const { selected, isSelected } = useSelected(name, partition, record, { records, isLoaded });
  const columns = useMemo(() => recordColumns(name, isSelected), [name, isSelected]);
  return (
    <Page
      title={`Messages of ${name}`}
      above={
        <Link to="/topics/$name" params={{ name }} className="link font-mono text-xs">
          {name}
        </Link>
      }
    >
      <RecordStartForm key={JSON.stringify([partition, offset, timestamp, max])} />
      <RecordSearch scan={scan} start={{ topic: name, partition, offset, timestamp }} />
      <div
        className={
          isSelected
            ? 'grid grid-cols-1 items-start gap-3 lg:grid-cols-[minmax(0,3fr)_minmax(20rem,2fr)]'
            : ''
        }
      >
        <Panel
          title="Messages"
          isTitleHidden
          asked={shown.asked}
          describeError={messageOf}
          skeleton={<TableSkeleton rows={15} />}
          actions={<Extent {...{ shown, scan: scan.result }} />}
        >
          {() => (
            <RecordList
              {...{ records, columns, record }}
              isFollowing={tail === true && scan.result.state === 'idle'}
              isScan={scan.result.state !== 'idle'}
            />
          )}
        </Panel>
        {isSelected && (
          <RecordDetails key={record} record={selected} onClose={() => select(undefined)} />
        )}
      </div>
      {shown.more !== undefined && scan.result.state === 'idle' && (
        <Button onClick={shown.more} disabled={shown.asked.isFetching} className="self-start">
          Load more
        </Button>
      )}
    </Page>
  );
}

interface Loaded {
  readonly records: readonly RecordOut[];
  readonly isLoaded: boolean;
}

/** The record that the address names, though it may not be among those that are loaded. */
function useSelected(
  topic: string,
  partition: number,
  offset: number | undefined,
  { records, isLoaded }: Loaded,
): { readonly selected: RecordOut | undefined; readonly isSelected: boolean } {
  const listed = records.find((candidate) => candidate.offset === offset);
  const isAlone = offset !== undefined && listed === undefined;
  const alone = useQuery({
    ...recordQuery(topic, partition, offset ?? 0),
    enabled: isAlone && isLoaded,
  });
  const isMissing = alone.data === null || alone.isError;
  return {
    selected: listed ?? (isAlone ? (alone.data ?? undefined) : undefined),
    isSelected: offset !== undefined && !(isAlone && isMissing),
  };
}

interface ListProps {
  readonly records: readonly RecordOut[];
  readonly columns: ReturnType<typeof recordColumns>;
  readonly record: number | undefined;
  readonly isFollowing: boolean;
  readonly isScan: boolean;
}

function RecordList({ records, columns, record, isFollowing, isScan }: ListProps) {
  const { name } = route.useParams();
  if (records.length > 0)
    return (
      <DataTable
        label="Messages"
        rows={records}
        columns={columns}
        keyOf={({ partition, offset }) => `${partition}/${offset}`}
        isSelected={({ offset }) => offset === record}
        isFollowing={isFollowing}
        heightMax={{ dvh: 100, rem: -14 }}
      />
    );
  if (isScan) return <Empty>Nothing found so far.</Empty>;
  if (isFollowing) return <Empty>Waiting for new records…</Empty>;
  return (
    <Empty command={`echo hello | npx streamhouse produce ${name}`}>
      There is no record from here on. Send one on the page of the producer, or from a terminal:
    </Empty>
  );
}

interface Where {
  readonly partition: number;
  readonly offset: number | undefined;
  readonly timestamp: number | undefined;
  readonly max: number;
  readonly tail: true | undefined;
}

type Shown = ReturnType<typeof useShownRecords>;

/** What was asked for, or what comes in from now on. */
function useShownRecords(topic: string, { partition, offset, timestamp, max, tail }: Where) {
  const isTail = tail === true;
  const query = useInfiniteQuery({
    ...recordsQuery({ topic, partition, offset, timestamp }, max),
    enabled: !isTail,
  });
  const tailed = useTail(topic, partition, isTail);
  const pages = query.data?.pages;
  const fetched = useMemo(() => pages?.flatMap(({ records }) => records) ?? [], [pages]);
  const last = pages?.at(-1);
  if (isTail) {
    const asked: Asked<unknown> = tailed;
    return { isTail, asked, records: tailed.data ?? [], last: undefined, more: undefined };
  }
  const more = query.hasNextPage ? () => void query.fetchNextPage() : undefined;
  const asked: Asked<unknown> = query;
  return { isTail, asked, records: fetched, last, more };
}

/** How much of the partition is shown. */
function Extent({ shown, scan }: { readonly shown: Shown; readonly scan: Scan }) {
  if (scan.state !== 'idle') return <Found scan={scan} />;
  if (shown.isTail)
    return (
      <span className="text-xs">
        <Status tone="good">Live, {plural(shown.records.length, 'new record')}</Status>
      </span>
    );
  const { last, records } = shown;
  if (last === undefined) return null;
  return (
    <span className="text-xs text-muted">
      {plural(records.length, 'record')} shown; the partition has offsets {whole(last.lowWatermark)}{' '}
      to {whole(last.highWatermark)}
    </span>
  );
}

/** What a search came to so far. */
function Found({ scan }: { readonly scan: Scan }) {
  const { state, progress, faults } = scan;
  const { found, scanned, failed, firstFailure, isAtEnd } = progress;
  return (
    <span className="text-xs text-muted" role="status">
      {plural(found.length, 'record')} found in {whole(scanned)}
      {state === 'running' ? '…' : isAtEnd ? ', to the end' : ''}
      {firstFailure !== null &&
        `; the expression failed on ${whole(failed)}, first at offset ${whole(firstFailure.offset)}: ${firstFailure.message}`}
      {faults.has('') && `: ${faults.get('')}`}
    </span>
  );
}
