/** The AgentPool resource: every field with its bounds, its default and what `kubectl explain` says of it. */
import { LIMITS } from '@streamhouse/core/limits.ts';
import { z } from 'zod';
import { POD_TEMPLATE, type PodTemplate } from './pod-template.ts';
import {
  type Condition,
  defineKind,
  type Resource,
  type ResourceKind,
  type Rule,
} from './resource.ts';
import { bytes, duration, map, object, quantity, section, set, text } from './schema.ts';
import { CONDITIONS, count } from './status.ts';
import { parseDuration } from './units.ts';

/** Amounts by resource, as containers have them: `{ cpu: '500m', memory: '1Gi' }`. */
export type ResourceAmounts = Readonly<Record<string, string | number>>;

export interface AgentSpec {
  readonly heartbeatInterval: string;
  readonly sessionTimeout: string;
  readonly flush: { readonly maxPutsPerSecond: number; readonly maxBytes: string };
  readonly managedTopics: readonly string[];
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
}

export interface AgentPoolSpec {
  readonly replicas: number;
  /** Empty: the operator's own version. */
  readonly image: string;
  /** Empty: one StatefulSet, anywhere. */
  readonly zones: readonly string[];
  /** Without a name: the Secret of the install. */
  readonly connection: { readonly secretName?: string | undefined };
  readonly agent: AgentSpec;
  readonly resources: {
    readonly requests?: ResourceAmounts | undefined;
    readonly limits?: ResourceAmounts | undefined;
  };
  readonly drain: { readonly timeout: string };
  readonly rollout: {
    readonly maxUnavailable: number;
    readonly paused: boolean;
    readonly restartedAt: string;
  };
  readonly disruptionBudget: { readonly maxUnavailable: number };
  readonly cache: { readonly sizeLimit: string };
  readonly podTemplate: PodTemplate;
}

