import type { Offset, TopicId } from '@streamhouse/core/ids.ts';

/** When an acknowledgement is given (design: acknowledgement levels). `memory` may lose the buffer. */
export type Durability = 'object' | 'memory';

export interface TopicSettings {
  readonly pool: string;
  readonly durability: Durability;
  /** Milliseconds that records are kept; null keeps them for ever. */
  readonly retentionMs: number | null;
  /** Bytes kept per partition; null is no bound. */
  readonly retentionBytes: number | null;
  /** Known configuration keys with their values as text, for example `maxRecordBytes`. */
  readonly config: Readonly<Record<string, string>>;
}

/** The Topic resource whose spec a topic follows. */
export interface KubernetesOwner {
  readonly kind: 'kubernetes';
  /** Identity of the resource: one made again under its name has another. */
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

/** Who may change a topic: any client of the API, or one Kubernetes resource only. */
export type TopicOwner = { readonly kind: 'api' } | KubernetesOwner;

export interface Topic extends TopicSettings {
  readonly topicId: TopicId;
  readonly name: string;
  readonly partitions: number;
  readonly owner: TopicOwner;
  readonly createdAtMs: number;
}

/** A topic's partitions as Postgres has them. */
export interface PartitionState {
  readonly partition: number;
  readonly logStartOffset: Offset;
  readonly nextOffset: Offset;
  readonly bytes: number;
}

/** Topics that are not deleted. Identity is the id; a name made again is another topic (I-28). */
export interface TopicStore {
  /**
   * Creates the topic and its partitions.
   * @throws StreamError `alreadyExists` TOPIC_EXISTS (details.topicId), `conflict` TOPIC_NAME_COLLISION when another name
   *   differs only by `.` and `_` (details.topic), `overloaded` PARTITIONS_LIMIT at the cluster's bound.
   */
  create(
    name: string,
    partitions: number,
    settings: TopicSettings,
    signal: AbortSignal,
  ): Promise<Topic>;
  /**
   * Sets what is given; partitions only grow (I-29).
   * @throws StreamError `notFound`, `invalid` PARTITIONS_SHRINK, `conflict` TOPIC_MANAGED when a resource owns the topic
   *   (details.resource is its `namespace/name`).
   */
  alter(
    topicId: TopicId,
    change: Partial<TopicSettings> & { readonly partitions?: number },
    signal: AbortSignal,
  ): Promise<Topic>;
  /**
   * Hides the topic; the name is free at once. Its rows and objects go later.
   * @throws StreamError `notFound`, `conflict` TOPIC_MANAGED as above.
   */
  delete(topicId: TopicId, signal: AbortSignal): Promise<void>;
  byName(name: string, signal: AbortSignal): Promise<Topic | undefined>;
  /** All topics, sorted by name. */
  list(signal: AbortSignal): Promise<readonly Topic[]>;
  /** The partitions of a topic, sorted by index. */
  partitions(topicId: TopicId, signal: AbortSignal): Promise<readonly PartitionState[]>;
}
