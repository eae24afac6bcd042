import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LATENCY_BUCKETS, latencyBucket, latencyQuantileMs } from './latency-buckets.ts';

const SHARES = [0.5, 0.95, 0.99];
/** The eighth root of 2, and what rounding adds. */
const RATIO_MAX = 2 ** (1 / 8) * (1 + 1e-9);

function counted(latencies: readonly number[]): number[] {
  const counts = new Array<number>(LATENCY_BUCKETS).fill(0);
  for (const ms of latencies) counts[latencyBucket(ms)]! += 1;
  return counts;
}

test('every quantile is within 9 % of the one of the latencies themselves', () => {
  const latencies = fc.array(fc.double({ min: 0.3, max: 65_000, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(latencies, fc.constantFrom(...SHARES), (list, share) => {
      const sorted = list.toSorted((one, other) => one - other);
      const exact = sorted[Math.max(1, Math.ceil(list.length * share)) - 1]!;
      const told = latencyQuantileMs(counted(list), share)!;
      expect(Math.max(told / exact, exact / told)).toBeLessThan(RATIO_MAX);
    }),
  );
});

test('what is too short or too long to be told apart is told by the bound', () => {
  expect(latencyQuantileMs(counted([0, 0.1]), 0.99)).toBe(0.25);
  expect(latencyQuantileMs(counted([Number.NaN]), 0.5)).toBe(0.25);
  expect(latencyQuantileMs(counted([1e9]), 0.5)).toBe(65_536);
});

test('without latencies there is no quantile', () => {
  expect(latencyQuantileMs(counted([]), 0.5)).toBeUndefined();
  expect(latencyQuantileMs([], 0.5)).toBeUndefined();
});
