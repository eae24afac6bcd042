import { LIMITS } from '@streamhouse/core/limits.ts';
import { z } from 'zod';
import { object } from '../crd/schema.ts';
import { LAG_SECONDS, TOPIC_LAG, type TopicLag } from './metrics.ts';
import type { Routes } from './route.ts';
import {
  DRY_RUN,
  type DryRunQuery,
  groupId,
  integer,
  NO_FIELDS,
  type NoFields,
  PAGE,
  type PageQuery,
  text,
} from './schema.ts';

export type GroupState = 'empty' | 'rebalancing' | 'stable';

export interface GroupSummary {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly totalLag: number;
  readonly partitionCount: number;
  readonly state: GroupState;
  readonly members: number;
}

export interface GroupMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly topics: readonly string[];
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
}

export interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  readonly committedOffset: number | null;
  readonly committedAt: number | null;
  readonly memberId: string | null;
  readonly highWatermark: number;
  readonly lag: number | null;
  readonly lagSeconds: number | null;
}

export interface Group extends Omit<GroupSummary, 'members'> {
  readonly generation: number;
  readonly assignor: string | null;
  readonly members: readonly GroupMember[];
  readonly offsets: readonly GroupOffset[];
}

export interface GroupLag {
  readonly groupId: string;
  readonly totalLag: number;
  readonly lagSeconds: number | null;
  readonly topicLags: readonly TopicLag[];
}

export interface OffsetReset {
  readonly topic: string;
  readonly partitions?: readonly number[] | undefined;
  readonly to: 'earliest' | 'latest' | 'offset' | 'timestamp' | 'shift';
  readonly value?: number | undefined;
}

export interface OffsetChange {
  readonly topic: string;
  readonly partition: number;
  readonly before: number | null;
  readonly after: number;
}

export interface ResetResult {
  readonly groupId: string;
  readonly expelledMembers: number;
  readonly changes: readonly OffsetChange[];
}

interface NamedGroup {
  readonly id: string;
}

interface AskedOf<Response> {
  readonly path: NamedGroup;
  readonly query: NoFields;
  readonly body: undefined;
  readonly response: Response;
}

export interface GroupPageQuery extends PageQuery {
  readonly q?: string | undefined;
}

export interface GroupOperations {
  'GET /api/v1/consumer-groups': {
    readonly path: NoFields;
    readonly query: GroupPageQuery;
    readonly body: undefined;
    readonly response: readonly GroupSummary[];
  };
  'GET /api/v1/consumer-groups/{id}': AskedOf<Group>;
  'GET /api/v1/consumer-groups/{id}/lag': AskedOf<GroupLag>;
  'POST /api/v1/consumer-groups/{id}/reset-offsets': {
    readonly path: NamedGroup;
    readonly query: DryRunQuery;
    readonly body: OffsetReset;
    readonly response: ResetResult;
  };
}

const STATE = z
  .enum(['empty', 'rebalancing', 'stable'])
  .describe('empty: no members. rebalancing: a generation has begun and nothing is assigned yet');
const TOTAL_LAG = integer('Records, over the partitions with a committed offset');

const COMMON = {
  groupId: z.string(),
  topics: z.array(z.string()).describe('Of which offsets are committed or partitions assigned'),
  totalLag: TOTAL_LAG,
  partitionCount: integer('Partitions with a committed offset'),
  state: STATE,
} as const;

const SUMMARY = object<GroupSummary>({ ...COMMON, members: integer('Number of members') }).meta({
  id: 'GroupSummary',
});

const MEMBER = object<GroupMember>({
  memberId: z.string(),
  instanceId: z.string().nullable().describe('Of a static member'),
  clientId: z.string(),
  clientHost: z.string().describe('Address that it joined from'),
  topics: z.array(z.string()).describe('That it reads'),
  partitions: z
    .array(
      object<GroupMember['partitions'][number]>({
        topic: z.string(),
        partition: integer('From 0'),
      }),
    )
    .describe('That it owns in this generation'),
}).meta({ id: 'GroupMember' });

