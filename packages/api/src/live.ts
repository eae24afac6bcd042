/**
 * What travels on the sockets. `/api/monitoring/ws` sends the founding frames: bare `MonitoringMetrics`, one per frame.
 * `/api/v1/live` sends a snapshot, then what changed since the event before. On both the server speaks every two seconds
 * unless the client asks for another interval, and closes with one of `LIVE_CLOSE`.
 */
import type { Agent } from './rest/agents.ts';
import type {
  ClusterHealth,
  ConsumerLag,
  Latency,
  Throughput,
  TopicStats,
} from './rest/metrics.ts';

export const LIVE_PATH = '/api/v1/live';
export const MONITORING_PATH = '/api/monitoring/ws';

/** Milliseconds between two events. */
export const LIVE_INTERVAL = { default: 2_000, min: 2_000, max: 60_000 } as const;

/** Codes of a close, beside those of RFC 6455: 1001 the server stops, 1008 a rule was broken, 1009 a message too large. */
export const LIVE_CLOSE = {
  /** The client reads too slowly, or who it is cannot be verified now: come again. */
  tryAgain: 1013,
  /** The token is no longer valid. */
  unauthenticated: 4401,
  /** The token no longer allows this. */
  forbidden: 4403,
} as const;

/** What the whole cluster does. */
interface LiveFigures {
  readonly throughput: Throughput;
  readonly latency: Latency;
  readonly clusterHealth: ClusterHealth;
}

interface LiveHead {
  readonly version: 1;
  /** Number of the state that it tells. Grows; two replicas count for themselves. */
  readonly sequence: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/** All that is told, of topics and groups the first 1,000 by name. */
export interface LiveSnapshot extends LiveHead, LiveFigures {
  readonly type: 'snapshot';
  readonly topics: readonly TopicStats[];
  readonly agents: readonly Agent[];
  readonly groups: readonly ConsumerLag[];
}

/** Entries that are new or other than before, whole, and the names of those that are gone. */
export interface LiveChanges<T> {
  readonly changed: readonly T[];
  readonly removed: readonly string[];
}

export interface LiveDelta extends LiveHead, LiveFigures {
  readonly type: 'delta';
  /** Sequence of the event before, which the changes are against. */
  readonly since: number;
  readonly topics: LiveChanges<TopicStats>;
  readonly agents: LiveChanges<Agent>;
  readonly groups: LiveChanges<ConsumerLag>;
}

export type LiveEvent = LiveSnapshot | LiveDelta;

/** The only thing that a client says. */
export interface LiveRequest {
  readonly intervalMs: number;
}

const BY_NAME = {
  topics: ({ name }: TopicStats): string => name,
  agents: ({ agent_id: id }: Agent): string => id,
  groups: ({ groupId }: ConsumerLag): string => groupId,
} as const;

/** The state after an event; undefined when it is a delta against another one. Entries keep their order, new ones come last. */
export function applyLive(
  before: LiveSnapshot | undefined,
  event: LiveEvent,
): LiveSnapshot | undefined {
  if (event.type === 'snapshot') return event;
  if (before?.sequence !== event.since) return undefined;
  const { since: _, ...head } = event;
  return {
    ...head,
    type: 'snapshot',
    topics: applied(before.topics, event.topics, BY_NAME.topics),
    agents: applied(before.agents, event.agents, BY_NAME.agents),
    groups: applied(before.groups, event.groups, BY_NAME.groups),
  };
}

/** An entry that did not change is the same object as before. */
function applied<T>(
  before: readonly T[],
  { changed, removed }: LiveChanges<T>,
  nameOf: (item: T) => string,
): readonly T[] {
  if (changed.length === 0 && removed.length === 0) return before;
  const items = new Map(before.map((item) => [nameOf(item), item]));
  for (const name of removed) items.delete(name);
  for (const item of changed) items.set(nameOf(item), item);
  return [...items.values()];
}
