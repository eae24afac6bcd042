import type { Partition, Topic } from '@streamhouse/api/rest/topics.ts';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Copy, Pencil, Trash2 } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { messageOf, useRefresh } from '../../queries/api.ts';
import { partitionsQuery, topicQuery } from '../../queries/topics.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { type Column, DataTable, sorted, TableSkeleton } from '../../ui/data-table.tsx';
import { Bytes, Count, Facts, FactsSkeleton, INSTANT_SAMPLE, Instant } from '../../ui/figures.tsx';
import { bytes, duration, whole } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Status } from '../../ui/status.tsx';
import { useToast } from '../../ui/toast.tsx';
import { ownerText } from './topic-columns.tsx';
import { topicYaml } from './topic-yaml.ts';

const ChangeTopicDialog = lazy(async () => ({
  default: (await import('./change-topic-dialog.tsx')).ChangeTopicDialog,
}));
const DeleteTopicDialog = lazy(async () => ({
  default: (await import('./delete-topic-dialog.tsx')).DeleteTopicDialog,
}));
const route = getRouteApi('/topics/$name');

type DialogName = 'change' | 'delete';

export function TopicPage() {
  const { name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const topic = useQuery({ ...topicQuery(name), ...useRefresh() });
  const show = (dialog: DialogName | undefined): void =>
    void navigate({
      search: (before) => ({
        ...before,
        change: dialog === 'change' || undefined,
        delete: dialog === 'delete' || undefined,
      }),
    });
  const close = (): void => show(undefined);
  const isOurs = topic.data?.owner.kind === 'api';
  return (
    <Page
      title={name}
      isName
      above={
        <Link to="/topics" className="link text-xs">
          Topics
        </Link>
      }
      actions={<Actions name={name} owner={topic.data?.owner.kind} onOpen={show} />}
    >
      <PartitionsVerdict name={name} />
      <Panel
        title="Topic"
        asked={topic}
        describeError={messageOf}
        skeleton={<FactsSkeleton samples={SAMPLES} />}
        actions={
          topic.data === undefined ? (
            <span className="bone invisible text-xs">Managed by API Copy YAML</span>
          ) : (
            <Owner topic={topic.data} />
          )
        }
      >
        {(known) => <TopicFacts topic={known} />}
      </Panel>
      <Partitions name={name} />
      <Suspense>
        {isOurs && search.change === true && <ChangeTopicDialog name={name} onClose={close} />}
        {search.delete === true && <DeleteTopicDialog name={name} onClose={close} />}
      </Suspense>
    </Page>
  );
}

interface ActionsProps {
  readonly name: string;
  /** Undefined: not known yet. */
  readonly owner: Topic['owner']['kind'] | undefined;
  readonly onOpen: (dialog: DialogName) => void;
}

function Actions({ name, owner, onOpen }: ActionsProps) {
  const isManaged = owner === 'kubernetes';
  return (
    <>
      <Link to="/console" search={{ topic: name }} className={buttonClass()}>
        Send
      </Link>
      <Link to="/topics/$name/messages" params={{ name }} className={buttonClass('primary')}>
        View Messages
      </Link>
      <Button
        icon={Pencil}
        disabled={owner !== 'api'}
        title={isManaged ? 'Its resource owns it: change that one' : undefined}
        onClick={() => onOpen('change')}
      >
        Change
      </Button>
      <Button
        look="danger"
        icon={Trash2}
        disabled={owner !== 'api'}
        title={isManaged ? 'Its resource owns it: delete that one' : undefined}
        onClick={() => onOpen('delete')}
      >
        Delete
      </Button>
    </>
  );
}

function PartitionsVerdict({ name }: { readonly name: string }) {
  const { data, error } = useQuery(partitionsQuery(name));
  const unheld = data?.items.filter(({ leader }) => leader === null).length;
  return (
    <p role="status" aria-label="Health" className="min-h-6 font-medium">
      {unheld === undefined ? (
        <Status tone="none">{error === null ? 'Looking…' : 'Unknown'}</Status>
      ) : unheld === 0 ? (
        <Status tone="good">Healthy: each partition has a leader</Status>
      ) : (
        <Status tone="warn">
          Degraded: {unheld} of {data?.items.length} partitions have no leader
        </Status>
      )}
    </p>
  );
}

function Owner({ topic }: { readonly topic: Topic }) {
  const show = useToast();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(topicYaml(topic));
      show('good', 'The resource is in the clipboard');
    } catch {
      show('bad', 'The browser gives no access to the clipboard');
    }
  };
  return (
    <>
      <span className="rounded border border-line px-1.5 text-xs text-muted">
        {ownerText(topic)}
        {topic.owner.kind === 'kubernetes' && ' (read-only here)'}
      </span>
      <button
        type="button"
        onClick={() => void copy()}
        className="link inline-flex min-h-6 items-center gap-1 text-xs"
      >
        <Copy size={12} aria-hidden />
        Copy YAML
      </button>
    </>
  );
}

