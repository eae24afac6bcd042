/** The consumer as users see it. */
import type { Assignor } from '@streamhouse/core/assignment/assignor.ts';
import type { ConnectOptions, PartitionName, WaitOptions } from './connect.ts';
import type { ConsumerRecord } from './record.ts';

/** Where to go on when there is no position or it is no longer readable; `none` rejects the poll with `outOfRange`. */
export type OffsetReset = 'earliest' | 'latest' | 'none';

/** What `connectConsumer` takes. */
export interface ConsumerOptions extends ConnectOptions {
  /** Default `latest`. */
  readonly autoOffsetReset?: OffsetReset;
  /** Records of one poll. Default 500. */
  readonly maxPollRecords?: number;
  /** Bytes that an agent waits for before it answers a fetch. Default 1. */
  readonly fetchMinBytes?: number;
  /** Milliseconds that an agent waits for them. Default 500. */
  readonly fetchMaxWaitMs?: number;
  /** Bytes of record batches that are read ahead over all partitions. Default 50 MiB. */
  readonly prefetchBytesMax?: number;
  /** The group that offsets are committed for, and that `subscribe` shares partitions in. 1..255 characters. */
  readonly groupId?: string;
  /**
   * Static membership: a program that comes back under this name within the session timeout gets what it had, and no other
   * member is disturbed. It does not leave the group when it closes. One member at a time: an older life is told
   * `fenced` FENCED_INSTANCE.
   */
  readonly groupInstanceId?: string;
  /** For people who look at the group: which program this is. Default `streamhouse`. */
  readonly clientId?: string;
  /**
   * How partitions are dealt, preferred first: `sticky`, `range`, `round-robin`, or assignors of your own. The group uses
   * one that all of its members have. Default: the three in this order.
   */
  readonly assignors?: readonly (string | Assignor)[];
  /** Milliseconds without a sign of life after which a member is given up; 1,000..1,800,000. Default 10,000. */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds that others wait for this member when the group shares anew. Default: the session timeout. */
  readonly rebalanceTimeoutMs?: number;
  /** Milliseconds between signs of life. Default 3,000, or a third of the session timeout when that is less. */
  readonly heartbeatIntervalMs?: number;
  /** Milliseconds between polls after which the member leaves its group; the next poll joins again. Default 300,000. */
  readonly maxPollIntervalMs?: number;
  /**
   * Commits every `autoCommitIntervalMs`, when partitions are revoked and at the end: what the program has come back
   * from, with its next poll or step of an iteration, or with the end of a handler. Never what it still works on. Default
   * true.
   */
  readonly autoCommit?: boolean;
  /** Default 5,000. */
  readonly autoCommitIntervalMs?: number;
}

/**
 * A partition to read. Without an offset it starts at the one that the group has committed, else where `autoOffsetReset`
 * says.
 */
export interface PartitionStart extends PartitionName {
  readonly offset?: number;
}

/** How far a partition is read. */
export interface PartitionLag extends PartitionName {
  /** Offset of the next record that a poll returns. */
  readonly position: number;
  /** First offset that is not yet readable. */
  readonly highWatermark: number;
  /** Records that are readable and not yet returned. */
  readonly lag: number;
  /** Seconds since the first of them was written; 0 when there is none, or when it cannot be read. */
  readonly lagSeconds: number;
}

/** How far a consumer is behind. */
export interface ConsumerLag {
  /** Records over all partitions. */
  readonly total: number;
  /** Of the partition that is furthest behind in time. */
  readonly lagSeconds: number;
  readonly partitions: readonly PartitionLag[];
}

/** An offset to be committed. */
export interface OffsetCommit extends PartitionName {
  /** Next offset that the group reads: that of the last record that is done, plus 1. */
  readonly offset: number;
  /** Any text of up to 4,096 bytes. */
  readonly metadata?: string;
}

/** An offset that was committed. */
export interface CommittedOffset extends PartitionName {
  /** Next offset that the group reads. */
  readonly offset: number;
  readonly metadata: string;
  /** Milliseconds since 1970. */
  readonly committedAtMs: number;
  /** Of the group when it was committed; 0 outside of any. */
  readonly generation: number;
}

