import { Link } from '@tanstack/react-router';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { clockTime } from '../../ui/format.ts';
import { Empty } from '../../ui/panel.tsx';
import { currentPreferences } from '../../ui/preferences.ts';
import { Status } from '../../ui/status.tsx';
import { TextOrNull } from './record-columns.tsx';
import type { Sent } from './sent.ts';

const COLUMNS: readonly Column<Sent>[] = [
  {
    id: 'status',
    title: 'Status',
    rem: 6,
    grow: 1,
    cell: ({ status }) =>
      status === 'sent' ? (
        <Status tone="good">Sent</Status>
      ) : status === 'failed' ? (
        <Status tone="bad">Failed</Status>
      ) : (
        <Status tone="none">Sending</Status>
      ),
  },
  {
    id: 'result',
    title: 'Partition and offset',
    rem: 10,
    grow: 2,
    cell: ({ topic, partition, offset, error }) =>
      partition === null || offset === null ? (
        <span title={error ?? undefined}>{error}</span>
      ) : (
        <Link
          to="/topics/$name/messages"
          params={{ name: topic }}
          search={{ partition, offset, record: offset }}
          className="link font-mono"
        >
          {partition} @ {offset}
        </Link>
      ),
  },
  {
    id: 'at',
    title: 'Time',
    rem: 5.5,
    cell: ({ at }) => clockTime(at, currentPreferences().zone),
  },
  {
    id: 'topic',
    title: 'Topic',
    rem: 6,
    grow: 1,
    cell: ({ topic }) => <span className="font-mono">{topic}</span>,
  },
  {
    id: 'key',
    title: 'Key',
    rem: 5,
    grow: 1,
    cell: ({ key }) => <TextOrNull text={key} what="no key" />,
  },
  {
    id: 'value',
    title: 'Value',
    rem: 8,
    grow: 2,
    cell: ({ value }) => <TextOrNull text={value} what="tombstone" />,
  },
];

/** What became of the last records, the newest first. */
export function SentList({ sent }: { readonly sent: readonly Sent[] }) {
  return (
    <section aria-label="Last records" className="card min-w-0">
      <h2 className="flex min-h-9 items-center gap-2 border-b border-line px-3 font-semibold">
        Last records <span className="text-xs font-normal text-muted">50 at most, in memory</span>
      </h2>
      {sent.length === 0 ? (
        <Empty>What you send shows up here with its partition and offset.</Empty>
      ) : (
        <DataTable
          label="Last records"
          rows={sent}
          columns={COLUMNS}
          keyOf={({ id }) => String(id)}
        />
      )}
    </section>
  );
}