const OFFSET = object<GroupOffset>({
  topic: z.string(),
  partition: integer('From 0'),
  committedOffset: integer('The next one that the group reads; null: none').nullable(),
  committedAt: integer('When, in milliseconds since 1970').nullable(),
  memberId: z.string().nullable().describe('Who owns it now; null: nobody'),
  highWatermark: integer('First offset that cannot be read yet'),
  lag: integer('High watermark less the committed offset, in records; null without one').nullable(),
  lagSeconds: LAG_SECONDS,
}).meta({ id: 'GroupOffset' });

const GROUP = object<Group>({
  ...COMMON,
  generation: integer('Number of the membership: grows with each rebalance'),
  assignor: z.string().nullable(),
  members: z.array(MEMBER),
  offsets: z.array(OFFSET),
}).meta({ id: 'Group' });

const RESET = object<OffsetReset>({
  topic: text('Name of the topic', LIMITS.topicNameCharsMax, 1),
  partitions: z
    .array(integer('From 0', 0, 0x7fffffff))
    .min(1)
    .max(LIMITS.topicPartitionsMax)
    .optional()
    .describe('Default: all of the topic'),
  to: z.enum(['earliest', 'latest', 'offset', 'timestamp', 'shift']),
  value: z
    .int()
    .optional()
    .describe(
      'offset: the offset. timestamp: milliseconds since 1970. shift: records forward, or backward when it is negative',
    ),
}).meta({ id: 'OffsetReset' });

const RESULT = object<ResetResult>({
  groupId: z.string(),
  expelledMembers: integer('Members that had to join again, and go on from the new offsets'),
  changes: z.array(
    object<OffsetChange>({
      topic: z.string(),
      partition: integer('From 0'),
      before: integer('null: none was committed').nullable(),
      after: integer('The next one that the group reads'),
    }),
  ),
}).meta({ id: 'ResetResult' });

const READ = { tag: 'consumer groups', access: { noun: 'groups', verb: 'read' } } as const;
const NAMED = object<NamedGroup>({ id: groupId('Id of the group') });

export const GROUP_ROUTES: Routes<GroupOperations> = {
  'GET /api/v1/consumer-groups': {
    ...READ,
    operationId: 'listGroups',
    summary: 'Consumer groups, by id',
    path: NO_FIELDS,
    query: object<GroupPageQuery>({
      ...PAGE,
      q: text('Only groups whose id has this text, in any case', LIMITS.groupIdCharsMax).optional(),
    }),
    response: z.array(SUMMARY),
    isPaged: true,
  },
  'GET /api/v1/consumer-groups/{id}': {
    ...READ,
    operationId: 'getGroup',
    summary: 'One group with its members and offsets',
    path: NAMED,
    query: NO_FIELDS,
    response: GROUP,
  },
  'GET /api/v1/consumer-groups/{id}/lag': {
    ...READ,
    operationId: 'getGroupLag',
    summary: 'How far a group is behind, by topic and partition',
    path: NAMED,
    query: NO_FIELDS,
    response: object<GroupLag>({
      groupId: z.string(),
      totalLag: TOTAL_LAG,
      lagSeconds: LAG_SECONDS,
      topicLags: z.array(TOPIC_LAG),
    }).meta({ id: 'GroupLag' }),
  },
  'POST /api/v1/consumer-groups/{id}/reset-offsets': {
    tag: 'consumer groups',
    operationId: 'resetOffsets',
    summary: 'Sets where a group reads on',
    description: 'Its members are expelled and join again, so it works while they read.',
    access: { noun: 'groups', verb: 'update' },
    path: NAMED,
    query: object<DryRunQuery>({ dryRun: DRY_RUN }),
    body: RESET,
    response: RESULT,
    isMutation: true,
    isRepeatable: true,
  },
};