/** One life of a member in one generation of its group. */
export interface Membership {
  readonly groupId: string;
  readonly memberId: string;
  readonly generation: number;
}

/**
 * Told of what a rebalance changes, while the consumer is open. Only partitions that move are named. A callback may call
 * `seek`, `commit`, `position`, `pause` and `committed`; it must not wait for `poll`, `unsubscribe` or `close`.
 */
export interface RebalanceListener {
  /**
   * These partitions are read from now on; their first records come after it has ended. When it fails, polls reject with
   * its error until these partitions are sought.
   */
  readonly onAssigned?: (partitions: readonly PartitionName[]) => void | Promise<void>;
  /**
   * These partitions go to another member once it has ended; the program has nothing of them in its hands. It has the rest
   * of the session timeout. Offsets can still be committed.
   */
  readonly onRevoked?: (partitions: readonly PartitionName[]) => void | Promise<void>;
  /** These partitions are gone, and may be another member's already: nothing can be committed for them. */
  readonly onLost?: (partitions: readonly PartitionName[]) => void | Promise<void>;
}

/** What `subscribe` takes besides topics. */
export interface SubscribeOptions extends WaitOptions, RebalanceListener {}

/** What a handler of `run` gets besides its records. */
export interface HandlerContext extends PartitionName {
  /** Aborts when the partition is lost, or the consumer closes: nothing that is done from then on can be committed. */
  readonly signal: AbortSignal;
}

/** What `run` takes. */
export interface RunOptions extends WaitOptions {
  /** Called for up to `maxPollRecords` records of one partition, in order. One of the two must be there. */
  readonly eachBatch?: (
    records: readonly ConsumerRecord[],
    context: HandlerContext,
  ) => void | Promise<void>;
  /** Called for one record after the other, per partition. */
  readonly eachRecord?: (record: ConsumerRecord, context: HandlerContext) => void | Promise<void>;
  /** Handlers that run at a time, each for another partition. Default: one for each partition. */
  readonly partitionsConcurrently?: number;
  /**
   * A handler has failed, or its partition cannot be read. What it was given comes again after a pause of 0.1 to 10 s,
   * twice as long each time; other partitions go on meanwhile.
   */
  readonly onError?: (error: unknown, partition: PartitionName) => void;
}

/**
 * Reads published records. Within a partition, polls have no gaps and offsets increase.
 *
 * Either `assign` says which partitions it reads, or `subscribe` shares those of topics with the other members of the
 * group `groupId`. A member keeps what it has while the group shares anew: only partitions that move stop. A partition that
 * moves waits until the program has come back from its records, for the session timeout at most.
 *
 * At least once: records that were handed out and not committed come again, to this consumer or to the next owner.
 *
 * One poll at a time: a second one while the first waits is `conflict` POLL_IN_PROGRESS.
 * Other errors are `StreamError` too:
 * - `invalid`: OPTION, GROUP_ID, or GROUP_ID_MISSING for what needs the option `groupId`.
 * - `notFound`: a topic or partition is not there.
 * - `outOfRange`: the position is not readable and `autoOffsetReset` is `none`; `details` has `earliest` and `latest`.
 * - `corrupt`: stored bytes are not what was written; `details` has `topic`, `partition`, `baseOffset`, `lastOffset`.
 *   Records before the range come first; `seek` past it goes on.
 * - `conflict` NOT_ASSIGNED: the partition is not assigned. `conflict` CLOSED: the consumer is closed. `conflict`
 *   SUBSCRIBED: `unsubscribe` before `assign`. `conflict` INCONSISTENT_ASSIGNORS: members have no assignor in common.
 * - `conflict` NOT_OWNED: the partition went to another member before its offset was committed; it reads those records again.
 * - `fenced` FENCED_INSTANCE: a newer program has the `groupInstanceId`.
 */
export interface Consumer extends AsyncDisposable, AsyncIterable<ConsumerRecord> {
  /**
   * Replaces what is read, without sharing it. With a `groupId` offsets can be committed while the group has no members.
   *
   * @example
   * await consumer.assign([{ topic: 'orders', partition: 0, offset: 0 }]);
   */
  assign(partitions: readonly PartitionStart[], options?: WaitOptions): Promise<void>;

