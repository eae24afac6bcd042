import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyHistogram, longestGapMs, percentile, slopePerHour, spreadOf } from './stats.ts';

test('the median of an even number of runs lies between the middle two', () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ min: 1, median: 2.5, max: 4 });
  expect(spreadOf([7])).toEqual({ min: 7, median: 7, max: 7 });
  expect(() => spreadOf([])).toThrow('at least one run');
});

test('a percentile is a sample that was measured', () => {
  const samples = [15, 20, 35, 40, 50];
  expect(percentile(samples, 0.05)).toBe(15);
  expect(percentile(samples, 0.3)).toBe(20);
  expect(percentile(samples, 0.4)).toBe(20);
  expect(percentile(samples, 0.5)).toBe(35);
  expect(percentile(samples, 0.99)).toBe(50);
  expect(percentile(samples, 1)).toBe(50);
  expect(() => percentile([], 0.5)).toThrow('at least one sample');
});

test('growth is that of the line through the samples, not of the last one', () => {
  const minutes = Array.from({ length: 61 }, (_, minute) => minute);
  const line = minutes.map((minute) => ({ atMs: minute * 60_000, value: 100 + 2 * (minute / 60) }));
  expect(slopePerHour(line)).toBeCloseTo(2);
  const saw = minutes.map((minute) => ({ atMs: minute * 60_000, value: 100 + (minute % 2) }));
  expect(Math.abs(slopePerHour(saw))).toBeLessThan(0.05);
  expect(() => slopePerHour([{ atMs: 1, value: 1 }])).toThrow('two moments');
});

test('a histogram gives the percentiles of its samples, at most 1 % above', () => {
  const millis = fc.array(fc.double({ min: 0, max: 2_000_000, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(millis, fc.double({ min: 0, max: 1, noNaN: true }), (samples, share) => {
      const histogram = new LatencyHistogram();
      for (const sample of samples) histogram.record(sample);
      const exact = percentile(samples, share);
      expect(histogram.percentile(share)).toBeGreaterThanOrEqual(exact - 0.000_5);
      expect(histogram.percentile(share)).toBeLessThanOrEqual(exact * 1.01 + 0.000_5);
    }),
  );
});

test('histograms of several processes add up', () => {
  const [one, two] = [new LatencyHistogram(), new LatencyHistogram()];
  for (let ms = 1; ms <= 98; ms++) one.record(ms);
  two.record(500);
  two.record(1_000);
  one.merge(LatencyHistogram.from(JSON.parse(JSON.stringify(two)) as [number, number][]));
  expect(one.total).toBe(100);
  expect(one.percentile(0.98)).toBeCloseTo(98, -1);
  expect(one.percentile(0.99)).toBeCloseTo(500, -1);
  expect(one.percentile(0.999)).toBeCloseTo(1_000, -2);
});

test('a latency beyond the range counts as the longest', () => {
  const histogram = new LatencyHistogram();
  histogram.record(1e12);
  histogram.record(-5);
  expect(histogram.total).toBe(2);
  expect(histogram.percentile(0.5)).toBe(0);
  expect(histogram.percentile(1)).toBeGreaterThan(2_000_000);
});

test('a gap is the longest time without an answer that ends after the fault', () => {
  expect(longestGapMs([0, 10, 20, 520, 530, 540], 25)).toBe(500);
  expect(longestGapMs([0, 900, 910, 920], 905)).toBe(10);
  // Answers already on their way still arrive: the gap begins with the last of them.
  expect(longestGapMs([0, 10, 30, 230], 15)).toBe(200);
  expect(longestGapMs([0, 10], 15)).toBeUndefined();
  expect(longestGapMs([30], 15)).toBeUndefined();
});
