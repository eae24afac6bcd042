/** The consumer as users see it. */
import type { ConnectOptions, PartitionName, WaitOptions } from './connect.ts';
import type { ConsumerRecord } from './record.ts';

/** Where to go on when there is no position or it is no longer readable; `none` rejects the poll with `outOfRange`. */
export type OffsetReset = 'earliest' | 'latest' | 'none';

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
}

/** A partition to read. Without an offset it starts where `autoOffsetReset` says. */
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
}

export interface ConsumerLag {
  /** Records over all assigned partitions. */
  readonly total: number;
  readonly partitions: readonly PartitionLag[];
}

/**
 * Reads published records. Within a partition, polls have no gaps and offsets increase.
 *
 * One poll at a time: a second one while the first waits is `conflict` POLL_IN_PROGRESS.
 * Other errors are `StreamError` too:
 * - `notFound`: a topic or partition is not there.
 * - `outOfRange`: the position is not readable and `autoOffsetReset` is `none`; `details` has `earliest` and `latest`.
 * - `corrupt`: stored bytes are not what was written; `details` has `topic`, `partition`, `baseOffset`, `lastOffset`.
 *   Records before the range come first; `seek` past it goes on.
 * - `conflict` NOT_ASSIGNED: the partition is not assigned. `conflict` CLOSED: the consumer is closed.
 */
export interface Consumer extends AsyncDisposable, AsyncIterable<ConsumerRecord> {
  /**
   * Replaces what is read.
   *
   * @example
   * await consumer.assign([{ topic: 'orders', partition: 0, offset: 0 }]);
   */
  assign(partitions: readonly PartitionStart[], options?: WaitOptions): Promise<void>;

  /** What is read now. */
  assignment(): PartitionName[];

  /**
   * Returns up to `maxPollRecords` records, or none when `timeoutMs` milliseconds brought nothing.
   *
   * @example
   * for (const record of await consumer.poll(1_000)) console.log(record.offset, record.value);
   */
  poll(timeoutMs: number, options?: WaitOptions): Promise<ConsumerRecord[]>;

  /** Iterates over polls that are not empty, until the consumer is closed or the signal aborts. */
  batches(options?: WaitOptions): AsyncIterableIterator<ConsumerRecord[]>;

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
  resume(partitions: readonly PartitionName[]): void;

  /** How many readable records have not been returned yet. Asks the agents. */
  lag(options?: WaitOptions): Promise<ConsumerLag>;

  /** Ends polls and iterations, and lets go of every connection. Later calls do nothing more. */
  close(): Promise<void>;
}
