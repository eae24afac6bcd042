import { offset } from '@streamhouse/core/ids.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flattenBatches, unflattenBatches } from './producer-batches.ts';

const number = fc.nat(Number.MAX_SAFE_INTEGER);
const batches = fc.array(
  fc.record({ firstSequence: number, lastSequence: number, baseOffset: number.map(offset) }),
  { maxLength: 5 },
);

test('batches come back as they were', () => {
  fc.assert(
    fc.property(batches, (some) => {
      expect(unflattenBatches(flattenBatches(some))).toEqual(some);
    }),
  );
});

test('numbers that are not whole batches are corrupt', () => {
  expect(() => unflattenBatches([1, 2, 3, 4])).toThrow('cut off');
});