export interface AgentPoolStatus {
  readonly observedGeneration?: number | undefined;
  readonly replicas?: number | undefined;
  readonly readyReplicas?: number | undefined;
  readonly updatedReplicas?: number | undefined;
  readonly drainingReplicas?: number | undefined;
  /** Label selector of the pods as text: what the scale subresource shows to autoscalers. */
  readonly selector?: string | undefined;
  /** Partitions that the pool's agents hold. */
  readonly leases?: number | undefined;
  readonly currentRevision?: string | undefined;
  readonly updateRevision?: string | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

export type AgentPoolResource = Resource<AgentPoolSpec, AgentPoolStatus>;

const AGENT = section<AgentSpec>({
  heartbeatInterval: duration('100ms', '10s')
    .default('1s')
    .describe('Time between two signs of life of an agent.'),
  sessionTimeout: duration('300ms', '60s')
    .default('3s')
    .describe('Silence after which an agent counts as dead and its partitions go to others.'),
  flush: section<AgentSpec['flush']>({
    maxPutsPerSecond: z
      .int()
      .min(1)
      .max(10_000)
      .default(10)
      .describe(
        'Objects that an agent stores in a second at most: what bounds the bill of the object store.',
      ),
    maxBytes: bytes('64Ki', '32Mi')
      .default('8Mi')
      .describe('Size at which an object is stored at once.'),
  }).describe('When agents store what they hold in memory.'),
  managedTopics: set(
    text(
      '^[a-zA-Z0-9._-]+$',
      LIMITS.topicNameCharsMax,
      'must be the name of a topic: letters a-z and A-Z, digits, ".", "_" and "-"',
    ),
    100,
  )
    .default([])
    .describe(
      'Names of the topics whose partitions the agents hold; empty for all topics of the pool.',
    ),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
    .default('info')
    .describe('Least severity that is logged.'),
});

const AMOUNTS = map(quantity(), 8);

const SPEC = object<AgentPoolSpec>({
  replicas: z.int().min(0).max(1000).default(3).describe('Number of agents.'),
  image: text(
    '^[a-zA-Z0-9._/:@-]*$',
    512,
    'must be the reference of an image, such as registry.example.com/streamhouse:1.2.3',
  )
    .default('')
    .describe(
      'Image of the agents; empty for the one that the operator has when they are made or replaced.',
    ),
  zones: set(
    text(
      '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
      40,
      'must be the name of a zone: lower-case letters, digits and "-"',
    ),
    16,
  )
    .default([])
    .describe(
      'Zones to spread the agents over, as nodes carry them in topology.kubernetes.io/zone. Empty: anywhere.',
    ),
  connection: section<AgentPoolSpec['connection']>({
    secretName: text(
      '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
      253,
      'must be the name of a Secret in the namespace of the pool: lower-case letters, digits, "-" and "."',
    )
      .optional()
      .describe(
        "Secret of the pool's namespace with the addresses and passwords of Postgres and the object store; that of the install unless told.",
      ),
  }).describe('How the agents reach Postgres and the object store.'),
  agent: AGENT.describe('Settings of the agents.'),
  resources: object<AgentPoolSpec['resources']>({
    requests: AMOUNTS.optional().describe('What a node must have free for an agent.'),
    limits: AMOUNTS.optional().describe('What an agent may use at most.'),
  })
    .default({ requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '1Gi' } })
    .describe('Processor and memory of one agent.'),
  drain: section<AgentPoolSpec['drain']>({
    timeout: duration('1s', '1h')
      .default('60s')
      .describe('Time that an agent has to store what it holds and to hand its partitions over.'),
  }).describe('How agents are stopped.'),
  rollout: section<AgentPoolSpec['rollout']>({
    maxUnavailable: z
      .int()
      .min(1)
      .max(1000)
      .default(1)
      .describe('Agents that may be replaced at a time.'),
    paused: z.boolean().default(false).describe('While true no agent is replaced.'),
    restartedAt: z
      .string()
      .max(64)
      .default('')
      .describe(
        'Replaces every agent, one after the other, each time that it changes; a time by custom.',
      ),
  }).describe('How a change reaches the agents.'),
  disruptionBudget: section<AgentPoolSpec['disruptionBudget']>({
    maxUnavailable: z
      .int()
      .min(0)
      .max(1000)
      .default(1)
      .describe('Agents that evictions may take away at a time; 0 refuses every eviction.'),
  }).describe('What maintenance of nodes may do to the agents.'),
  cache: section<AgentPoolSpec['cache']>({
    sizeLimit: bytes('16Mi', '10Ti')
      .default('10Gi')
      .describe('Size of the scratch volume of an agent; nothing on it has to survive.'),
  }).describe('Scratch space of the agents.'),
  podTemplate: POD_TEMPLATE.default({}).describe(
    'Further fields of the pods. There are no others: agents run with the restricted pod security profile.',
  ),
});

const STATUS = object<AgentPoolStatus>({
  observedGeneration: count('The metadata.generation that this status is about.').optional(),
  replicas: count('Agents that exist.').optional(),
  readyReplicas: count('Agents that are ready.').optional(),
  updatedReplicas: count('Agents that run what the spec says now.').optional(),
  drainingReplicas: count('Agents that hand their partitions over.').optional(),
  selector: z.string().max(1024).optional().describe('Label selector of the pods.'),
  leases: count('Partitions that the agents hold.').optional(),
  currentRevision: z.string().max(128).optional().describe('Revision that all agents had last.'),
  updateRevision: z.string().max(128).optional().describe('Revision that the spec asks for.'),
  conditions: CONDITIONS.optional(),
});

