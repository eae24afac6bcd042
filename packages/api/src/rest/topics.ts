/** Topics and partitions. Field names are those of the founding API: snake_case in answers, camelCase in requests. */
import { LIMITS } from '@streamhouse/core/limits.ts';
import { z } from 'zod';
import { map, object } from '../crd/schema.ts';
import type { Routes } from './route.ts';
import {
  DRY_RUN,
  type DryRunQuery,
  instant,
  integer,
  integerText,
  NO_FIELDS,
  type NoFields,
  PAGE,
  type PageQuery,
  text,
  topicName,
} from './schema.ts';

export type TopicOwner =
  | { readonly kind: 'api' }
  | { readonly kind: 'kubernetes'; readonly namespace: string; readonly name: string };

export interface Topic {
  readonly name: string;
  readonly topic_id: string;
  readonly partitions: number;
  readonly replication_factor: 1;
  readonly created_at: number;
  readonly durability: 'object' | 'memory';
  readonly pool: string;
  readonly retention_ms: number | null;
  readonly retention_bytes: number | null;
  readonly config: Readonly<Record<string, string>>;
  readonly owner: TopicOwner;
  readonly messages: number;
  readonly bytes: number;
}

/** What may be said of a topic. Absent: the default of a new one, unchanged of one that is there. */
export interface TopicChange {
  readonly partitions?: number | undefined;
  readonly durability?: 'object' | 'memory' | undefined;
  readonly pool?: string | undefined;
  readonly retentionMs?: number | null | undefined;
  readonly retentionBytes?: number | null | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
}

export interface NewTopic extends TopicChange {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor?: number | undefined;
}

export interface DeletedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly messages: number;
  readonly bytes: number;
}

export interface Partition {
  readonly topic: string;
  readonly partition_id: number;
  readonly low_watermark: number;
  readonly high_watermark: number;
  readonly leader: string | null;
  readonly epoch: number;
  readonly messages: number;
  readonly bytes: number;
}

export const TOPIC_SORTS = [
  'name',
  '-name',
  'created_at',
  '-created_at',
  'partitions',
  '-partitions',
] as const;
export type TopicSort = (typeof TOPIC_SORTS)[number];

export interface TopicPageQuery extends PageQuery {
  readonly q?: string | undefined;
  readonly sort?: TopicSort | undefined;
}

interface NamedTopic {
  readonly name: string;
}

export interface TopicOperations {
  'GET /api/v1/topics': {
    readonly path: NoFields;
    readonly query: TopicPageQuery;
    readonly body: undefined;
    readonly response: readonly Topic[];
  };
  'POST /api/v1/topics': {
    readonly path: NoFields;
    readonly query: DryRunQuery;
    readonly body: NewTopic;
    readonly response: Topic;
  };
  'GET /api/v1/topics/{name}': {
    readonly path: NamedTopic;
    readonly query: NoFields;
    readonly body: undefined;
    readonly response: Topic;
  };
  'PATCH /api/v1/topics/{name}': {
    readonly path: NamedTopic;
    readonly query: DryRunQuery;
    readonly body: TopicChange;
    readonly response: Topic;
  };
  'DELETE /api/v1/topics/{name}': {
    readonly path: NamedTopic;
    readonly query: DryRunQuery;
    readonly body: undefined;
    readonly response: DeletedTopic;
  };
  'GET /api/v1/topics/{name}/partitions': {
    readonly path: NamedTopic;
    readonly query: PageQuery;
    readonly body: undefined;
    readonly response: readonly Partition[];
  };
  'GET /api/v1/topics/{name}/partitions/{id}': {
    readonly path: NamedTopic & { readonly id: number };
    readonly query: NoFields;
    readonly body: undefined;
    readonly response: Partition;
  };
}

const MESSAGES = 'Records that can be read, over all partitions';
const BYTES = 'Bytes of stored records, as compressed by their producers';

const OWNER: z.ZodType<TopicOwner> = z
  .union([
    object<{ readonly kind: 'api' }>({ kind: z.literal('api') }),
    object<TopicOwner & { readonly kind: 'kubernetes' }>({
      kind: z.literal('kubernetes'),
      namespace: z.string(),
      name: z.string(),
    }),
  ])
  .describe('Who may change the topic: any client of the API, or one Topic resource only');

const TOPIC = object<Topic>({
  name: z.string(),
  topic_id: z.string().describe('UUID: a topic that is deleted and made again has another one'),
  partitions: integer('Number of partitions', 1),
  replication_factor: z
    .literal(1)
    .describe(
      'Always 1: the object store replicates. `durability` says what an acknowledgement means',
    ),
  created_at: instant('When it was made'),
  durability: z
    .enum(['object', 'memory'])
    .describe('A record is acknowledged once it is stored and published, or once an agent has it'),
  pool: z.string().describe('AgentPool whose agents hold the partitions'),
  retention_ms: z.int().nullable().describe('Milliseconds that records are kept; null: for ever'),
  retention_bytes: z.int().nullable().describe('Bytes kept per partition; null: no bound'),
  config: z.record(z.string(), z.string()),
  owner: OWNER,
  messages: integer(MESSAGES),
  bytes: integer(BYTES),
}).meta({ id: 'Topic' });

