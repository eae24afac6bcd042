import type { Topic } from '@streamhouse/api/rest/topics.ts';
import { Link } from '@tanstack/react-router';
import { Eye } from 'lucide-react';
import type { Column } from '../../ui/data-table.tsx';
import { Bytes, Count, Instant } from '../../ui/figures.tsx';

/** Who alone may change the topic. */
export function ownerText({ owner }: Pick<Topic, 'owner'>): string {
  return owner.kind === 'api'
    ? 'Managed by API'
    : `Managed by Kubernetes ${owner.namespace}/${owner.name}`;
}

export const TOPIC_COLUMNS: readonly Column<Topic>[] = [
  {
    id: 'name',
    title: 'Name',
    rem: 11,
    grow: 3,
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
    rem: 6,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ partitions }) => <Count value={partitions} />,
  },
  {
    id: 'messages',
    title: 'Messages',
    rem: 6,
    grow: 1,
    isNumber: true,
    cell: ({ messages }) => <Count value={messages} />,
  },
  {
    id: 'bytes',
    title: 'Size',
    rem: 6,
    grow: 1,
    isNumber: true,
    cell: ({ bytes }) => <Bytes value={bytes} />,
  },
  {
    id: 'durability',
    title: 'Acknowledged in',
    rem: 9,
    grow: 1,
    cell: ({ durability }) => (durability === 'object' ? 'object storage' : 'memory'),
  },
  {
    id: 'owner',
    title: 'Owner',
    rem: 9,
    grow: 2,
    cell: (topic) => <span title={ownerText(topic)}>{ownerText(topic)}</span>,
  },
  {
    id: 'created_at',
    title: 'Created',
    rem: 13.5,
    grow: 1,
    isSortable: true,
    cell: ({ created_at }) => <Instant value={created_at} />,
  },
  {
    id: 'details',
    title: 'Details',
    rem: 5,
    cell: ({ name }) => (
      <Link
        to="/topics/$name"
        params={{ name }}
        aria-label={`Details of ${name}`}
        title={`Details of ${name}`}
        className="relative flex size-6 pointer-coarse:size-11 items-center justify-center rounded text-muted hover:text-ink"
      >
        <Eye size={15} aria-hidden />
      </Link>
    ),
  },
];
