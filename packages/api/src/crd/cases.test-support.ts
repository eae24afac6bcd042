/** Resources that are accepted and resources that are refused, for `checkResource` and for an API server alike. */
import { AGENT_POOL } from './agent-pool.ts';
import type { ResourceKind } from './resource.ts';
import { TOPIC } from './topic.ts';

export interface ResourceCase {
  readonly name: string;
  readonly kind: ResourceKind;
  /** What is there already. */
  readonly previous?: object;
  readonly next: object;
  /** Undefined: accepted. */
  readonly refusal?: Refusal;
}

interface Refusal {
  readonly path: string;
  /** A part of what `checkResource` says of the path. */
  readonly says: string;
  /** A part of what an API server says where it has words of its own: it always names the path. */
  readonly serverSays?: string;
  /** An API server refuses it only when asked for strict validation, as kubectl does. It drops the field else. */
  readonly isStrictOnly?: true;
}

type Spec = Readonly<Record<string, unknown>>;

function manifest(kind: ResourceKind, spec: Spec, name: string): object {
  return {
    apiVersion: `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: { name },
    spec,
  };
}

export function topicManifest(spec: Spec, name = 'orders'): object {
  return manifest(TOPIC, spec, name);
}

export function poolManifest(spec: Spec, name = 'default'): object {
  return manifest(AGENT_POOL, spec, name);
}

/** Every field of both kinds, with the values that the guide shows. */
export const TOPIC_SPEC: Spec = {
  topicName: 'orders.v1',
  partitions: 12,
  retention: { time: '168h', bytes: '100Gi' },
  durability: 'object',
  pool: 'default',
  config: { compression: 'lz4', maxRecordBytes: '1048576' },
  deletionPolicy: 'Retain',
  deletionGracePeriod: '24h',
  adoptionPolicy: 'Adopt',
  paused: false,
};

export const POOL_SPEC: Spec = {
  replicas: 3,
  image: null,
  zones: ['eu-1a', 'eu-1b'],
  connection: { secretName: null },
  agent: {
    heartbeatInterval: '1s',
    sessionTimeout: '3s',
    flush: { maxPutsPerSecond: 10, maxBytes: '8Mi' },
    managedTopics: [],
    logLevel: 'info',
  },
  resources: { requests: { cpu: 1, memory: '1Gi' }, limits: { memory: '2Gi' } },
  drain: { timeout: '60s' },
  rollout: { maxUnavailable: 1, paused: false, restartedAt: '' },
  disruptionBudget: { maxUnavailable: 1 },
  cache: { sizeLimit: '10Gi' },
  podTemplate: {},
};

const POD_TEMPLATE: Spec = {
  labels: { team: 'shop' },
  annotations: { 'example.com/note': 'a sentence' },
  nodeSelector: { 'kubernetes.io/arch': 'arm64' },
  tolerations: [
    { key: 'spot', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    { operator: 'Exists' },
  ],
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'agent' } } },
      ],
    },
  },
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['agent'] }] },
    },
  ],
  priorityClassName: 'high',
  imagePullSecrets: [{ name: 'registry' }],
  env: [{ name: 'AWS_ROLE_ARN', value: '' }],
  securityContext: {
    runAsUser: 1000,
    runAsGroup: 1000,
    fsGroup: 1000,
    supplementalGroups: [2000],
    privileged: false,
    allowPrivilegeEscalation: false,
  },
  hostNetwork: false,
};

function ofTopic(name: string, spec: Spec, refusal?: Refusal, before?: Spec): ResourceCase {
  return {
    name: `a topic ${name}`,
    kind: TOPIC,
    next: topicManifest(spec),
    ...(before === undefined ? {} : { previous: topicManifest(before) }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function ofPool(name: string, spec: Spec, refusal?: Refusal, poolName?: string): ResourceCase {
  return {
    name: `a pool ${name}`,
    kind: AGENT_POOL,
    next: poolManifest(spec, poolName),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

const UNKNOWN = {
  says: 'not a field here',
  serverSays: 'unknown field',
  isStrictOnly: true,
} as const;

/** Faults of one value: an API server names the bound or the type in words of its own. */
function fault(path: string, says: string, serverSays = ''): Refusal {
  return { path, says, serverSays };
}

const TOPICS: readonly ResourceCase[] = [
  ofTopic('of defaults', {}),
  ofTopic('with every field', TOPIC_SPEC),
  ofTopic('whose fields are null', { partitions: null, retention: { time: '1h', bytes: null } }),
  ofTopic('with retention by bytes only', { retention: { bytes: '1000Ti' } }),
  ofTopic('with the longest name', { topicName: 'a'.repeat(249) }),
  ofTopic('with the most partitions', { partitions: 10_000 }),
  ofTopic('that is deleted at once', { deletionPolicy: 'Delete', deletionGracePeriod: '0s' }),
  ofTopic('whose records may be small', { config: { maxRecordBytes: '1' } }),

  ofTopic('without partitions', { partitions: 0 }, fault('spec.partitions', 'at least 1')),
  ofTopic('with -1 partitions', { partitions: -1 }, fault('spec.partitions', 'at least 1')),
  ofTopic('with 10^9 partitions', { partitions: 1e9 }, fault('spec.partitions', 'at most 10000')),
  ofTopic('with a partition and a half', { partitions: 1.5 }, fault('spec.partitions', 'integer')),
  ofTopic('with partitions in quotes', { partitions: '3' }, fault('spec.partitions', 'integer')),
  ofTopic(
    'with negative retention',
    { retention: { time: '-1d' } },
    { path: 'spec.retention.time', says: 'must be a duration in 1s..876000h' },
  ),
  ofTopic(
    'with retention in days',
    { retention: { time: '7d' } },
    { path: 'spec.retention.time', says: 'one unit of ms, s, m or h' },
  ),
  ofTopic(
    'with retention beyond the bound',
    { retention: { time: '876001h' } },
    { path: 'spec.retention.time', says: 'must be a duration in 1s..876000h' },
  ),
  ofTopic(
    'with a fraction of retention',
    { retention: { bytes: '1.5Gi' } },
    { path: 'spec.retention.bytes', says: 'must be a size in 1Mi..1000Ti' },
  ),
  ofTopic(
    'with more bytes than fit into a number',
    { retention: { bytes: '999999999Ti' } },
    { path: 'spec.retention.bytes', says: 'must be a size in 1Mi..1000Ti' },
  ),
  ofTopic(
    'with bytes as a number',
    { retention: { bytes: 1_073_741_824 } },
    fault('spec.retention.bytes', 'must be of type string'),
  ),
  ofTopic(
    'with retention that says nothing',
    { retention: {} },
    { path: 'spec.retention', says: 'needs time, bytes or both' },
  ),
  ofTopic(
    'with a name that is too long',
    { topicName: 'a'.repeat(250) },
    fault('spec.topicName', 'at most 249 characters'),
  ),
  ofTopic(
    'with a space in its name',
    { topicName: 'a b' },
    { path: 'spec.topicName', says: 'letters a-z and A-Z' },
  ),
  ofTopic('with an empty name', { topicName: '' }, { path: 'spec.topicName', says: 'letters a-z' }),
  ofTopic('named ..', { topicName: '..' }, { path: 'spec.topicName', says: 'reserved' }),
  ofTopic('named __x', { topicName: '__x' }, { path: 'spec.topicName', says: 'reserved' }),
  ofTopic(
    'with an unknown durability',
    { durability: 'paper' },
    fault('spec.durability', 'must be one of object, memory', 'Unsupported value'),
  ),
  ofTopic('in no pool', { pool: '' }, { path: 'spec.pool', says: 'name of an AgentPool' }),
  ofTopic(
    'with an unknown key of config',
    { config: { 'cleanup.policy': 'compact' } },
    { path: 'spec.config', says: 'knows the keys compression and maxRecordBytes' },
  ),
  ofTopic(
    'with an unknown compression',
    { config: { compression: 'brotli' } },
    { path: 'spec.config', says: 'none, gzip, snappy, lz4, zstd' },
  ),
  ofTopic(
    'with records that are too large',
    { config: { maxRecordBytes: '1048577' } },
    { path: 'spec.config', says: 'from "1" to "1048576"' },
  ),
  ofTopic(
    'with a size in words',
    { config: { maxRecordBytes: 'one' } },
    { path: 'spec.config', says: 'from "1" to "1048576"' },
  ),
  ofTopic(
    'with an endless grace period',
    { deletionGracePeriod: '8761h' },
    { path: 'spec.deletionGracePeriod', says: 'must be a duration in 0s..8760h' },
  ),
  ofTopic('with an unknown field', { partitons: 3 }, { path: 'spec.partitons', ...UNKNOWN }),
  ofTopic(
    'with an unknown field inside',
    { retention: { time: '1h', records: 5 } },
    { path: 'spec.retention.records', ...UNKNOWN },
  ),
];

const NAMED = { topicName: 'orders.v1' };
const IMMUTABLE = { path: 'spec.topicName', says: 'cannot be set, changed or removed' };

const TOPIC_CHANGES: readonly ResourceCase[] = [
  ofTopic('that grows', { partitions: 4 }, undefined, { partitions: 3 }),
  ofTopic('whose name stays', { ...NAMED, partitions: 4 }, undefined, NAMED),
  ofTopic('whose policy changes', { deletionPolicy: 'Delete' }, undefined, {}),
  ofTopic(
    'that shrinks',
    { partitions: 2 },
    { path: 'spec.partitions', says: 'can only grow' },
    { partitions: 3 },
  ),
  ofTopic(
    'that shrinks to the default',
    {},
    { path: 'spec.partitions', says: 'can only grow' },
    { partitions: 3 },
  ),
  ofTopic('that gets a name', NAMED, IMMUTABLE, {}),
  ofTopic('that loses its name', {}, IMMUTABLE, NAMED),
  ofTopic('that is renamed', { topicName: 'orders.v2' }, IMMUTABLE, NAMED),
];

const RESTRICTED = 'restricted pod security profile';

const POOLS: readonly ResourceCase[] = [
  ofPool('of defaults', {}),
  ofPool('with every field', POOL_SPEC),
  ofPool('with every field of a pod', { podTemplate: POD_TEMPLATE }),
  ofPool('of no agents', { replicas: 0 }),
  ofPool('with the longest name', {}, undefined, `a${'b'.repeat(39)}`),
  ofPool('with the shortest session', {
    agent: { heartbeatInterval: '150ms', sessionTimeout: '300ms' },
  }),

  ofPool('with -1 replicas', { replicas: -1 }, fault('spec.replicas', 'at least 0')),
  ofPool('with 10^6 replicas', { replicas: 1e6 }, fault('spec.replicas', 'at most 1000')),
  ofPool(
    'with an image of two words',
    { image: 'agent latest' },
    { path: 'spec.image', says: 'reference of an image' },
  ),
  ofPool(
    'with a zone in capitals',
    { zones: ['EU'] },
    { path: 'spec.zones[0]', says: 'must be the name of a zone' },
  ),
  ofPool(
    'with a zone twice',
    { zones: ['eu-1a', 'eu-1a'] },
    fault('spec.zones', 'must not name anything twice', 'Duplicate value'),
  ),
  ofPool(
    'with too many zones',
    { zones: Array.from({ length: 17 }, (_, index) => `z${index}`) },
    fault('spec.zones', 'at most 16 items'),
  ),
  ofPool(
    'with a Secret of another namespace',
    { connection: { secretName: 'other/streamhouse' } },
    { path: 'spec.connection.secretName', says: 'in the namespace of the pool' },
  ),
  ofPool(
    'with the namespace of a Secret',
    { connection: { secretName: 'streamhouse', namespace: 'other' } },
    { path: 'spec.connection.namespace', ...UNKNOWN },
  ),
  ofPool(
    'whose session ends with one late heartbeat',
    { agent: { heartbeatInterval: '2s' } },
    { path: 'spec.agent.sessionTimeout', says: 'at least twice' },
  ),
  ofPool(
    'with heartbeats without pause',
    { agent: { heartbeatInterval: '0s' } },
    { path: 'spec.agent.heartbeatInterval', says: 'must be a duration in 100ms..10s' },
  ),
  ofPool(
    'without puts',
    { agent: { flush: { maxPutsPerSecond: 0 } } },
    fault('spec.agent.flush.maxPutsPerSecond', 'at least 1'),
  ),
  ofPool(
    'with objects that are too large',
    { agent: { flush: { maxBytes: '64Mi' } } },
    { path: 'spec.agent.flush.maxBytes', says: 'must be a size in 64Ki..32Mi' },
  ),
  ofPool(
    'with an unknown log level',
    { agent: { logLevel: 'loud' } },
    fault('spec.agent.logLevel', 'must be one of trace', 'Unsupported value'),
  ),
  ofPool(
    'with memory that is no quantity',
    { resources: { limits: { memory: 'much' } } },
    fault('spec.resources.limits.memory', 'must be a quantity'),
  ),
  ofPool(
    'with less than nothing',
    { resources: { requests: { cpu: -1 } } },
    fault('spec.resources.requests.cpu', 'at least 0'),
  ),
  ofPool(
    'that is never drained',
    { drain: { timeout: '2h' } },
    { path: 'spec.drain.timeout', says: 'must be a duration in 1s..1h' },
  ),
  ofPool(
    'whose rollout may not begin',
    { rollout: { maxUnavailable: 0 } },
    fault('spec.rollout.maxUnavailable', 'at least 1'),
  ),
  ...['hostNetwork', 'hostPID', 'hostIPC'].map((field) =>
    ofPool(
      `with ${field}`,
      { podTemplate: { [field]: true } },
      { path: `spec.podTemplate.${field}`, says: RESTRICTED },
    ),
  ),
  ...['privileged', 'allowPrivilegeEscalation'].map((field) =>
    ofPool(
      `with ${field}`,
      { podTemplate: { securityContext: { [field]: true } } },
      { path: `spec.podTemplate.securityContext.${field}`, says: RESTRICTED },
    ),
  ),
  ofPool(
    'that runs as root',
    { podTemplate: { securityContext: { runAsUser: 0 } } },
    fault('spec.podTemplate.securityContext.runAsUser', 'at least 1'),
  ),
  ofPool(
    'with volumes of its own',
    { podTemplate: { volumes: [{ name: 'host', hostPath: { path: '/' } }] } },
    { path: 'spec.podTemplate.volumes', ...UNKNOWN },
  ),
  ofPool(
    'with containers of its own',
    { podTemplate: { spec: { containers: [{ securityContext: { privileged: true } }] } } },
    { path: 'spec.podTemplate.spec', ...UNKNOWN },
  ),
  ofPool(
    'with a variable that no process can have',
    { podTemplate: { env: [{ name: 'A=B', value: '' }] } },
    { path: 'spec.podTemplate.env[0].name', says: 'letters, digits and "_"' },
  ),
  ofPool(
    'with a variable without a value',
    { podTemplate: { env: [{ name: 'A' }] } },
    fault('spec.podTemplate.env[0].value', 'is required', 'Required value'),
  ),
  ofPool(
    'with a dot in its name',
    {},
    { path: 'metadata.name', says: 'part of host names' },
    'a.b',
  ),
  ofPool(
    'with a name that is too long',
    {},
    { path: 'metadata.name', says: 'at most 40' },
    `a${'b'.repeat(40)}`,
  ),
  ofPool(
    'whose name and zone are too long together',
    { zones: ['z'.repeat(40)] },
    { path: 'spec.zones', says: 'at most 50 characters together' },
    'p'.repeat(11),
  ),
];

export const RESOURCE_CASES: readonly ResourceCase[] = [...TOPICS, ...TOPIC_CHANGES, ...POOLS];
