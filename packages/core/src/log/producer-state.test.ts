import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offset, producerId } from '../ids.ts';
import { classifySequence, type ProducerSnapshot } from './producer-state.ts';

const LAST_SEQUENCE = 0x7fffffff;

/** A producer in epoch 3 that wrote two batches: sequences 10..14 at offset 100 and 15..15 at 105. */
const KNOWN: ProducerSnapshot = {
  producerId: producerId(1),
  producerEpoch: 3,
  batches: [
    { firstSequence: 10, lastSequence: 14, baseOffset: offset(100) },
    { firstSequence: 15, lastSequence: 15, baseOffset: offset(105) },
  ],
};

describe('classifySequence', () => {
  it.each([
    ['the next sequence', 3, 16, 4, 'next'],
    ['the newest batch again', 3, 15, 1, 'duplicate'],
    ['an older batch again', 3, 10, 5, 'duplicate'],
    ['a gap', 3, 17, 1, 'outOfOrder'],
    ['a batch from before what is remembered', 3, 5, 5, 'duplicateForgotten'],
    ['a remembered start with another length', 3, 10, 4, 'duplicateForgotten'],
    ['a part of a remembered batch', 3, 12, 3, 'duplicateForgotten'],
    ['an older epoch, whatever the sequence', 2, 16, 1, 'producerFenced'],
    ['a newer epoch from the start', 4, 0, 1, 'next'],
    ['a newer epoch that begins in the middle', 4, 16, 1, 'outOfOrder'],
  ])('%s', (_, producerEpoch, baseSequence, recordCount, expected) => {
    const decision = classifySequence(KNOWN, { producerEpoch, baseSequence, recordCount });
    expect(decision.type === 'refuse' ? decision.refusal : decision.type).toBe(expected);
  });

  it('answers a repeat with the batch that it repeats', () => {
    const repeat = { producerEpoch: 3, baseSequence: 10, recordCount: 5 };
    expect(classifySequence(KNOWN, repeat)).toEqual({
      type: 'duplicate',
      batch: KNOWN.batches[0],
    });
  });

  it('lets a producer that nobody knows begin at 0 only', () => {
    const first = { producerEpoch: 0, baseSequence: 0, recordCount: 1 };
    expect(classifySequence(undefined, first)).toEqual({ type: 'next' });
    expect(classifySequence(undefined, { ...first, baseSequence: 1 })).toEqual({
      type: 'refuse',
      refusal: 'unknownProducer',
    });
  });

  it('goes round the circle of int32 sequences', () => {
    const firstSequence = fc.integer({ min: LAST_SEQUENCE - 20, max: LAST_SEQUENCE });
    const count = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(firstSequence, count, count, (first, recordCount, nextCount) => {
        const following = (first + recordCount) % (LAST_SEQUENCE + 1);
        const lastSequence = (first + recordCount - 1) % (LAST_SEQUENCE + 1);
        const batch = { firstSequence: first, lastSequence, baseOffset: offset(0) };
        const producer = { ...KNOWN, batches: [batch] };
        const sent = (baseSequence: number, records: number): unknown => {
          const decision = classifySequence(producer, {
            producerEpoch: 3,
            baseSequence,
            recordCount: records,
          });
          return decision.type === 'refuse' ? decision.refusal : decision.type;
        };
        expect(sent(following, nextCount)).toBe('next');
        expect(sent(first, recordCount)).toBe('duplicate');
        expect(sent((following + 1) % (LAST_SEQUENCE + 1), nextCount)).toBe('outOfOrder');
        expect(sent(first - 1, nextCount)).toBe('duplicateForgotten');
      }),
    );
  });
});
