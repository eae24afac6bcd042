/** The admin client as users see it. */
import type { ConnectOptions, WaitOptions } from './connect.ts';
import type { ConsumerLag } from './consumer.ts';
import type { GroupDescription, GroupListing, GroupReset, GroupResetResult } from './groups.ts';

/** What `connectAdmin` takes. */
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
  /** Further settings by key: `compression`, `maxRecordBytes`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** A topic to be made. */
export interface NewTopic extends TopicSettings {
  /** At most 249 letters, digits, ".", "_" and "-". */
  readonly name: string;
}

/** A Topic resource in Kubernetes. */
export interface ResourceReference {
  readonly namespace: string;
  readonly name: string;
  /** Identity of the resource: one deleted and created again has another. */
  readonly uid: string;
}

/** A topic as it is set. */
export interface TopicListing {
  readonly name: string;
  /** UUID: a topic deleted and created again has another one. */
  readonly topicId: string;
  readonly partitions: number;
  /** Milliseconds that records are kept; -1: for ever. */
  readonly retentionMs: number;
  /** Bytes that are kept per partition; -1: no bound. */
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

/** How far a partition goes, and who holds it. */
export interface PartitionDescription {
  readonly partition: number;
  /** First readable offset. */
  readonly logStartOffset: number;
  /** First offset not yet readable. */
  readonly highWatermark: number;
  /** What its records take in the object store. */
  readonly bytes: number;
  /** Fencing number of the lease: grows with each change of holder. */
  readonly epoch: number;
  /** Id of the agent that takes its records; undefined while there is none. */
  readonly holder: string | undefined;
}

/** A topic with the state of its partitions. */
export interface TopicDescription extends TopicListing {
  readonly partitionDescriptions: readonly PartitionDescription[];
}

/** A process that holds partitions. */
export interface AgentDescription {
  /** Its name, which it keeps when it starts again. */
  readonly agentId: string;
  /** Number of this life of the agent's process. */
  readonly incarnation: number;
  /** `host:port` that clients dial. */
  readonly address: string;
  readonly zone: string;
  readonly pool: string;
  /** Whether it hands its partitions over, to end. */
  readonly isDraining: boolean;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Partitions that it holds. */
  readonly leases: number;
}

/** Who holds a partition. */
export interface PartitionPlace {
  readonly partition: number;
  /** Fencing number of the lease. */
  readonly epoch: number;
  /** Undefined while nobody holds it. */
  readonly holder: AgentDescription | undefined;
}

/** Who holds the partitions of a topic. */
export interface TopicPlaces {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly PartitionPlace[];
}

/** The agents, and who of them holds what. */
export interface ClusterMetadata {
  readonly clusterId: string;
  /** Version of the agent that answered. */
  readonly version: string;
  readonly agents: readonly AgentDescription[];
  readonly topics: readonly TopicPlaces[];
}

/**
 * Makes, changes and shows topics and consumer groups. Errors are `StreamError`: `invalid` (the field is named), `notFound`,
 * `alreadyExists`, `conflict` (TOPIC_MANAGED: a Topic resource owns it, `details.resource`), `unavailable` and `indefinite` (time was over; ask again
 * what is there).
 *
 * @example
 * await using admin = await connectAdmin({ bootstrap: 'localhost:9090' });
 * await admin.createTopic({ name: 'orders', partitions: 12 });
 */
export interface Admin extends AsyncDisposable {
  /** It can be used at once: producers and consumers wait until its partitions have holders. */
  createTopic(topic: NewTopic, options?: WaitOptions): Promise<TopicListing>;
  /** Its records can be read no more. A topic that is made again under the name is another one. */
  deleteTopic(name: string, options?: WaitOptions): Promise<void>;
  /** How it is set, how far its partitions go, and who holds them. */
  describeTopic(name: string, options?: WaitOptions): Promise<TopicDescription>;
  /** By name, sorted. */
  listTopics(options?: WaitOptions): Promise<TopicListing[]>;
  /** Sets what is given. Partitions only grow. */
  alterTopic(name: string, settings: TopicSettings, options?: WaitOptions): Promise<TopicListing>;
  /** Every agent that lives. */
  agents(options?: WaitOptions): Promise<AgentDescription[]>;
  /** Who holds what; of all topics when none is named. A named topic that is not there is `notFound`. */
  metadata(topics?: readonly string[], options?: WaitOptions): Promise<ClusterMetadata>;
  /** By id. */
  listGroups(options?: WaitOptions): Promise<GroupListing[]>;
  /** Who is in it, what each member owns, and what is committed. `notFound` GROUP_NOT_FOUND. */
  describeGroup(groupId: string, options?: WaitOptions): Promise<GroupDescription>;
  /** How far each committed offset is behind the end of its partition: `position` is what is committed. */
  groupLag(groupId: string, options?: WaitOptions): Promise<ConsumerLag>;
  /**
   * Sets what a group reads next, also while it has members: those lose their partitions, join again and go on from there. A
   * group that is not there is made, or is `notFound` GROUP_NOT_FOUND when neither topics nor partitions are named.
   *
   * @example
   * const to = { timestampMs: Date.now() - 3_600_000 };
   * const reset = { groupId: 'billing', topics: ['orders'], to };
   * const { changes } = await admin.resetOffsets({ ...reset, dryRun: true });
   * for (const { topic, partition, before, after } of changes) console.log(topic, partition, before, after);
   * await admin.resetOffsets(reset);
   */
  resetOffsets(reset: GroupReset, options?: WaitOptions): Promise<GroupResetResult>;
  /** Forgets a group and its offsets. `conflict` GROUP_HAS_MEMBERS, `notFound` GROUP_NOT_FOUND. */
  deleteGroup(groupId: string, options?: WaitOptions): Promise<void>;
  /** Lets go of every connection. Later calls do nothing more. */
  close(): Promise<void>;
}
