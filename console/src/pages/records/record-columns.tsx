import type { RecordOut } from '@streamhouse/api/rest/records.ts';
import { Link } from '@tanstack/react-router';
import type { Column } from '../../ui/data-table.tsx';
import { Instant } from '../../ui/figures.tsx';

/** Of a value in a row. */
const SHOWN_CHARS = 200;

export function TextOrNull({
  text,
  what,
}: {
  readonly text: string | null;
  readonly what: string;
}) {
  return text === null ? (
    <span className="text-muted italic">{what}</span>
  ) : (
    <span className="font-mono">{text.slice(0, SHOWN_CHARS)}</span>
  );
}

/** Beside the details of a record there is room for what tells it from the others. */
export function recordColumns(
  topic: string,
  isBesideDetails: boolean,
): readonly Column<RecordOut>[] {
  const columns = allColumns(topic);
  return isBesideDetails
    ? columns.filter(({ id }) => id !== 'timestamp' && id !== 'headers')
    : columns;
}

function allColumns(topic: string): readonly Column<RecordOut>[] {
  return [
    {
      id: 'partition',
      title: 'Partition',
      rem: 5.5,
      isNumber: true,
      cell: ({ partition }) => <span className="font-mono">{partition}</span>,
    },
    {
      id: 'offset',
      title: 'Offset',
      rem: 7,
      isNumber: true,
      cell: ({ offset }) => (
        <Link
          to="/topics/$name/messages"
          params={{ name: topic }}
          search={(before) => ({ ...before, record: offset })}
          resetScroll={false}
          className="row-link font-mono"
        >
          {offset}
        </Link>
      ),
    },
    {
      id: 'timestamp',
      title: 'Timestamp',
      rem: 15,
      cell: ({ timestamp }) => <Instant value={timestamp} isExact />,
    },
    {
      id: 'key',
      title: 'Key',
      rem: 8,
      grow: 1,
      cell: ({ key }) => <TextOrNull text={key} what="no key" />,
    },
    {
      id: 'value',
      title: 'Value',
      rem: 10,
      grow: 4,
      cell: ({ value }) => <TextOrNull text={value} what="tombstone" />,
    },
    {
      id: 'headers',
      title: 'Headers',
      rem: 6,
      grow: 1,
      cell: ({ headers }) => headers.map(({ name }) => name).join(', '),
    },
  ];
}
