/**
 * Which agent should hold which partition. Every agent computes the same map from the same rows, so nobody has to be
 * asked or elected; a map from older rows costs a handover, never data.
 *
 * Guaranteed, in a pool with P partitions, of which p belong to a topic, and N agents that are not draining:
 * - each agent has floor(P/N) or ceil(P/N) partitions, and at most ceil(p/N) of a topic;
 * - so a topic spans two zones when no zone alone has p / ceil(p/N) agents. A smaller topic of two or more partitions does
 *   so too unless that would break the counts above;
 * - the result depends on what is given, not on its order, and on agent ids, not on incarnations: a restart moves nothing.
 *
 * Not guaranteed is the least number of moves. When one of N agents leaves or comes back, its own P/N must move. All that
 * moves is 1.0 to 1.6 times that where N is at most 4 or p is 50 N and more, 2 to 3 times for small topics on many agents,
 * and half of a topic where p is about N, since all caps are then full. Even counts are worth that: a handover takes
 * milliseconds.
 */
import { compareText } from '../compare-text.ts';
import { type Incarnation, partitionKey, type TopicPartition } from '../ids.ts';
import { type DealAgent, type DealTopic, deal } from './deal.ts';
import { hashText } from './hash.ts';

export interface PlacedPartition extends TopicPartition {
  readonly pool: string;
}

/** A session that is not fenced. */
export interface PlacementAgent {
  readonly incarnation: Incarnation;
  readonly agentId: string;
  readonly pool: string;
  readonly zone: string;
  readonly isDraining: boolean;
}

/**
 * The desired holder of each partition, by `partitionKey`. A partition is missing when its pool has no agent that is not
 * draining. Of two sessions of one agent id only the one with the higher incarnation counts.
 */
export function place(
  partitions: readonly PlacedPartition[],
  agents: readonly PlacementAgent[],
): ReadonlyMap<string, Incarnation> {
  const agentsByPool = Map.groupBy(usableAgents(agents), (agent) => agent.pool);
  const partitionsByPool = Map.groupBy(partitions, (partition) => partition.pool);
  const desired = new Map<string, Incarnation>();
  for (const [pool, candidates] of agentsByPool) {
    const topics = topicsOf(partitionsByPool.get(pool) ?? []);
    deal(topics, candidates, (topicId, partition, agent) => {
      desired.set(partitionKey(topicId, partition), agent.incarnation);
    });
  }
  return desired;
}

interface Candidate extends PlacementAgent, DealAgent {}

/** In the order of their ids, which settles equal hashes. */
function usableAgents(agents: readonly PlacementAgent[]): readonly Candidate[] {
  const youngest = new Map<string, PlacementAgent>();
  for (const agent of agents) {
    const other = youngest.get(agent.agentId);
    if (other === undefined || agent.incarnation > other.incarnation) {
      youngest.set(agent.agentId, agent);
    }
  }
  return [...youngest.values()]
    .filter((agent) => !agent.isDraining)
    .sort((a, b) => compareText(a.agentId, b.agentId))
    .map((agent) => ({ ...agent, hash: hashText(agent.agentId) }));
}

/** In the order of topic ids and partition indexes. */
function topicsOf(partitions: readonly PlacedPartition[]): readonly DealTopic[] {
  const byTopic = Map.groupBy(partitions, (partition) => partition.topicId);
  return [...byTopic]
    .map(([topicId, own]) => ({
      topicId,
      hash: hashText(topicId),
      partitions: own.map(({ partition }) => partition).sort((a, b) => a - b),
    }))
    .sort((a, b) => compareText(a.topicId, b.topicId));
}