  /**
   * Reads these topics, or all whose name the pattern matches, with the other members of the group. Replaces what was
   * subscribed before. Resolves once the topics are known; partitions come in the background, without a poll. New
   * partitions are read from their beginning; topics that come to match a pattern, or are created again, are
   * read within seconds.
   *
   * @throws StreamError `notFound` when a named topic is not there.
   * @example
   * await consumer.subscribe(['orders'], {
   *   onRevoked: async () => await consumer.commit(),
   * });
   */
  subscribe(topics: readonly string[] | RegExp, options?: SubscribeOptions): Promise<void>;

  /** Reads nothing any more: commits when `autoCommit` is on, and leaves the group. */
  unsubscribe(options?: WaitOptions): Promise<void>;

  /** What is read now. */
  assignment(): PartitionName[];

  /** Undefined while it is not in a generation of its group. */
  membership(): Membership | undefined;

  /**
   * Returns up to `maxPollRecords` records, or none when `timeoutMs` milliseconds brought nothing.
   *
   * @example
   * for (const record of await consumer.poll(1_000)) console.log(record.offset, record.value);
   */
  poll(timeoutMs: number, options?: WaitOptions): Promise<ConsumerRecord[]>;

  /** Iterates over polls that are not empty, until the consumer is closed or the signal aborts. */
  batches(options?: WaitOptions): AsyncIterableIterator<ConsumerRecord[]>;

  /**
   * Calls a handler for each partition side by side, in the order of its offsets, in the place of polls. A handler that is
   * slow, fails or does not end holds up its own partition only. Resolves when the consumer is closed, or the signal has
   * aborted and the handlers have ended.
   *
   * @throws StreamError that ends the membership; `conflict` POLL_IN_PROGRESS.
   * @example
   * await consumer.run({ eachRecord: async (record) => await store(record), signal });
   */
  run(options: RunOptions): Promise<void>;

  /**
   * Commits all that was handed out, or the given offsets; with `run`, what its handlers are done with. Tried again until
   * the request timeout while the group shares anew.
   *
   * @throws StreamError `conflict` NOT_OWNED; `notFound` when a partition is not there: the others count.
   * @example
   * await consumer.commit([{ topic: 'orders', partition: 0, offset: record.offset + 1 }]);
   */
  commit(offsets?: readonly OffsetCommit[], options?: WaitOptions): Promise<void>;

  /** What the group has committed, in the order of `partitions`; undefined where there is nothing. */
  committed(
    partitions: readonly PartitionName[],
    options?: WaitOptions,
  ): Promise<(CommittedOffset | undefined)[]>;

  /** Goes on at `offset` with the next poll. */
  seek(partition: PartitionName, offset: number): void;
  /** Goes on at the first readable offset; of all assigned partitions when none is named. */
  seekToBeginning(partitions?: readonly PartitionName[], options?: WaitOptions): Promise<void>;
  /** Goes on at the high watermark; of all assigned partitions when none is named. */
  seekToEnd(partitions?: readonly PartitionName[], options?: WaitOptions): Promise<void>;
  /** Goes on at the first record at or after `timestampMs` (milliseconds since 1970), or at the end if there is none. */
  seekToTimestamp(
    timestampMs: number,
    partitions?: readonly PartitionName[],
    options?: WaitOptions,
  ): Promise<void>;

  /** Offset of the next record that a poll returns. Asks the agent when none is known yet. */
  position(partition: PartitionName, options?: WaitOptions): Promise<number>;

  /** Polls return nothing of these partitions until `resume`. */
  pause(partitions: readonly PartitionName[]): void;
  /** Ends a pause: polls go on where they stopped. */
  resume(partitions: readonly PartitionName[]): void;

  /** How many readable records have not been returned yet, and how old they are. Asks the agents. */
  lag(options?: WaitOptions): Promise<ConsumerLag>;

  /**
   * Ends polls and iterations, commits when `autoCommit` is on what the program has come back from, leaves the group at once
   * and lets go of every connection. Later calls do nothing more.
   */
  close(): Promise<void>;
}
