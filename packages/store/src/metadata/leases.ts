import type {
  Epoch,
  Incarnation,
  Offset,
  PartitionIndex,
  TopicId,
  TopicPartition,
} from '@streamhouse/core/ids.ts';
import type { ProducerSnapshot } from '@streamhouse/core/log/producer-state.ts';

/** What a new holder starts from. No replay: Postgres and the object store are the whole state. */
export interface HeldPartition extends TopicPartition {
  readonly epoch: Epoch;
  readonly nextOffset: Offset;
  readonly logStartOffset: Offset;
  readonly producers: readonly ProducerSnapshot[];
}

/** One partition and who holds it, for placement and metadata. */
export interface PartitionLease extends TopicPartition {
  readonly pool: string;
  /** undefined: nobody, or an incarnation that is fenced. */
  readonly holder: Incarnation | undefined;
  readonly epoch: Epoch;
}

/** How many partitions of a pool one agent holds. */
export interface LeaseCount {
  /** undefined: nobody, or an incarnation that is fenced. */
  readonly holder: Incarnation | undefined;
  readonly partitions: number;
}

export interface Handover extends TopicPartition {
  readonly epoch: Epoch;
  readonly heir: Incarnation | undefined;
}

/** The right to append. Rows are never deleted on release, so epochs only grow (I-05). */
export interface LeaseStore {
  /** Every partition of every topic that is not deleted, sorted by (topicId, partition). */
  all(signal: AbortSignal): Promise<readonly PartitionLease[]>;
  /**
   * The partitions of one pool by holder, of topics that are not deleted: of all of them, or of those that `topics` names.
   * In no order; holders of none do not occur.
   */
  counts(
    pool: string,
    topics: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly LeaseCount[]>;
  /**
   * Takes those of `wanted` whose holder is nobody or fenced: epoch + 1. Skips rows that somebody else is taking.
   * Resolves those taken, with their producers. Takes none when `me` is fenced. Notifies.
   */
  takeover(
    me: Incarnation,
    wanted: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<readonly HeldPartition[]>;
  /** The state of those of `wanted` that `me` holds already: an heir's way in after a notification. */
  load(
    me: Incarnation,
    wanted: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<readonly HeldPartition[]>;
  /**
   * Gives partitions up, each to its heir (epoch + 1, held at once) or to nobody. Only rows that `me` holds at that epoch.
   * An heir that is fenced counts as nobody. Resolves how many rows changed. Notifies.
   */
  release(me: Incarnation, handovers: readonly Handover[], signal: AbortSignal): Promise<number>;
  /** Who holds one partition now. */
  holder(
    topicId: TopicId,
    partition: PartitionIndex,
    signal: AbortSignal,
  ): Promise<PartitionLease | undefined>;
}
