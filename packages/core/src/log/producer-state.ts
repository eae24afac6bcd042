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

export type SequenceDecision =
  | { readonly type: 'next' }
  | { readonly type: 'duplicate'; readonly batch: ProducerBatch }
  | {
      readonly type: 'refuse';
      readonly refusal: 'outOfOrder' | 'duplicateForgotten' | 'unknownProducer' | 'producerFenced';
    };

interface SequencedBatch {
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

const SEQUENCES = 0x80000000;

/** Where a batch stands after what its producer wrote before: Kafka's rules for idempotent producers (KIP-98). */
export function classifySequence(
  producer: ProducerSnapshot | undefined,
  batch: SequencedBatch,
): SequenceDecision {
  const isFirst = batch.baseSequence === 0;
  if (producer === undefined)
    return isFirst ? { type: 'next' } : { type: 'refuse', refusal: 'unknownProducer' };
  if (batch.producerEpoch < producer.producerEpoch)
    return { type: 'refuse', refusal: 'producerFenced' };
  if (batch.producerEpoch > producer.producerEpoch) {
    return isFirst ? { type: 'next' } : { type: 'refuse', refusal: 'outOfOrder' };
  }
  const lastSequence = (batch.baseSequence + batch.recordCount - 1) % SEQUENCES;
  const repeated = producer.batches.find(
    (known) => known.firstSequence === batch.baseSequence && known.lastSequence === lastSequence,
  );
  if (repeated !== undefined) return { type: 'duplicate', batch: repeated };
  const newest = producer.batches.at(-1);
  if (newest === undefined) return { type: 'refuse', refusal: 'unknownProducer' };
  // Distance forward from the newest sequence, in the circle of int32 sequences: 1 is the next one.
  const distance = (batch.baseSequence - newest.lastSequence + SEQUENCES) % SEQUENCES;
  if (distance === 1) return { type: 'next' };
  return {
    type: 'refuse',
    refusal: distance < SEQUENCES / 2 && distance > 0 ? 'outOfOrder' : 'duplicateForgotten',
  };
}
