import { StreamError } from '@streamhouse/core/errors.ts';
import { offset } from '@streamhouse/core/ids.ts';
import type { ProducerBatch } from '@streamhouse/core/log/producer-state.ts';

/** Stored form: [firstSequence, lastSequence, baseOffset] of each batch, one after the other, oldest first. */
export function flattenBatches(batches: readonly ProducerBatch[]): number[] {
  return batches.flatMap((batch) => [batch.firstSequence, batch.lastSequence, batch.baseOffset]);
}

/** @throws StreamError `corrupt` when the numbers are not whole batches. */
export function unflattenBatches(numbers: readonly number[]): ProducerBatch[] {
  const batches: ProducerBatch[] = [];
  for (let at = 0; at < numbers.length; at += 3) {
    const [firstSequence, lastSequence, base] = numbers.slice(at, at + 3);
    if (firstSequence === undefined || lastSequence === undefined || base === undefined) {
      throw new StreamError('corrupt', 'PRODUCER_STATE', 'a stored producer batch is cut off');
    }
    batches.push({ firstSequence, lastSequence, baseOffset: offset(base) });
  }
  return batches;
}
