import type { Agent, AgentOperations } from '@streamhouse/api/rest/agents.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type {
  Catalogue,
  CatalogueAgent,
  HeldPartitionName,
} from '@streamhouse/store/metadata/catalogue.ts';
import { z } from 'zod';
import type { Handlers } from '../handler.ts';
import type { HeartbeatWatch } from '../heartbeat-watch.ts';
import { type Listing, pageReply, placeIn } from '../paging.ts';

export type Heartbeats = Pick<HeartbeatWatch, 'lastHeartbeatMs' | 'isStale'>;

const AGENTS: Listing<CatalogueAgent, string> = {
  list: ['agents'],
  place: z.string(),
  placeOf: (agent) => agent.agentId,
};

export function agentHandlers(
  catalogue: Catalogue,
  heartbeats: Heartbeats,
): Handlers<AgentOperations> {
  const find = async (id: string, signal: AbortSignal): Promise<CatalogueAgent> => {
    const agent = (await catalogue.agents(signal)).find(({ agentId }) => agentId === id);
    if (agent !== undefined) return agent;
    throw new StreamError('notFound', 'AGENT_NOT_FOUND', `there is no agent "${id}"`);
  };
  return {
    'GET /api/v1/agents': async ({ query, signal }) => {
      const agents = await catalogue.agents(signal);
      const place = placeIn(AGENTS, query);
      const { after = '', limit } = place;
      const items = agents
        .toSorted((one, other) => (one.agentId < other.agentId ? -1 : 1))
        .filter(({ agentId }) => agentId > after)
        .slice(0, limit);
      return pageReply(AGENTS, place, items, agents.length, (agent) =>
        agentView(agent, heartbeats),
      );
    },
    'GET /api/v1/agents/{id}': async ({ path, signal }) => ({
      body: agentView(await find(path.id, signal), heartbeats),
    }),
    'GET /api/v1/agents/{id}/partitions': async ({ path, query, signal }) => {
      const { incarnation, leases } = await find(path.id, signal);
      const listing: Listing<HeldPartitionName, Omit<HeldPartitionName, 'epoch'>> = {
        list: ['held', incarnation],
        place: z.strictObject({ topic: z.string(), partition: z.int().min(0) }),
        placeOf: ({ topic, partition }) => ({ topic, partition }),
      };
      const place = placeIn(listing, query);
      const items = await catalogue.heldBy(incarnation, place.after, place.limit, signal);
      return pageReply(listing, place, items, leases, ({ topic, partition, epoch }) => ({
        topic,
        partition_id: partition,
        epoch,
      }));
    },
  };
}

export function agentView(agent: CatalogueAgent, heartbeats: Heartbeats): Agent {
  const { incarnation, isFenced, isDraining } = agent;
  const isStale = isFenced || heartbeats.isStale(incarnation);
  return {
    agent_id: agent.agentId,
    address: agent.address,
    availability_zone: agent.zone,
    agent_group: agent.pool,
    last_heartbeat: heartbeats.lastHeartbeatMs(incarnation) ?? null,
    started_at: agent.startedAtMs,
    active_leases: agent.leases,
    status: isStale ? 'stale' : isDraining ? 'draining' : 'healthy',
  };
}
