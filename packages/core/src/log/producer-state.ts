import type { Offset, ProducerId } from '../ids.ts';

/** One batch that a producer wrote: Kafka's (first sequence, last sequence, base offset). */
export interface ProducerBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: Offset;
}

/**
 * What a partition knows of one producer: enough to answer a retry of any batch in flight with its original offset,
 * also after a failover (I-12). Changes only in the publish transaction.
 */
export interface ProducerSnapshot {
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  /** The last `LIMITS.producerBatchesMax` batches, oldest first. Never empty. */
  readonly batches: readonly ProducerBatch[];
}
