import { randomUUID } from 'node:crypto';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { CommitOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/CommitOffsetsResponse.ts';
import type { FetchOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchOffsetsResponse.ts';
import type { GroupPartition } from '@streamhouse/api/gen/streamhouse/v1/GroupPartition.ts';
import type { HeartbeatRequest } from '@streamhouse/api/gen/streamhouse/v1/HeartbeatRequest.ts';
import type { HeartbeatResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/HeartbeatResponse.ts';
import type { JoinGroupRequest } from '@streamhouse/api/gen/streamhouse/v1/JoinGroupRequest.ts';
import type { JoinGroupResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/JoinGroupResponse.ts';
import type { SyncGroupResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/SyncGroupResponse.ts';
import { topicIdFromBytes, topicIdToBytes } from '@streamhouse/core/bytes/uuid.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { TopicId } from '@streamhouse/core/ids.ts';
import { streamErrorOf, type TestAgent, until } from './agent.test-support.ts';

/** A topic as an assignment names it. */
export interface AssignedTopic {
  readonly topicId: TopicId;
  readonly partitions: number;
}

/** A member of a group that does what its test says. */
export class TestMember {
  memberId: string = randomUUID();
  generation = 0;
  partitions: readonly number[] = [];
  /** Answers to its heartbeats, as `stable 1`; a stream that failed as its reason. */
  readonly heard: string[] = [];
  agent: TestAgent;
  readonly groupId: string;
  readonly #options: Partial<JoinGroupRequest>;
  #heartbeats: ClientDuplexStream<HeartbeatRequest, HeartbeatResponse__Output> | undefined;

  constructor(agent: TestAgent, groupId: string, options: Partial<JoinGroupRequest> = {}) {
    this.agent = agent;
    this.groupId = groupId;
    this.#options = options;
  }

  async join(topic: AssignedTopic): Promise<JoinGroupResponse__Output> {
    const owned = this.partitions.map((partition) => partitionOf(topic, partition));
    const response = await this.#call<JoinGroupResponse__Output>('GroupService/JoinGroup', {
      ...joinRequest(this.groupId, this.memberId),
      owned,
      ownedGeneration: this.generation,
      ...this.#options,
    });
    this.generation = response.generation;
    return response;
  }

  /** The leader deals the partitions out, in the order of the member ids. */
  async sync(topic: AssignedTopic, joined: JoinGroupResponse__Output): Promise<void> {
    const ids = joined.members.map(({ memberId }) => memberId).sort();
    const assignments = ids.map((memberId, index) => ({
      memberId,
      partitions: Array.from({ length: topic.partitions }, (_, partition) => partition)
        .filter((partition) => partition % ids.length === index)
        .map((partition) => partitionOf(topic, partition)),
    }));
    const topics = [{ topicId: topicIdToBytes(topic.topicId), partitions: topic.partitions }];
    const { partitions } = await this.#call<SyncGroupResponse__Output>('GroupService/SyncGroup', {
      groupId: this.groupId,
      memberId: this.memberId,
      generation: joined.generation,
      assignments,
      topics,
    });
    this.partitions = partitions.map(({ partition }) => partition);
  }

  async enter(topic: AssignedTopic): Promise<void> {
    await this.sync(topic, await this.join(topic));
  }

  /** Sends one, on a stream that stays open. */
  beat(): void {
    this.#heartbeats ??= this.#openHeartbeats();
    const { groupId, memberId, generation } = this;
    this.#heartbeats.write({ groupId, memberId, generation });
  }

  /** Its stream is gone, and it says nothing any more. */
  hangUp(): void {
    this.#heartbeats?.cancel();
  }

  /** Until something new was heard of its heartbeats that is this. */
  async hears(news: string): Promise<void> {
    await until(() => this.heard.includes(news));
    this.heard.length = 0;
  }

  commit(
    topic: AssignedTopic,
    partition: number,
    offset: number,
  ): Promise<CommitOffsetsResponse__Output> {
    return this.#call('GroupService/CommitOffsets', {
      groupId: this.groupId,
      memberId: this.memberId,
      generation: this.generation,
      offsets: [{ ...partitionOf(topic, partition), offset }],
    });
  }

  async leave(): Promise<void> {
    const { groupId, memberId } = this;
    await this.#call('GroupService/LeaveGroup', { groupId, memberId });
  }

  /** Again while the agent cannot renew its session, as on a machine that is very busy. */
  async #call<Response>(method: string, request: object): Promise<Response> {
    for (;;) {
      try {
        return await this.agent.call<Response>(method, request);
      } catch (error) {
        if (!(error instanceof StreamError) || error.reason !== 'LEASE_LAPSED') throw error;
      }
    }
  }

  #openHeartbeats(): ClientDuplexStream<HeartbeatRequest, HeartbeatResponse__Output> {
    const stream = this.agent.stream<HeartbeatRequest, HeartbeatResponse__Output>(
      'GroupService/Heartbeat',
    );
    stream.on('data', ({ state, generation }: HeartbeatResponse__Output) => {
      this.heard.push(`${state === 1 ? 'stable' : 'rebalancing'} ${generation}`);
    });
    stream.on('error', (error) => {
      const known = streamErrorOf(error as never);
      this.#heartbeats = undefined;
      if (known instanceof StreamError) this.heard.push(known.reason);
    });
    return stream;
  }
}

export function joinRequest(groupId: string, memberId: string): JoinGroupRequest {
  return {
    groupId,
    memberId,
    clientId: 'test',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    assignors: ['range'],
    topics: ['orders'],
  };
}

export function partitionOf({ topicId }: AssignedTopic, partition: number): GroupPartition {
  return { topicId: topicIdToBytes(topicId), partition };
}

/** What the group has committed: offsets by `partition`, of one topic. */
export async function committedOf(
  agent: TestAgent,
  groupId: string,
  topic: AssignedTopic,
): Promise<Record<number, number>> {
  const { offsets } = await agent.call<FetchOffsetsResponse__Output>('GroupService/FetchOffsets', {
    groupId,
  });
  const own = offsets.filter(({ topicId }) => topicIdFromBytes(topicId) === topic.topicId);
  return Object.fromEntries(own.map(({ partition, offset }) => [partition, offset]));
}

/** All of them, one generation after the other, until each has joined and knows what it owns. */
export async function enterAll(
  topic: AssignedTopic,
  members: readonly TestMember[],
): Promise<void> {
  const joined = await Promise.all(members.map((member) => member.join(topic)));
  await Promise.all(members.map((member, index) => member.sync(topic, joined[index]!)));
}
