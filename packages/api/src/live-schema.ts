/** The frames of the sockets as schemas: for the document, and for what clients say. */
import { z } from 'zod';
import { object } from './crd/schema.ts';
import { LIVE_INTERVAL, type LiveChanges, type LiveEvent, type LiveRequest } from './live.ts';
import { AGENT } from './rest/agents.ts';
import { CLUSTER_HEALTH, CONSUMER_LAG, LATENCY, THROUGHPUT, TOPIC_STATS } from './rest/metrics.ts';
import { integer } from './rest/schema.ts';

const HEAD = {
  version: z.literal(1),
  sequence: integer('Number of the state that it tells; grows'),
  timestamp: z.number().describe('Seconds since 1970'),
  throughput: THROUGHPUT,
  latency: LATENCY,
  clusterHealth: CLUSTER_HEALTH,
} as const;

function changes<T>(item: z.ZodType<T>, key: string): z.ZodType<LiveChanges<T>> {
  return object<LiveChanges<T>>({
    changed: z.array(item).describe('New, or other than before: each as it is now'),
    removed: z.array(z.string()).describe(`The ${key} of each that is gone`),
  });
}

export const LIVE_EVENT: z.ZodType<LiveEvent> = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('snapshot'),
      ...HEAD,
      topics: z.array(TOPIC_STATS),
      agents: z.array(AGENT),
      groups: z.array(CONSUMER_LAG),
    }),
    z.strictObject({
      type: z.literal('delta'),
      ...HEAD,
      since: integer('Sequence of the event before, which the changes are against'),
      topics: changes(TOPIC_STATS, 'name'),
      agents: changes(AGENT, 'agent_id'),
      groups: changes(CONSUMER_LAG, 'groupId'),
    }),
  ])
  .meta({ id: 'LiveEvent' });

export const LIVE_REQUEST: z.ZodType<LiveRequest> = object<LiveRequest>({
  intervalMs: integer('Milliseconds between two events', LIVE_INTERVAL.min, LIVE_INTERVAL.max),
}).meta({ id: 'LiveRequest' });
