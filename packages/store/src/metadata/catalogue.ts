import type { Epoch, Incarnation, Offset, TopicId, TopicPartition } from '@streamhouse/core/ids.ts';
import type { AgentSession } from './agents.ts';
import type { GroupSummary } from './groups.ts';
import type { PartitionState, Topic } from './topics.ts';

/** What is stored of a topic, or of all. */
export interface Stored {
  /** Records that can be read. */
  readonly records: number;
  readonly bytes: number;
}

export interface CatalogueTopic extends Topic, Stored {}

export interface CataloguePartition extends PartitionState {
  readonly epoch: Epoch;
  /** Id of the agent that holds it; undefined while nobody live does. */
  readonly holder: string | undefined;
}

export interface CatalogueAgent extends AgentSession {
  /** Partitions that it holds. */
  readonly leases: number;
  /** It was given up, and no other life of it has come since. */
  readonly isFenced: boolean;
}

export interface HeldPartitionName {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: Epoch;
}

export interface CatalogueTotals extends Stored {
  readonly topics: number;
  readonly partitions: number;
  /** Members of all groups. */
  readonly consumers: number;
}

export interface CatalogueGroup extends GroupSummary {
  /** Names, sorted, of those with a committed offset. */
  readonly topics: readonly string[];
  /** Partitions with a committed offset. */
  readonly partitions: number;
  /** Records from the committed offsets to the high watermarks. */
  readonly lag: number;
}

/** A partition that a group has committed an offset of, or that was asked for. */
export interface GroupPartition extends TopicPartition {
  readonly topic: string;
  readonly committed: Offset | undefined;
  /** Milliseconds since 1970. */
  readonly committedAtMs: number | undefined;
  /** Milliseconds since the next record that the group reads could be read; 0: there is none yet. Undefined: not known. */
  readonly unreadMs: number | undefined;
  readonly highWatermark: Offset;
}

export interface GroupPartitions {
  readonly groupId: string;
  readonly partitions: readonly GroupPartition[];
}

/** Part of a list: at most `limit` entries after `after`, of those whose name has `contains` in any case. */
export interface Slice<Key> {
  readonly after: Key | undefined;
  readonly limit: number;
  readonly contains: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Entries of all pages. */
  readonly total: number;
}

export type TopicOrder = 'name' | 'createdAt' | 'partitions';

/** Place of a topic in the order asked for. */
export interface TopicKey {
  readonly name: string;
  /** Of `createdAt` and `partitions`; 0 for `name`. */
  readonly value: number;
}

export interface TopicSlice extends Slice<TopicKey> {
  readonly order: TopicOrder;
  readonly isDescending: boolean;
}

/** What people and their tools look at. Reads only, each one statement for each list; a list comes by pages. */
export interface Catalogue {
  topics(slice: TopicSlice, signal: AbortSignal): Promise<Page<CatalogueTopic>>;
  topic(name: string, signal: AbortSignal): Promise<CatalogueTopic | undefined>;
  /** By index, from the first one after `after` on. */
  partitions(
    topicId: TopicId,
    after: number,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly CataloguePartition[]>;
  /** Live agents, and those given up within the last ten minutes that were not drained; by id. */
  agents(signal: AbortSignal): Promise<readonly CatalogueAgent[]>;
  /** By topic and index, from the first one after `after` on. */
  heldBy(
    incarnation: Incarnation,
    after: Omit<HeldPartitionName, 'epoch'> | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly HeldPartitionName[]>;
  totals(signal: AbortSignal): Promise<CatalogueTotals>;
  /** By id. */
  groups(slice: Slice<string>, signal: AbortSignal): Promise<Page<CatalogueGroup>>;
  /** Those with a committed offset, and those of `others`; by topic and index. */
  groupPartitions(
    groupId: string,
    others: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<readonly GroupPartition[]>;
  /** What the first `limit` groups have committed, by id. */
  committed(limit: number, signal: AbortSignal): Promise<readonly GroupPartitions[]>;
}
