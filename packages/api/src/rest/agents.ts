import { z } from 'zod';
import { object } from '../crd/schema.ts';
import type { Routes } from './route.ts';
import {
  instant,
  integer,
  NO_FIELDS,
  type NoFields,
  PAGE,
  type PageQuery,
  text,
} from './schema.ts';

export interface Agent {
  readonly agent_id: string;
  readonly address: string;
  readonly availability_zone: string;
  readonly agent_group: string;
  readonly last_heartbeat: number | null;
  readonly started_at: number;
  readonly active_leases: number;
  readonly status: 'healthy' | 'draining' | 'stale';
}

export interface AgentPartition {
  readonly topic: string;
  readonly partition_id: number;
  readonly epoch: number;
}

interface NamedAgent {
  readonly id: string;
}

export interface AgentOperations {
  'GET /api/v1/agents': {
    readonly path: NoFields;
    readonly query: PageQuery;
    readonly body: undefined;
    readonly response: readonly Agent[];
  };
  'GET /api/v1/agents/{id}': {
    readonly path: NamedAgent;
    readonly query: NoFields;
    readonly body: undefined;
    readonly response: Agent;
  };
  'GET /api/v1/agents/{id}/partitions': {
    readonly path: NamedAgent;
    readonly query: PageQuery;
    readonly body: undefined;
    readonly response: readonly AgentPartition[];
  };
}

export const AGENT: z.ZodType<Agent> = object<Agent>({
  agent_id: z.string(),
  address: z.string().describe('`host:port` that clients dial'),
  availability_zone: z.string(),
  agent_group: z.string().describe('Its AgentPool'),
  last_heartbeat: z
    .int()
    .nullable()
    .describe(
      'When this server last saw its heartbeat move, in milliseconds since 1970; null when it has not yet',
    ),
  started_at: instant('When this life of it began'),
  active_leases: integer('Partitions that it holds'),
  status: z
    .enum(['healthy', 'draining', 'stale'])
    .describe(
      'stale: its heartbeat stands still for longer than a session may, or it was given up and no other has come in its place',
    ),
}).meta({ id: 'Agent' });

const PARTITION = object<AgentPartition>({
  topic: z.string(),
  partition_id: integer('From 0'),
  epoch: integer('Fencing number of its lease'),
}).meta({ id: 'AgentPartition' });

const READ = { tag: 'agents', access: { noun: 'agents', verb: 'read' } } as const;
const NAMED = object<NamedAgent>({ id: text('Id of the agent', 253, 1) });

export const AGENT_ROUTES: Routes<AgentOperations> = {
  'GET /api/v1/agents': {
    ...READ,
    operationId: 'listAgents',
    summary: 'Agents, by id',
    path: NO_FIELDS,
    query: object<PageQuery>(PAGE),
    response: z.array(AGENT),
    isPaged: true,
  },
  'GET /api/v1/agents/{id}': {
    ...READ,
    operationId: 'getAgent',
    summary: 'One agent',
    path: NAMED,
    query: NO_FIELDS,
    response: AGENT,
  },
  'GET /api/v1/agents/{id}/partitions': {
    ...READ,
    operationId: 'listAgentPartitions',
    summary: 'Partitions that an agent holds, by topic',
    path: NAMED,
    query: object<PageQuery>(PAGE),
    response: z.array(PARTITION),
    isPaged: true,
  },
};
