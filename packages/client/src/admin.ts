import type { AgentMetadata__Output as AgentMessage } from '@streamhouse/api/gen/streamhouse/v1/AgentMetadata.ts';
import type { AlterTopicRequest } from '@streamhouse/api/gen/streamhouse/v1/AlterTopicRequest.ts';
import type { AlterTopicResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/AlterTopicResponse.ts';
import type { CreateTopicRequest } from '@streamhouse/api/gen/streamhouse/v1/CreateTopicRequest.ts';
import type { CreateTopicResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/CreateTopicResponse.ts';
import type { DeleteTopicRequest } from '@streamhouse/api/gen/streamhouse/v1/DeleteTopicRequest.ts';
import type { DeleteTopicResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/DeleteTopicResponse.ts';
import type { DescribeTopicRequest } from '@streamhouse/api/gen/streamhouse/v1/DescribeTopicRequest.ts';
import type { DescribeTopicResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/DescribeTopicResponse.ts';
import { Durability } from '@streamhouse/api/gen/streamhouse/v1/Durability.ts';
import type { ListTopicsRequest } from '@streamhouse/api/gen/streamhouse/v1/ListTopicsRequest.ts';
import type { ListTopicsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ListTopicsResponse.ts';
import type { TopicConfig } from '@streamhouse/api/gen/streamhouse/v1/TopicConfig.ts';
import type { TopicDescription__Output as TopicMessage } from '@streamhouse/api/gen/streamhouse/v1/TopicDescription.ts';
import type { TopicMetadata__Output as PlacesMessage } from '@streamhouse/api/gen/streamhouse/v1/TopicMetadata.ts';
import { topicIdFromBytes } from '@streamhouse/core/bytes/uuid.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { askAny, type ChannelMethod } from './cluster/ask-any.ts';
import { type Cluster, connectCluster, SYSTEM_COMPONENTS } from './cluster/cluster.ts';
import { partError } from './cluster/wire-error.ts';
import { GroupAdmin } from './group/group-admin.ts';
import type {
  Admin,
  AdminOptions,
  AgentDescription,
  ClusterMetadata,
  NewTopic,
  PartitionDescription,
  ResourceReference,
  TopicDescription,
  TopicDurability,
  TopicListing,
  TopicPlaces,
  TopicSettings,
} from './public/admin.ts';
import type { WaitOptions } from './public/connect.ts';
import type { ConsumerLag } from './public/consumer.ts';
import type {
  GroupDescription,
  GroupListing,
  GroupReset,
  GroupResetResult,
} from './public/groups.ts';

/**
 * Connects to a cluster.
 *
 * @throws StreamError `invalid` BOOTSTRAP; `unavailable` CONNECT_FAILED, which names every address tried.
 * @example
 * await using admin = await connectAdmin({ bootstrap: 'localhost:9090' });
 * await admin.createTopic({ name: 'orders', partitions: 12 });
 */
export async function connectAdmin(options: AdminOptions): Promise<Admin> {
  return new StreamAdmin(await connectCluster(options, SYSTEM_COMPONENTS));
}

class StreamAdmin implements Admin {
  readonly #cluster: Cluster;
  readonly #groups: GroupAdmin;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#groups = new GroupAdmin(cluster);
  }

  async createTopic({ name, ...settings }: NewTopic, options?: WaitOptions): Promise<TopicListing> {
    const request = { name, config: topicConfig(settings) };
    const { topic } = await this.#change<CreateTopicRequest, CreateTopicResponse__Output>(
      ({ admin }) =>
        (...call) =>
          admin.createTopic(...call),
      request,
      options,
    );
    return topicListing(topic);
  }

  async deleteTopic(name: string, options?: WaitOptions): Promise<void> {
    await this.#change<DeleteTopicRequest, DeleteTopicResponse__Output>(
      ({ admin }) =>
        (...call) =>
          admin.deleteTopic(...call),
      { name },
      options,
    );
  }

  async describeTopic(name: string, options?: WaitOptions): Promise<TopicDescription> {
    const { topic, partitions } = await this.#ask<
      DescribeTopicRequest,
      DescribeTopicResponse__Output
    >(
      ({ admin }) =>
        (...call) =>
          admin.describeTopic(...call),
      { name },
      options,
    );
    const partitionDescriptions = partitions.map(
      ({ holder, ...rest }): PartitionDescription => ({ ...rest, holder: holder || undefined }),
    );
    return { ...topicListing(topic), partitionDescriptions };
  }

  async listTopics(options?: WaitOptions): Promise<TopicListing[]> {
    const { topics } = await this.#ask<ListTopicsRequest, ListTopicsResponse__Output>(
      ({ admin }) =>
        (...call) =>
          admin.listTopics(...call),
      {},
      options,
    );
    return topics.map(topicListing);
  }

  async alterTopic(
    name: string,
    settings: TopicSettings,
    options?: WaitOptions,
  ): Promise<TopicListing> {
    const { topic } = await this.#change<AlterTopicRequest, AlterTopicResponse__Output>(
      ({ admin }) =>
        (...call) =>
          admin.alterTopic(...call),
      { name, config: topicConfig(settings) },
      options,
    );
    return topicListing(topic);
  }

  async agents(options?: WaitOptions): Promise<AgentDescription[]> {
    const { agents } = await this.metadata([], options);
    return [...agents];
  }

  async metadata(
    topics: readonly string[] = [],
    { signal }: WaitOptions = {},
  ): Promise<ClusterMetadata> {
    const { requestTimeoutMs } = this.#cluster;
    const answer = await this.#cluster.fetchMetadata(topics, signal, requestTimeoutMs);
    const agents = answer.agents.map(agentDescription);
    const byIncarnation = new Map(agents.map((agent) => [agent.incarnation, agent]));
    return {
      clusterId: answer.clusterId,
      version: answer.version,
      agents,
      topics: answer.topics.map((topic) => topicPlaces(topic, byIncarnation)),
    };
  }

  listGroups({ signal }: WaitOptions = {}): Promise<GroupListing[]> {
    return this.#groups.list(signal);
  }

  describeGroup(groupId: string, { signal }: WaitOptions = {}): Promise<GroupDescription> {
    return this.#groups.describe(groupId, signal);
  }

  groupLag(groupId: string, { signal }: WaitOptions = {}): Promise<ConsumerLag> {
    return this.#groups.lag(groupId, signal);
  }

  resetOffsets(reset: GroupReset, { signal }: WaitOptions = {}): Promise<GroupResetResult> {
    return this.#groups.reset(reset, signal);
  }

  deleteGroup(groupId: string, { signal }: WaitOptions = {}): Promise<void> {
    return this.#groups.delete(groupId, signal);
  }

  async close(): Promise<void> {
    await this.#cluster[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ask<Request, Response>(
    method: ChannelMethod<Request, Response>,
    request: Request,
    { signal }: WaitOptions = {},
  ): Promise<Response> {
    return askAny(this.#cluster, method, request, { signal, isIdempotent: true });
  }

  /** Not tried again when it is not known whether it was done: the second answer would be about the first attempt. */
  #change<Request, Response>(
    method: ChannelMethod<Request, Response>,
    request: Request,
    { signal }: WaitOptions = {},
  ): Promise<Response> {
    return askAny(this.#cluster, method, request, { signal, isIdempotent: false });
  }
}

const DURABILITY: Readonly<Record<TopicDurability, Durability>> = {
  object: Durability.DURABILITY_OBJECT,
  memory: Durability.DURABILITY_MEMORY,
};

function topicConfig({ durability, config, ...rest }: TopicSettings): TopicConfig {
  return {
    ...rest,
    ...(durability === undefined ? {} : { durability: DURABILITY[durability] }),
    ...(config === undefined ? {} : { config: { ...config } }),
  };
}

function topicListing(topic: TopicMessage | null): TopicListing {
  if (topic === null) throw new StreamError('internal', 'ANSWER', 'the agent left the topic out');
  return {
    name: topic.name,
    topicId: topicIdFromBytes(topic.topicId),
    partitions: topic.partitions,
    retentionMs: topic.retentionMs,
    retentionBytes: topic.retentionBytes,
    durability: topic.durability === Durability.DURABILITY_MEMORY ? 'memory' : 'object',
    pool: topic.pool,
    config: topic.config,
    ownerKind: topic.ownerKind,
    resource: resourceOf(topic),
    createdAtMs: topic.createdAtMs,
  };
}

function resourceOf(topic: TopicMessage): ResourceReference | undefined {
  const { ownerNamespace: namespace, ownerName: name, ownerUid: uid } = topic;
  return uid === '' ? undefined : { namespace, name, uid };
}

function agentDescription({ draining, ...agent }: AgentMessage): AgentDescription {
  return { ...agent, isDraining: draining };
}

function topicPlaces(
  topic: PlacesMessage,
  agents: ReadonlyMap<number, AgentDescription>,
): TopicPlaces {
  if (topic.error !== null) throw partError(topic.error);
  return {
    name: topic.name,
    topicId: topicIdFromBytes(topic.topicId),
    partitions: topic.partitions.map(({ partition, epoch, holder }) => ({
      partition,
      epoch,
      holder: agents.get(holder),
    })),
  };
}
