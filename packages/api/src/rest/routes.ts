/** The one table of the REST API: every operation, by its key. */
import { AGENT_ROUTES, type AgentOperations } from './agents.ts';
import { GROUP_ROUTES, type GroupOperations } from './groups.ts';
import { HEALTH_ROUTES, type HealthOperations } from './health.ts';
import { METRICS_ROUTES, type MetricsOperations } from './metrics.ts';
import { RECORD_ROUTES, type RecordOperations } from './records.ts';
import type { Routes } from './route.ts';
import { SESSION_ROUTES, type SessionOperations } from './session.ts';
import { TOPIC_ROUTES, type TopicOperations } from './topics.ts';

export interface Operations
  extends HealthOperations,
    SessionOperations,
    TopicOperations,
    AgentOperations,
    RecordOperations,
    GroupOperations,
    MetricsOperations {}

export const ROUTES: Routes<Operations> = {
  ...HEALTH_ROUTES,
  ...SESSION_ROUTES,
  ...TOPIC_ROUTES,
  ...AGENT_ROUTES,
  ...RECORD_ROUTES,
  ...GROUP_ROUTES,
  ...METRICS_ROUTES,
};
