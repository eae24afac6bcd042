/** The Topic resource: every field with its bounds, its default and what `kubectl explain` says of it. */
import { LIMITS } from '@streamhouse/core/limits.ts';
import { z } from 'zod';
import {
  type Condition,
  defineKind,
  type Resource,
  type ResourceKind,
  type Rule,
} from './resource.ts';
import { bytes, duration, map, object, text } from './schema.ts';
import { CONDITIONS, count } from './status.ts';

export interface TopicSpec {
  /** Immutable, like its absence: then the operator's naming template gives the name. */
  readonly topicName?: string | undefined;
  readonly partitions: number;
  /** At least one of both; see `parseDuration` and `parseBytes`. Bytes are per partition. */
  readonly retention: { readonly time?: string | undefined; readonly bytes?: string | undefined };
  readonly durability: 'object' | 'memory';
  readonly pool: string;
  readonly config: Readonly<Record<string, string>>;
  readonly deletionPolicy: 'Retain' | 'Delete';
  readonly deletionGracePeriod: string;
  readonly adoptionPolicy: 'Adopt' | 'Fail';
  readonly paused: boolean;
}

export interface TopicStatus {
  readonly observedGeneration?: number | undefined;
  readonly topicId?: string | undefined;
  readonly topicName?: string | undefined;
  /** Of the topic as it is, which may be more than the spec asks for. */
  readonly partitions?: number | undefined;
  /** Hash of the spec that was last applied in full. */
  readonly specHash?: string | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

export type TopicResource = Resource<TopicSpec, TopicStatus>;

const RETENTION = object<TopicSpec['retention']>({
  time: duration('1s', '876000h')
    .optional()
    .describe('Records older than this are removed, for example 168h for a week.'),
  bytes: bytes('1Mi', '1000Ti')
    .optional()
    .describe(
      'The oldest records of a partition are removed once it holds more, for example 100Gi.',
    ),
});

const SPEC = object<TopicSpec>({
  topicName: text(
    '^[a-zA-Z0-9._-]+$',
    LIMITS.topicNameCharsMax,
    'may have letters a-z and A-Z, digits, ".", "_" and "-" only',
  )
    .optional()
    .describe(
      'Name of the topic as producers and consumers see it. Left out, it follows from the name of this resource. Immutable.',
    ),
  partitions: z
    .int()
    .min(1)
    .max(LIMITS.topicPartitionsMax)
    .default(1)
    .describe('Number of partitions. It can be raised later, never lowered.'),
  retention: RETENTION.default({ time: '168h' }).describe(
    'How long records are kept: by age, by size of a partition, or by whichever is reached first.',
  ),
  durability: z
    .enum(['object', 'memory'])
    .default('object')
    .describe(
      'When a record is acknowledged. object: once it is stored and published, so that no crash can lose it. memory: once an agent has it in memory, where a crash may lose it.',
    ),
  pool: text(
    '^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$',
    252,
    'must be the name of an AgentPool: letters, digits, ".", "_" and "-", beginning and ending with a letter or digit',
  )
    .default('default')
    .describe('Name of the AgentPool whose agents hold the partitions.'),
  config: map(z.string().max(256), 16)
    .default({})
    .describe(
      'Further settings by key, values in quotes. compression: none, gzip, snappy, lz4 or zstd. maxRecordBytes: 1 to 1048576, key, value and headers of a record together.',
    ),
  deletionPolicy: z
    .enum(['Retain', 'Delete'])
    .default('Retain')
    .describe(
      'What becomes of the topic when this resource is deleted. Retain: topic and records stay, managed by nobody. Delete: they go after the grace period.',
    ),
  deletionGracePeriod: duration('0s', '8760h')
    .default('24h')
    .describe(
      'With deletionPolicy Delete: how long the records are kept. Applied again within it, the topic comes back with them.',
    ),
  adoptionPolicy: z
    .enum(['Adopt', 'Fail'])
    .default('Adopt')
    .describe(
      'What happens when the topic exists already and nobody manages it. Adopt: this resource takes it over. Fail: it stays as it is.',
    ),
  paused: z
    .boolean()
    .default(false)
    .describe('While true nothing is done to the topic, deletion included.'),
});

const STATUS = object<TopicStatus>({
  observedGeneration: count('The metadata.generation that this status is about.').optional(),
  topicId: z.string().max(64).optional().describe('Identity of the topic: never used again.'),
  topicName: z.string().max(512).optional().describe('Name of the topic.'),
  partitions: count('Number of partitions that the topic has.').optional(),
  specHash: z.string().max(128).optional().describe('Hash of the spec that was last applied.'),
  conditions: CONDITIONS.optional(),
});

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const CONFIG_KEYS = ['compression', 'maxRecordBytes'];

const RULES: readonly Rule<TopicSpec>[] = [
  {
    at: 'spec',
    field: 'partitions',
    cel: 'self.partitions >= oldSelf.partitions',
    message:
      'partitions can only grow: set at least the number that the topic has, or make a new topic',
    holds: (self, oldSelf) => oldSelf === undefined || self.partitions >= oldSelf.partitions,
  },
  {
    at: 'spec',
    field: 'topicName',
    cel: 'has(self.topicName) == has(oldSelf.topicName) && (!has(self.topicName) || self.topicName == oldSelf.topicName)',
    message:
      'topicName cannot be set, changed or removed later: delete this resource and make another one',
    holds: (self, oldSelf) => oldSelf === undefined || self.topicName === oldSelf.topicName,
  },
  {
    at: 'spec',
    field: 'topicName',
    cel: "!has(self.topicName) || !(self.topicName in ['.', '..'] || self.topicName.startsWith('__'))",
    message:
      'topicName must not be "." or ".." and must not begin with "__": such names are reserved',
    holds: ({ topicName = 'free' }) =>
      !['.', '..'].includes(topicName) && !topicName.startsWith('__'),
  },
  {
    at: 'spec',
    field: 'retention',
    cel: 'has(self.retention.time) || has(self.retention.bytes)',
    message: 'retention needs time, bytes or both: for example time: 168h',
    holds: ({ retention }) => retention.time !== undefined || retention.bytes !== undefined,
  },
  {
    at: 'spec',
    field: 'config',
    cel: `self.config.all(key, key in ['${CONFIG_KEYS.join("', '")}'])`,
    message: `config knows the keys ${CONFIG_KEYS.join(' and ')}: remove the others`,
    holds: ({ config }) => Object.keys(config).every((key) => CONFIG_KEYS.includes(key)),
  },
  {
    at: 'spec',
    field: 'config',
    cel: `!('compression' in self.config) || self.config['compression'] in ['${COMPRESSIONS.join("', '")}']`,
    message: `config.compression must be one of ${COMPRESSIONS.join(', ')}`,
    holds: ({ config }) => COMPRESSIONS.includes(config['compression'] ?? 'none'),
  },
  {
    at: 'spec',
    field: 'config',
    cel: `!('maxRecordBytes' in self.config) || self.config['maxRecordBytes'].matches('^[1-9][0-9]{0,6}$') && int(self.config['maxRecordBytes']) <= ${LIMITS.recordBytesMax}`,
    message: `config.maxRecordBytes must be a number in quotes, from "1" to "${LIMITS.recordBytesMax}"`,
    holds: ({ config: { maxRecordBytes = '1' } }) =>
      /^[1-9][0-9]{0,6}$/.test(maxRecordBytes) && Number(maxRecordBytes) <= LIMITS.recordBytesMax,
  },
];

/** Every condition with every reason that it gives; plans are checked against it. */
export const TOPIC_CONDITIONS = {
  Accepted: {
    description: 'This resource owns the topic of its name.',
    reasons: {
      Accepted: 'It does.',
      NameConflict:
        'Another resource owns the topic, or adoptionPolicy Fail forbids to take it over.',
      InvalidName: 'The name that the naming template gives is not one for topics: set topicName.',
      NameCollision:
        'The name differs from that of another topic by "." and "_" only, which metrics could not tell apart: choose another.',
      InvalidSpec: 'The spec breaks a rule that came after it was stored: correct the field.',
      NotClaimed: 'It does not yet: see the condition Ready.',
      MetadataUnreachable: 'Postgres could not be asked yet; it is tried again.',
    },
  },
  Ready: {
    description: 'The topic is as the spec says.',
    reasons: {
      Ready: 'It is.',
      NotAccepted: 'See the condition Accepted.',
      AdoptionConflict: 'The topic has more partitions than the spec: raise partitions.',
      PartitionsLimit:
        'The cluster has as many partitions as it may have: delete topics, or ask for fewer.',
      DataLost:
        'The topic was deleted elsewhere and its records are gone: the annotation streamhouse.io/recreate: "true" makes it anew, empty.',
      Paused: 'The spec said paused before anything was done.',
      MetadataUnreachable: 'Postgres could not be reached; it is tried again.',
    },
  },
  Drifted: {
    description: 'The topic was changed by something other than this resource.',
    reasons: {
      InSync: 'It was not.',
      PartitionsAhead:
        'The topic has more partitions than the spec, and partitions never shrink: raise partitions.',
      DriftReported: 'It was, and the operator is told to report that and not to correct it.',
    },
  },
  Paused: {
    description: 'The spec says paused: nothing is done to the topic.',
    reasons: { Paused: 'It does.', NotPaused: 'It does not.' },
  },
} as const;

export const TOPIC: ResourceKind<TopicSpec, TopicStatus> = defineKind({
  kind: 'Topic',
  plural: 'topics',
  singular: 'topic',
  shortNames: ['sht'],
  description:
    'A topic of StreamHouse: a named set of partitions that producers write and consumers read.',
  spec: SPEC,
  status: STATUS,
  rules: RULES,
  columns: [
    {
      name: 'Topic',
      type: 'string',
      jsonPath: '.status.topicName',
      description: 'Name that producers and consumers use.',
    },
    {
      name: 'Partitions',
      type: 'integer',
      jsonPath: '.spec.partitions',
      description: 'Partitions that were asked for.',
    },
    {
      name: 'Retention',
      type: 'string',
      jsonPath: '.spec.retention.time',
      description: 'Age at which records go.',
    },
    {
      name: 'Bytes',
      type: 'string',
      jsonPath: '.spec.retention.bytes',
      description: 'Size of a partition at which its oldest records go.',
      isWide: true,
    },
    {
      name: 'Pool',
      type: 'string',
      jsonPath: '.spec.pool',
      description: 'AgentPool that holds the partitions.',
      isWide: true,
    },
    {
      name: 'Policy',
      type: 'string',
      jsonPath: '.spec.deletionPolicy',
      description: 'What becomes of the topic when this resource is deleted.',
    },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Ready')].status",
      description: 'Whether the topic is as the spec says.',
    },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Ready')].reason",
      description: 'Why it is ready, or not.',
    },
    {
      name: 'Age',
      type: 'date',
      jsonPath: '.metadata.creationTimestamp',
      description: 'Time since the resource was made.',
    },
  ],
  conditions: TOPIC_CONDITIONS,
});
