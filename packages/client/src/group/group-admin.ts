/** Shows and changes consumer groups for the admin client. */
import type { CommittedOffset__Output } from '@streamhouse/api/gen/streamhouse/v1/CommittedOffset.ts';
import type { DeleteGroupRequest } from '@streamhouse/api/gen/streamhouse/v1/DeleteGroupRequest.ts';
import type { DeleteGroupResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/DeleteGroupResponse.ts';
import type { DescribeGroupRequest } from '@streamhouse/api/gen/streamhouse/v1/DescribeGroupRequest.ts';
import type { DescribeGroupResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/DescribeGroupResponse.ts';
import type { GroupListing__Output } from '@streamhouse/api/gen/streamhouse/v1/GroupListing.ts';
import type { GroupPartition__Output } from '@streamhouse/api/gen/streamhouse/v1/GroupPartition.ts';
import {
  GroupState as WireState,
  type GroupState__Output,
} from '@streamhouse/api/gen/streamhouse/v1/GroupState.ts';
import type { ListGroupsRequest } from '@streamhouse/api/gen/streamhouse/v1/ListGroupsRequest.ts';
import type { ListGroupsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ListGroupsResponse.ts';
import type { ListTopicsRequest } from '@streamhouse/api/gen/streamhouse/v1/ListTopicsRequest.ts';
import type { ListTopicsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ListTopicsResponse.ts';
import type { MemberDescription__Output } from '@streamhouse/api/gen/streamhouse/v1/MemberDescription.ts';
import type { ResetOffsetsRequest } from '@streamhouse/api/gen/streamhouse/v1/ResetOffsetsRequest.ts';
import type { ResetOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ResetOffsetsResponse.ts';
import { topicIdFromBytes } from '@streamhouse/core/bytes/uuid.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { offset } from '@streamhouse/core/ids.ts';
import { askAny, type ChannelMethod } from '../cluster/ask-any.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { requireAnswers } from '../cluster/wire-error.ts';
import { measureLag } from '../consumer/lag.ts';
import { lookUpOffsets, type PartitionPlace } from '../consumer/offset-lookup.ts';
import type { PartitionName } from '../public/connect.ts';
import type { CommittedOffset, ConsumerLag } from '../public/consumer.ts';
import type {
  GroupDescription,
  GroupListing,
  GroupMemberDescription,
  GroupReset,
  GroupResetResult,
  GroupState,
  OffsetTarget,
} from '../public/groups.ts';
import { fetchCommitted } from './committed-offsets.ts';
import { GroupCoordinator } from './coordinator.ts';

type Signal = AbortSignal | undefined;
/** Names of the topics that are there, by their ids. */
type TopicNames = ReadonlyMap<string, string>;

const STATES: Readonly<Record<GroupState__Output, GroupState>> = {
  [WireState.GROUP_STATE_UNSPECIFIED]: 'empty',
  [WireState.GROUP_STATE_EMPTY]: 'empty',
  [WireState.GROUP_STATE_REBALANCING]: 'rebalancing',
  [WireState.GROUP_STATE_STABLE]: 'stable',
};

export class GroupAdmin {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async list(signal: Signal): Promise<GroupListing[]> {
    const groups: GroupListing[] = [];
    for (;;) {
      const after = groups.at(-1)?.groupId ?? '';
      const page = await this.#ask<ListGroupsRequest, ListGroupsResponse__Output>(
        ({ group }) =>
          (...call) =>
            group.listGroups(...call),
        { after },
        signal,
      );
      groups.push(...page.groups.map(groupListing));
      if (!page.hasMore) return groups;
    }
  }

  async describe(groupId: string, signal: Signal): Promise<GroupDescription> {
    const { group, coordinator, members, offsets } = await this.#describe(groupId, signal);
    if (group === null) throw new StreamError('internal', 'ANSWER', 'the agent left the group out');
    const names = await this.#topicNames(signal);
    return {
      ...groupListing(group),
      coordinator: coordinator || undefined,
      memberDescriptions: members.map((member) => memberDescription(member, names)),
      offsets: offsets.flatMap((committed) => committedOffset(committed, names)),
    };
  }

  async lag(groupId: string, signal: Signal): Promise<ConsumerLag> {
    const { offsets } = await this.describe(groupId, signal);
    const places = await this.#places(offsets, signal);
    const committed = places.map((place, index) => ({
      ...place,
      position: offsets[index]?.offset ?? 0,
    }));
    return await measureLag(this.#cluster, committed, signal);
  }

  async reset(reset: GroupReset, signal: Signal): Promise<GroupResetResult> {
    const { groupId, to, dryRun = false } = reset;
    const places = await this.#places(await this.#chosen(reset, signal), signal);
    const after = await this.#targets(groupId, places, to, signal);
    const targets = places.flatMap((place) => {
      const next = after.get(place);
      return next === undefined ? [] : [{ ...place, next }];
    });
    const { requestTimeoutMs } = this.#cluster;
    const { changes, expelled } = await new GroupCoordinator(this.#cluster).call<
      ResetOffsetsRequest,
      ResetOffsetsResponse__Output
    >(
      (group) =>
        (...call) =>
          group.resetOffsets(...call),
      {
        groupId,
        dryRun,
        offsets: targets.map(({ topicIdBytes, partition, next }) => ({
          topicId: topicIdBytes,
          partition,
          offset: next,
        })),
      },
      { signal, timeoutMs: requestTimeoutMs, attemptMs: requestTimeoutMs },
    );
    requireAnswers(targets, changes);
    return {
      expelled,
      changes: targets.map(({ topic, partition, next }, index) => {
        const { before = -1 } = changes[index] ?? {};
        return { topic, partition, before: before < 0 ? undefined : before, after: next };
      }),
    };
  }

  async delete(groupId: string, signal: Signal): Promise<void> {
    const { requestTimeoutMs } = this.#cluster;
    await new GroupCoordinator(this.#cluster).call<DeleteGroupRequest, DeleteGroupResponse__Output>(
      (group) =>
        (...call) =>
          group.deleteGroup(...call),
      { groupId },
      { signal, timeoutMs: requestTimeoutMs, attemptMs: requestTimeoutMs },
    );
  }

  #describe(groupId: string, signal: Signal): Promise<DescribeGroupResponse__Output> {
    return this.#ask<DescribeGroupRequest, DescribeGroupResponse__Output>(
      ({ group }) =>
        (...call) =>
          group.describeGroup(...call),
      { groupId },
      signal,
    );
  }

  /** The partitions that a reset is about. */
  async #chosen(
    { groupId, topics = [], partitions = [] }: GroupReset,
    signal: Signal,
  ): Promise<PartitionName[]> {
    if (topics.length === 0 && partitions.length === 0) {
      return [...(await this.describe(groupId, signal)).offsets];
    }
    const chosen = new Map(partitions.map((place) => [`${place.topic}/${place.partition}`, place]));
    for (const topic of topics) {
      const view = await this.#cluster.topic(topic, signal, this.#cluster.requestTimeoutMs);
      for (const partition of view.partitions.keys()) {
        chosen.set(`${topic}/${partition}`, { topic, partition });
      }
    }
    return [...chosen.values()];
  }

  /** In the order of `partitions`. @throws StreamError `notFound`. */
  async #places(partitions: readonly PartitionName[], signal: Signal): Promise<PartitionPlace[]> {
    const topics = new Map<string, Uint8Array>();
    for (const { topic } of partitions) {
      if (topics.has(topic)) continue;
      const view = await this.#cluster.topic(topic, signal, this.#cluster.requestTimeoutMs);
      topics.set(topic, view.topicIdBytes);
    }
    return partitions.map(({ topic, partition }) => ({
      topic,
      topicIdBytes: topics.get(topic) as Uint8Array,
      partition,
    }));
  }

  /** The next offset of each, within what is readable. One without an offset cannot be shifted, and is left out. */
  async #targets(
    groupId: string,
    places: readonly PartitionPlace[],
    to: OffsetTarget,
    signal: Signal,
  ): Promise<Map<PartitionPlace, number>> {
    if (to === 'earliest' || to === 'latest') {
      return await lookUpOffsets(this.#cluster, places, to, signal);
    }
    if ('timestampMs' in to) return await lookUpOffsets(this.#cluster, places, to, signal);
    const wanted = new Map<PartitionPlace, number>();
    if ('offset' in to) {
      for (const place of places) wanted.set(place, offset(to.offset));
    } else {
      const { requestTimeoutMs: timeoutMs } = this.#cluster;
      const options = { signal, timeoutMs };
      const committed = await fetchCommitted(this.#cluster, groupId, places, options);
      for (const [index, place] of places.entries()) {
        const { offset: before = -1 } = committed[index] ?? {};
        if (before >= 0) wanted.set(place, before + to.shift);
      }
    }
    return await this.#withinReadable(wanted, signal);
  }

  async #withinReadable(
    wanted: ReadonlyMap<PartitionPlace, number>,
    signal: Signal,
  ): Promise<Map<PartitionPlace, number>> {
    const places = [...wanted.keys()];
    const earliest = await lookUpOffsets(this.#cluster, places, 'earliest', signal);
    const latest = await lookUpOffsets(this.#cluster, places, 'latest', signal);
    const clamped = new Map<PartitionPlace, number>();
    for (const [place, next] of wanted) {
      const atMost = Math.min(next, latest.get(place) ?? next);
      clamped.set(place, Math.max(atMost, earliest.get(place) ?? 0));
    }
    return clamped;
  }

  async #topicNames(signal: Signal): Promise<TopicNames> {
    const { topics } = await this.#ask<ListTopicsRequest, ListTopicsResponse__Output>(
      ({ admin }) =>
        (...call) =>
          admin.listTopics(...call),
      {},
      signal,
    );
    return new Map(topics.map(({ topicId, name }) => [topicIdFromBytes(topicId), name]));
  }

  #ask<Request, Response>(
    method: ChannelMethod<Request, Response>,
    request: Request,
    signal: Signal,
  ): Promise<Response> {
    return askAny(this.#cluster, method, request, { signal, isIdempotent: true });
  }
}

function groupListing(group: GroupListing__Output): GroupListing {
  const { groupId, state, generation, members, assignor } = group;
  return { groupId, state: STATES[state], generation, members, assignor: assignor || undefined };
}

function memberDescription(
  member: MemberDescription__Output,
  names: TopicNames,
): GroupMemberDescription {
  const { memberId, clientId, clientHost, topics, sessionTimeoutMs, groupInstanceId } = member;
  const partitions = member.partitions.flatMap((partition) => partitionName(partition, names));
  return { memberId, groupInstanceId, clientId, clientHost, topics, partitions, sessionTimeoutMs };
}

function committedOffset(committed: CommittedOffset__Output, names: TopicNames): CommittedOffset[] {
  const { offset: next, metadata, committedAtMs, generation } = committed;
  return partitionName(committed, names).map((name) => ({
    ...name,
    offset: next,
    metadata,
    committedAtMs,
    generation,
  }));
}

/** None when its topic is gone. */
function partitionName(
  { topicId, partition }: Pick<GroupPartition__Output, 'topicId' | 'partition'>,
  names: TopicNames,
): PartitionName[] {
  const topic = names.get(topicIdFromBytes(topicId));
  return topic === undefined ? [] : [{ topic, partition }];
}
