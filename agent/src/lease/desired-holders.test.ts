import { incarnation, partitionIndex, partitionKey, topicId } from '@streamhouse/core/ids.ts';
import { expect, test } from 'vitest';
import type { ClusterSnapshot } from '../cluster/cluster-view.ts';
import { desiredHolders } from './desired-holders.ts';

const ORDERS = topicId('00000000-0000-4000-8000-000000000001');
const CLICKS = topicId('00000000-0000-4000-8000-000000000002');

function snapshot(managedTopics: readonly (readonly string[])[]): ClusterSnapshot {
  const topics = [ORDERS, CLICKS].map((id, index) => ({
    topicId: id,
    name: ['orders', 'clicks'][index] ?? '',
    partitions: 4,
    owner: { kind: 'api' as const },
    createdAtMs: 0,
    pool: 'default',
    durability: 'object' as const,
    retentionMs: null,
    retentionBytes: null,
    config: {},
  }));
  const leases = topics.flatMap((topic) =>
    Array.from({ length: topic.partitions }, (_, index) => ({
      topicId: topic.topicId,
      partition: partitionIndex(index),
      pool: 'default',
      holder: undefined,
      epoch: 0 as never,
    })),
  );
  const agents = managedTopics.map((managed, index) => ({
    incarnation: incarnation(index + 1),
    agentId: `agent-${index}`,
    pool: 'default',
    zone: 'default',
    address: `127.0.0.1:${9090 + index}`,
    managedTopics: managed,
    startedAtMs: 0,
    isDraining: false,
    beat: 0,
  }));
  return {
    topicsByName: new Map(topics.map((topic) => [topic.name, topic])),
    topicsById: new Map(topics.map((topic) => [topic.topicId, topic])),
    leases,
    slots: [],
    leasesByTopic: Map.groupBy(leases, (lease) => lease.topicId),
    agents: new Map(agents.map((agent) => [agent.incarnation, agent])),
  };
}

/** Two partitions for each of the two agents. */
function isEven(holders: (number | undefined)[]): boolean {
  return [1, 2].every((agent) => holders.filter((holder) => holder === agent).length === 2);
}

function holdersOf(
  desired: ReadonlyMap<string, number>,
  topic: typeof ORDERS,
): (number | undefined)[] {
  return [0, 1, 2, 3].map((index) => desired.get(partitionKey(topic, partitionIndex(index))));
}

test('an agent with managed topics holds partitions of those only', () => {
  const desired = desiredHolders(snapshot([[], ['orders']]));
  expect(holdersOf(desired, ORDERS)).toSatisfy(isEven);
  expect(holdersOf(desired, CLICKS)).toEqual([1, 1, 1, 1]);
});

test('a topic that no agent manages has no holder', () => {
  const desired = desiredHolders(snapshot([['orders'], ['orders']]));
  expect(holdersOf(desired, ORDERS)).toSatisfy(isEven);
  expect(holdersOf(desired, CLICKS)).toEqual([undefined, undefined, undefined, undefined]);
});

test('without managed topics every agent holds its share of each topic', () => {
  const desired = desiredHolders(snapshot([[], []]));
  expect(holdersOf(desired, ORDERS)).toSatisfy(isEven);
  expect(holdersOf(desired, CLICKS)).toSatisfy(isEven);
});