const SAMPLES = {
  Partitions: '6',
  Messages: '1.23 M',
  Storage: '1.23 GiB',
  Created: INSTANT_SAMPLE,
  'Acknowledged in': 'object storage',
  Replication: 'by the object store',
  Retention: 'for ever',
  'Kept per partition': 'no bound',
  Pool: 'default',
};

function TopicFacts({ topic }: { readonly topic: Topic }) {
  const { retention_ms, retention_bytes } = topic;
  return (
    <Facts
      facts={{
        Partitions: <Count value={topic.partitions} />,
        Messages: <Count value={topic.messages} />,
        Storage: <Bytes value={topic.bytes} />,
        Created: <Instant value={topic.created_at} />,
        'Acknowledged in': topic.durability === 'object' ? 'object storage' : 'memory',
        Replication: 'by the object store',
        Retention: retention_ms === null ? 'for ever' : duration(retention_ms),
        'Kept per partition': retention_bytes === null ? 'no bound' : bytes(retention_bytes),
        Pool: topic.pool,
        ...topic.config,
      }}
    />
  );
}

const VALUES: Readonly<Record<string, (partition: Partition) => string | number | null>> = {
  partition_id: ({ partition_id }) => partition_id,
  low_watermark: ({ low_watermark }) => low_watermark,
  high_watermark: ({ high_watermark }) => high_watermark,
  messages: ({ messages }) => messages,
  bytes: ({ bytes: size }) => size,
  leader: ({ leader }) => leader,
};

const COLUMNS: readonly Column<Partition>[] = [
  {
    id: 'partition_id',
    title: 'Partition',
    rem: 6,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ partition_id }) => <span className="font-mono">{partition_id}</span>,
  },
  {
    id: 'low_watermark',
    title: 'Low watermark',
    rem: 8,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ low_watermark }) => <span className="font-mono">{whole(low_watermark)}</span>,
  },
  {
    id: 'high_watermark',
    title: 'High watermark',
    rem: 8,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ high_watermark }) => <span className="font-mono">{whole(high_watermark)}</span>,
  },
  {
    id: 'messages',
    title: 'Messages',
    rem: 6,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ messages }) => <Count value={messages} />,
  },
  {
    id: 'bytes',
    title: 'Size',
    rem: 6,
    grow: 1,
    isNumber: true,
    isSortable: true,
    cell: ({ bytes: size }) => <Bytes value={size} />,
  },
  {
    id: 'leader',
    title: 'Leader agent',
    rem: 9,
    grow: 2,
    isSortable: true,
    cell: ({ leader, epoch }) =>
      leader === null ? (
        <Status tone="warn">No leader</Status>
      ) : (
        <Link
          to="/agents/$id"
          params={{ id: leader }}
          className="link font-mono"
          title={`epoch ${epoch}`}
        >
          {leader}
        </Link>
      ),
  },
  {
    id: 'view',
    title: 'Messages',
    rem: 8,
    grow: 1,
    cell: ({ topic, partition_id }) => (
      <Link
        to="/topics/$name/messages"
        params={{ name: topic }}
        search={{ partition: partition_id }}
        className="link"
      >
        View Messages
      </Link>
    ),
  },
];

function Partitions({ name }: { readonly name: string }) {
  const { sort = 'partition_id' } = route.useSearch();
  const navigate = route.useNavigate();
  const asked = useQuery({ ...partitionsQuery(name), ...useRefresh() });
  return (
    <Panel
      title="Partitions"
      asked={asked}
      describeError={messageOf}
      skeleton={<TableSkeleton rows={6} />}
    >
      {({ items }) => (
        <DataTable
          label="Partitions"
          rows={sorted(items, sort, VALUES)}
          columns={COLUMNS}
          keyOf={({ partition_id }) => String(partition_id)}
          sort={sort}
          onSort={(next) => void navigate({ search: (before) => ({ ...before, sort: next }) })}
        />
      )}
    </Panel>
  );
}
