/** The admin client as users see it. */
import type { ConnectOptions, WaitOptions } from './connect.ts';

export type AdminOptions = ConnectOptions;

/** When a topic's records are acknowledged: see `ProducerDurability`. */
export type TopicDurability = 'object' | 'memory';

/** What may be said about a topic. Absent: the default at creation, unchanged at alteration. */
export interface TopicSettings {
  /** Default 1. Only grows. */
  readonly partitions?: number;
  /** Milliseconds that records are kept; -1: for ever. Default 7 days. */
  readonly retentionMs?: number;
  /** Bytes that are kept per partition; -1: no bound, the default. */
  readonly retentionBytes?: number;
  /** Default `object`. */
  readonly durability?: TopicDurability;
  /** Which agents may hold its partitions. Default `default`. */
  readonly pool?: string;
  readonly config?: Readonly<Record<string, string>>;
}

export interface NewTopic extends TopicSettings {
  readonly name: string;
}

/** A Topic resource in Kubernetes. */
export interface ResourceReference {
  readonly namespace: string;
  readonly name: string;
  /** Identity of the resource: one deleted and created again has another. */
  readonly uid: string;
}

export interface TopicListing {
  readonly name: string;
  /** UUID: a topic deleted and created again has another one. */
  readonly topicId: string;
  readonly partitions: number;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly durability: TopicDurability;
  readonly pool: string;
  readonly config: Readonly<Record<string, string>>;
  /** `api`, or `kubernetes` when a Topic resource owns it. */
  readonly ownerKind: string;
  /** The resource that owns it and alone may change or delete it; undefined when none does. */
  readonly resource: ResourceReference | undefined;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
}

export interface PartitionDescription {
  readonly partition: number;
  /** First readable offset. */
  readonly logStartOffset: number;
  /** First offset not yet readable. */
  readonly highWatermark: number;
  readonly bytes: number;
  /** Fencing number of the lease: grows with each change of holder. */
  readonly epoch: number;
  /** Id of the agent that takes its records; undefined while there is none. */
  readonly holder: string | undefined;
}

export interface TopicDescription extends TopicListing {
  readonly partitionDescriptions: readonly PartitionDescription[];
}

export interface AgentDescription {
  readonly agentId: string;
  /** Number of this life of the agent's process. */
  readonly incarnation: number;
  /** `host:port` that clients dial. */
  readonly address: string;
  readonly zone: string;
  readonly pool: string;
  readonly isDraining: boolean;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Partitions that it holds. */
  readonly leases: number;
}

export interface PartitionPlace {
  readonly partition: number;
  readonly epoch: number;
  /** Undefined while nobody holds it. */
  readonly holder: AgentDescription | undefined;
}

export interface TopicPlaces {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly PartitionPlace[];
}

export interface ClusterMetadata {
  readonly clusterId: string;
  /** Version of the agent that answered. */
  readonly version: string;
  readonly agents: readonly AgentDescription[];
  readonly topics: readonly TopicPlaces[];
}

/**
 * Makes, changes and shows topics. Errors are `StreamError`: `invalid` (the field is named), `notFound`,
 * `alreadyExists`, `conflict` (TOPIC_MANAGED: a Topic resource owns it, `details.resource`), `unavailable` and `indefinite` (time was over; ask again
 * what is there).
 *
 * @example
 * await using admin = await connectAdmin({ bootstrap: 'localhost:9090' });
 * await admin.createTopic({ name: 'orders', partitions: 12 });
 */
export interface Admin extends AsyncDisposable {
  createTopic(topic: NewTopic, options?: WaitOptions): Promise<TopicListing>;
  deleteTopic(name: string, options?: WaitOptions): Promise<void>;
  describeTopic(name: string, options?: WaitOptions): Promise<TopicDescription>;
  /** By name, sorted. */
  listTopics(options?: WaitOptions): Promise<TopicListing[]>;
  /** Sets what is given. Partitions only grow. */
  alterTopic(name: string, settings: TopicSettings, options?: WaitOptions): Promise<TopicListing>;
  agents(options?: WaitOptions): Promise<AgentDescription[]>;
  /** Who holds what; of all topics when none is named. A named topic that is not there is `notFound`. */
  metadata(topics?: readonly string[], options?: WaitOptions): Promise<ClusterMetadata>;
  /** Lets go of every connection. Later calls do nothing more. */
  close(): Promise<void>;
}