const DELETED = object<DeletedTopic>({
  name: z.string(),
  partitions: integer('Partitions that it had', 1),
  messages: integer(MESSAGES),
  bytes: integer(BYTES),
}).meta({ id: 'DeletedTopic' });

const PARTITION = object<Partition>({
  topic: z.string(),
  partition_id: integer('From 0'),
  low_watermark: integer('First offset that can be read'),
  high_watermark: integer('First offset that cannot be read yet'),
  leader: z.string().nullable().describe('Id of the agent that holds it; null while nobody does'),
  epoch: integer('Fencing number of its lease: grows with each change of holder'),
  messages: integer('Records that can be read'),
  bytes: integer(BYTES),
}).meta({ id: 'Partition' });

const CHANGE = {
  partitions: integer('They only grow', 1, LIMITS.topicPartitionsMax).optional(),
  durability: z.enum(['object', 'memory']).optional(),
  pool: z
    .string()
    .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,250}[A-Za-z0-9])?$/)
    .optional()
    .describe('AgentPool whose agents hold the partitions'),
  retentionMs: integer('Milliseconds that records are kept; null: for ever', 1)
    .nullable()
    .optional(),
  retentionBytes: integer('Bytes kept per partition; null: no bound', 1).nullable().optional(),
  config: map(z.string().max(256), 16)
    .optional()
    .describe('`maxRecordBytes`: key, value and headers of a record together, 1 to 1048576'),
} as const;

const NEW_TOPIC = object<NewTopic>({
  ...CHANGE,
  name: topicName('Letters, digits, ".", "_" and "-"'),
  partitions: integer('Number of partitions', 1, LIMITS.topicPartitionsMax),
  replicationFactor: integer(
    'Taken and not used: the object store replicates, and the topic says 1',
    1,
    32_767,
  ).optional(),
}).meta({ id: 'NewTopic' });

const NAME = text('Name of the topic', LIMITS.topicNameCharsMax, 1);
const NAMED = object<NamedTopic>({ name: NAME });
const DRY_RUN_QUERY = object<DryRunQuery>({ dryRun: DRY_RUN });
const READ = { tag: 'topics', access: { noun: 'topics', verb: 'read' }, query: NO_FIELDS } as const;
const MUTATION = { tag: 'topics', query: DRY_RUN_QUERY, isMutation: true } as const;

export const TOPIC_ROUTES: Routes<TopicOperations> = {
  'GET /api/v1/topics': {
    ...READ,
    operationId: 'listTopics',
    summary: 'Topics',
    path: NO_FIELDS,
    query: object<TopicPageQuery>({
      ...PAGE,
      q: text(
        'Only topics whose name has this text, in any case',
        LIMITS.topicNameCharsMax,
      ).optional(),
      sort: z.enum(TOPIC_SORTS).optional().describe('Default `name`; `-` is downwards'),
    }),
    response: z.array(TOPIC),
    isPaged: true,
  },
  'POST /api/v1/topics': {
    ...MUTATION,
    operationId: 'createTopic',
    summary: 'Makes a topic',
    access: { noun: 'topics', verb: 'create' },
    path: NO_FIELDS,
    body: NEW_TOPIC,
    response: TOPIC,
    status: 201,
    isRepeatable: true,
  },
  'GET /api/v1/topics/{name}': {
    ...READ,
    operationId: 'getTopic',
    summary: 'One topic',
    path: NAMED,
    response: TOPIC,
  },
  'PATCH /api/v1/topics/{name}': {
    ...MUTATION,
    operationId: 'updateTopic',
    summary: 'Changes what is given of a topic',
    description: '409 TOPIC_MANAGED names the Topic resource that owns it and alone may change it.',
    access: { noun: 'topics', verb: 'update' },
    path: NAMED,
    body: object<TopicChange>(CHANGE).meta({ id: 'TopicChange' }),
    response: TOPIC,
    isConditional: true,
  },
  'DELETE /api/v1/topics/{name}': {
    ...MUTATION,
    operationId: 'deleteTopic',
    summary: 'Deletes a topic with its records',
    description:
      'A dry run tells how many there are. Nobody can read them any more at once; the room that they take is free a day later.',
    access: { noun: 'topics', verb: 'delete' },
    path: NAMED,
    response: DELETED,
    isConditional: true,
  },
  'GET /api/v1/topics/{name}/partitions': {
    ...READ,
    operationId: 'listPartitions',
    summary: 'Partitions of a topic',
    path: NAMED,
    query: object<PageQuery>(PAGE),
    response: z.array(PARTITION),
    isPaged: true,
  },
  'GET /api/v1/topics/{name}/partitions/{id}': {
    ...READ,
    operationId: 'getPartition',
    summary: 'One partition',
    path: object<NamedTopic & { readonly id: number }>({
      name: NAME,
      id: integerText('From 0', { max: 0x7fffffff }),
    }),
    response: PARTITION,
  },
};
