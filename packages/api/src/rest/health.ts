import { z } from 'zod';
import { object } from '../crd/schema.ts';
import type { Routes } from './route.ts';
import { NO_FIELDS, type NoFields } from './schema.ts';

export interface Health {
  readonly status: 'ok';
}

interface Probe {
  readonly path: NoFields;
  readonly query: NoFields;
  readonly body: undefined;
  readonly response: Health;
}

export interface HealthOperations {
  'GET /health': Probe;
  'GET /live': Probe;
  'GET /ready': Probe;
  'GET /metrics': Omit<Probe, 'response'> & { readonly response: string };
}

const PROBE = {
  tag: 'health',
  access: 'open',
  path: NO_FIELDS,
  query: NO_FIELDS,
  response: object<Health>({ status: z.literal('ok') }).meta({ id: 'Health' }),
} as const;

export const HEALTH_ROUTES: Routes<HealthOperations> = {
  'GET /health': { ...PROBE, operationId: 'getHealth', summary: 'Whether the API answers' },
  'GET /live': { ...PROBE, operationId: 'getLive', summary: 'Whether this process is alive' },
  'GET /ready': {
    ...PROBE,
    operationId: 'getReady',
    summary: 'Whether requests can be answered now',
    description: '503 names the cause, as that Postgres cannot be reached.',
  },
  'GET /metrics': {
    ...PROBE,
    operationId: 'getPrometheusMetrics',
    summary: 'Metrics of this process, in the text format of Prometheus',
    access: { noun: 'metrics', verb: 'read' },
    response: z.string(),
    mediaType: 'text/plain',
  },
};
