import type { Incarnation } from '@streamhouse/core/ids.ts';
import { place } from '@streamhouse/core/placement/placement.ts';
import type { AgentSession } from '@streamhouse/store/metadata/agents.ts';
import type { Topic } from '@streamhouse/store/metadata/topics.ts';
import type { ClusterSnapshot } from '../cluster/cluster-view.ts';

/**
 * The desired holder of each partition, by `partitionKey`. Where agents hold some topics only, topics with the same
 * candidates are placed together, so that counts are even among those.
 */
export function desiredHolders(snapshot: ClusterSnapshot): ReadonlyMap<string, Incarnation> {
  const agents = [...snapshot.agents.values()];
  if (agents.every((agent) => agent.managedTopics.length === 0)) {
    return place(snapshot.leases, agents);
  }
  const desired = new Map<string, Incarnation>();
  const groups = Map.groupBy(snapshot.topicsById.values(), (topic) =>
    candidates(agents, topic)
      .map((agent) => agent.incarnation)
      .join(),
  );
  for (const topics of groups.values()) {
    const [topic] = topics;
    if (topic === undefined) continue;
    const leases = topics.flatMap(({ topicId }) => snapshot.leasesByTopic.get(topicId) ?? []);
    for (const [key, holder] of place(leases, candidates(agents, topic))) desired.set(key, holder);
  }
  return desired;
}

function candidates(agents: readonly AgentSession[], topic: Topic): readonly AgentSession[] {
  return agents.filter(
    ({ managedTopics }) => managedTopics.length === 0 || managedTopics.includes(topic.name),
  );
}
