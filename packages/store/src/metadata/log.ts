import type {
  Epoch,
  Incarnation,
  Offset,
  PartitionIndex,
  ProducerId,
  TopicId,
} from '@streamhouse/core/ids.ts';
import type { ProducerSnapshot } from '@streamhouse/core/log/producer-state.ts';

/** One run: the contiguous batches of one partition in one object. */
export interface PublishRun {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly epoch: Epoch;
  readonly baseOffset: Offset;
  /** Records in the run; the next offset becomes baseOffset + recordCount. */
  readonly recordCount: number;
  /** Bytes from the start of the object. */
  readonly position: number;
  readonly length: number;
  /** CRC-32C over topicId (16 bytes), partition (int32 big-endian), then the run's bytes: binds them together (I-14). */
  readonly crc: number;
  /** Milliseconds since 1970. */
  readonly maxTimestampMs: number;
  /** State after this run of the producers that wrote in it. */
  readonly producers: readonly ProducerSnapshot[];
}

export interface PublishRequest {
  readonly incarnation: Incarnation;
  readonly objectKey: string;
  readonly objectBytes: number;
  /** Sorted by (topicId, partition), at most one per partition. */
  readonly runs: readonly PublishRun[];
}

/** Which runs became visible, by index in the request; all others were fenced and never will be. */
export interface PublishResult {
  readonly accepted: readonly number[];
}

/** Where a run of published records lies. */
export interface StoredRun {
  readonly baseOffset: Offset;
  /** Offset of the run's last record. */
  readonly lastOffset: Offset;
  readonly epoch: Epoch;
  readonly objectKey: string;
  readonly position: number;
  readonly length: number;
  /** As in PublishRun: checked on every read (I-14, I-21). */
  readonly crc: number;
  readonly maxTimestampMs: number;
}

export interface PartitionRange {
  readonly logStartOffset: Offset;
  /** High watermark: first offset not yet readable. */
  readonly nextOffset: Offset;
}

export interface LogStore {
  /**
   * Makes an object visible: the linearization point. One transaction, one round trip.
   * F1 the session is not fenced, F2 holder and epoch match, F3 the next offset is the run's base. Calling it again with
   * the same key tells what the first call did (I-09).
   *
   * @throws StreamError `fenced` AGENT_FENCED: no call with this key was or will be accepted; `unavailable` when this call
   *   did nothing (an earlier one that was `indefinite` stays unresolved); `indefinite` when the outcome is unknown: call
   *   again with the same request.
   */
  publish(request: PublishRequest, signal: AbortSignal): Promise<PublishResult>;
  /** Runs that hold offsets >= `from`, in order, at most `limit`. */
  runs(
    topicId: TopicId,
    partition: PartitionIndex,
    from: Offset,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly StoredRun[]>;
  /** Readable range. @throws StreamError `notFound` when there is no such partition. */
  range(topicId: TopicId, partition: PartitionIndex, signal: AbortSignal): Promise<PartitionRange>;
  /** The first run whose max timestamp is >= `timestampMs`, or undefined. */
  runByTimestamp(
    topicId: TopicId,
    partition: PartitionIndex,
    timestampMs: number,
    signal: AbortSignal,
  ): Promise<StoredRun | undefined>;
  /** A new producer id, never given before. */
  allocateProducerId(signal: AbortSignal): Promise<ProducerId>;
}
