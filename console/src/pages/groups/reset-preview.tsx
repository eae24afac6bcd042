import type { OffsetChange, ResetResult } from '@streamhouse/api/rest/groups.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { plural, whole } from '../../ui/format.ts';
import { Status } from '../../ui/status.tsx';

const COLUMNS: readonly Column<OffsetChange>[] = [
  {
    id: 'partition',
    title: 'Partition',
    rem: 5,
    grow: 1,
    isNumber: true,
    cell: ({ partition }) => <span className="font-mono">{partition}</span>,
  },
  {
    id: 'before',
    title: 'Committed',
    rem: 6,
    grow: 1,
    isNumber: true,
    cell: ({ before }) => <span className="font-mono">{whole(before)}</span>,
  },
  {
    id: 'after',
    title: 'Becomes',
    rem: 6,
    grow: 1,
    isNumber: true,
    cell: ({ after }) => <span className="font-mono">{whole(after)}</span>,
  },
  {
    id: 'difference',
    title: 'Read again (−) or passed over (+)',
    rem: 12,
    grow: 2,
    isNumber: true,
    cell: ({ before, after }) => (before === null ? '—' : signed(after - before)),
  },
];

function signed(value: number): string {
  return value > 0 ? `+${whole(value)}` : whole(value).replace('-', '−');
}

/** What a reset would do, before it is done. */
export function ResetPreview({ result }: { readonly result: ResetResult }) {
  const { changes, expelledMembers } = result;
  return (
    <>
      <p>
        {expelledMembers === 0 ? (
          <Status tone="none">Nobody reads with this group now</Status>
        ) : (
          <Status tone="warn">
            {plural(expelledMembers, 'member')} will have to join again, and go on from the new
            offsets
          </Status>
        )}
      </p>
      <DataTable
        label="What would change"
        rows={changes}
        columns={COLUMNS}
        keyOf={({ topic, partition }) => `${topic}/${partition}`}
        heightMax={{ dvh: 40 }}
      />
    </>
  );
}
