import type { GroupReset, OffsetTarget } from '@streamhouse/client/public/groups.ts';
import type {
  Group,
  GroupOperations,
  GroupState,
  GroupSummary,
  OffsetReset,
} from '@streamhouse/api/rest/groups.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { partitionKey, type TopicPartition } from '@streamhouse/core/ids.ts';
import type {
  Catalogue,
  CatalogueGroup,
  GroupPartition,
} from '@streamhouse/store/metadata/catalogue.ts';
import type { GroupStore, StoredGroup } from '@streamhouse/store/metadata/groups.ts';
import { z } from 'zod';
import type { Handlers } from '../handler.ts';
import { type Listing, pageReply, placeIn } from '../paging.ts';
import { InvalidRequest } from '../problem.ts';
import type { RecordGateway } from '../record-gateway.ts';
import { consumerLag, lagOf, lagSeconds, totalLag } from './metrics.ts';
import { findTopic, partitionOutOfRange } from './topics.ts';

export interface GroupParts {
  readonly groups: GroupStore;
  readonly catalogue: Catalogue;
  readonly gateway: RecordGateway;
}

export function groupHandlers({
  groups,
  catalogue,
  gateway,
}: GroupParts): Handlers<GroupOperations> {
  const find = async (id: string, signal: AbortSignal): Promise<StoredGroup> => {
    const group = await groups.describe(id, signal);
    if (group !== undefined) return group;
    throw new StreamError('notFound', 'GROUP_NOT_FOUND', `there is no consumer group "${id}"`);
  };
  return {
    'GET /api/v1/consumer-groups': async ({ query, signal }) => {
      const { q: contains = '' } = query;
      const listing: Listing<CatalogueGroup, string> = {
        list: ['groups', contains],
        place: z.string(),
        placeOf: ({ groupId }) => groupId,
      };
      const place = placeIn(listing, query);
      const { items, total } = await catalogue.groups({ ...place, contains }, signal);
      return pageReply(listing, place, items, total, summaryView);
    },
    'GET /api/v1/consumer-groups/{id}': async ({ path, signal }) => {
      const group = await find(path.id, signal);
      const owned = group.members.flatMap(({ partitions }) => partitions);
      return { body: groupView(group, await catalogue.groupPartitions(path.id, owned, signal)) };
    },
    'GET /api/v1/consumer-groups/{id}/lag': async ({ path, signal }) => {
      await find(path.id, signal);
      return { body: consumerLag(path.id, await catalogue.groupPartitions(path.id, [], signal)) };
    },
    'POST /api/v1/consumer-groups/{id}/reset-offsets': async ({ path, body, isDryRun, signal }) => {
      const { name, partitions } = await findTopic(catalogue, body.topic, signal);
      const wrong = body.partitions?.find((partition) => partition >= partitions);
      if (wrong !== undefined) throw partitionOutOfRange(name, partitions, wrong);
      const { changes, expelled } = await gateway.resetOffsets(
        resetOf(path.id, body, isDryRun),
        signal,
      );
      return {
        body: {
          groupId: path.id,
          expelledMembers: expelled,
          changes: changes.map((change) => ({ ...change, before: change.before ?? null })),
        },
      };
    },
  };
}

function resetOf(groupId: string, reset: OffsetReset, dryRun: boolean): GroupReset {
  const { topic, partitions } = reset;
  const common = { groupId, to: targetOf(reset), dryRun };
  if (partitions === undefined) return { ...common, topics: [topic] };
  return { ...common, partitions: partitions.map((partition) => ({ topic, partition })) };
}

/** @throws InvalidRequest when there is no value where one is needed, or one that cannot be. */
function targetOf({ to, value }: OffsetReset): OffsetTarget {
  if (to === 'earliest' || to === 'latest') return to;
  if (value === undefined || (to !== 'shift' && value < 0)) {
    const message = value === undefined ? `is required with "${to}"` : 'must not be negative';
    throw new InvalidRequest([{ path: 'body.value', message }]);
  }
  switch (to) {
    case 'offset':
      return { offset: value };
    case 'timestamp':
      return { timestampMs: value };
    case 'shift':
      return { shift: value };
  }
}

function summaryView(group: CatalogueGroup): GroupSummary {
  return {
    groupId: group.groupId,
    topics: group.topics,
    totalLag: group.lag,
    partitionCount: group.partitions,
    state: stateOf(group.members, group.isAssigned),
    members: group.members,
  };
}

function stateOf(members: number, isAssigned: boolean): GroupState {
  if (members === 0) return 'empty';
  return isAssigned ? 'stable' : 'rebalancing';
}

function groupView(group: StoredGroup, partitions: readonly GroupPartition[]): Group {
  const owners = new Map(
    group.members.flatMap(({ memberId, partitions: owned }) =>
      owned.map((partition) => [keyOf(partition), memberId] as const),
    ),
  );
  const names = new Map(partitions.map((partition) => [keyOf(partition), partition.topic]));
  const committed = partitions.filter((partition) => partition.committed !== undefined);
  return {
    groupId: group.groupId,
    topics: [...new Set(partitions.map(({ topic }) => topic))],
    totalLag: totalLag(partitions),
    partitionCount: committed.length,
    state: stateOf(group.members.length, group.isAssigned),
    generation: group.generation,
    assignor: group.assignor ?? null,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId ?? null,
      clientId: member.clientId,
      clientHost: member.clientHost,
      topics: member.topics,
      partitions: member.partitions.flatMap((owned) => {
        const topic = names.get(keyOf(owned));
        return topic === undefined ? [] : [{ topic, partition: owned.partition }];
      }),
    })),
    offsets: partitions.map((partition) => ({
      topic: partition.topic,
      partition: partition.partition,
      committedOffset: partition.committed ?? null,
      committedAt: partition.committedAtMs ?? null,
      memberId: owners.get(keyOf(partition)) ?? null,
      highWatermark: partition.highWatermark,
      lag: lagOf(partition) ?? null,
      lagSeconds: lagSeconds([partition]),
    })),
  };
}

function keyOf({ topicId, partition }: TopicPartition): string {
  return partitionKey(topicId, partition);
}