const RULES: readonly Rule<AgentPoolSpec>[] = [
  {
    at: 'resource',
    field: 'metadata.name',
    cel: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 40",
    message:
      'the name of a pool becomes part of host names: at most 40 lower-case letters, digits and "-", beginning with a letter',
    holds: ({ metadata: { name } }) =>
      /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name) && name.length <= 40,
  },
  {
    at: 'resource',
    field: 'spec.zones',
    cel: 'self.spec.zones.all(zone, size(zone) + size(self.metadata.name) <= 50)',
    message:
      'the names of the pool and of a zone must have at most 50 characters together: they become one name of a StatefulSet',
    holds: ({ metadata: { name }, spec: { zones } }) =>
      zones.every((zone) => zone.length + name.length <= 50),
  },
  {
    at: 'spec',
    field: 'agent.sessionTimeout',
    cel: 'duration(self.agent.sessionTimeout) >= duration(self.agent.heartbeatInterval) + duration(self.agent.heartbeatInterval)',
    message:
      'agent.sessionTimeout must be at least twice agent.heartbeatInterval: one late sign of life must not end a session',
    holds: ({ agent }) =>
      parseDuration(agent.sessionTimeout) >= 2 * parseDuration(agent.heartbeatInterval),
  },
];

/** Every condition with every reason that it gives; plans are checked against it. */
export const AGENT_POOL_CONDITIONS = {
  Ready: {
    description: 'As many agents as the spec asks for are ready.',
    reasons: {
      Ready: 'They are.',
      AgentsNotReady: 'Some are missing or not ready; the message says how many.',
      MetadataUnreachable: 'Postgres could not be reached; it is tried again.',
    },
  },
  Progressing: {
    description: 'The pool is on its way to what the spec says.',
    reasons: {
      Settled: 'It is there.',
      Scaling: 'Agents are being added.',
      Draining: 'Agents that are to go hand their partitions over first.',
      RollingOut: 'Agents are being replaced, one group after the other.',
      RolloutPaused: 'There is something to roll out, and rollout.paused says to wait.',
      RolloutStuck: 'A replaced agent does not become ready, so no further one is replaced.',
    },
  },
  Degraded: {
    description: 'Something needs a person.',
    reasons: {
      Healthy: 'Nothing does.',
      NameConflict:
        'An object that the pool needs exists and belongs to something else: rename one of them.',
      SecretMissing: 'The Secret of connection does not exist in the namespace of the pool.',
      ChildRefused:
        'The API server refused an object of the pool; the message repeats what it said.',
      RolloutStuck:
        'A replaced agent does not become ready: correct the spec, or go back to the one before.',
    },
  },
} as const;

export const AGENT_POOL: ResourceKind<AgentPoolSpec, AgentPoolStatus> = defineKind({
  kind: 'AgentPool',
  plural: 'agentpools',
  singular: 'agentpool',
  shortNames: ['shap'],
  description:
    'A set of agents of StreamHouse: the processes that take records from producers and give them to consumers.',
  spec: SPEC,
  status: STATUS,
  rules: RULES,
  columns: [
    {
      name: 'Replicas',
      type: 'integer',
      jsonPath: '.spec.replicas',
      description: 'Agents that were asked for.',
    },
    {
      name: 'Ready',
      type: 'integer',
      jsonPath: '.status.readyReplicas',
      description: 'Agents that are ready.',
    },
    {
      name: 'Updated',
      type: 'integer',
      jsonPath: '.status.updatedReplicas',
      description: 'Agents that run what the spec says now.',
    },
    {
      name: 'Draining',
      type: 'integer',
      jsonPath: '.status.drainingReplicas',
      description: 'Agents that hand their partitions over.',
      isWide: true,
    },
    {
      name: 'Leases',
      type: 'integer',
      jsonPath: '.status.leases',
      description: 'Partitions that the agents hold.',
    },
    {
      name: 'Status',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Ready')].status",
      description: 'Whether all agents are ready.',
    },
    {
      name: 'Progress',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Progressing')].reason",
      description: 'What is going on.',
    },
    {
      name: 'Degraded',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Degraded')].reason",
      description: 'What needs a person.',
      isWide: true,
    },
    {
      name: 'Age',
      type: 'date',
      jsonPath: '.metadata.creationTimestamp',
      description: 'Time since the resource was made.',
    },
  ],
  conditions: AGENT_POOL_CONDITIONS,
  scale: {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
});
