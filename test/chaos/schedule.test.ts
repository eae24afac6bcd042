import { expect, test } from 'vitest';
import { FAMILY, FAULT_KINDS } from './faults/fault.ts';
import { Schedule, type Step } from './schedule.ts';

const STEP_MS = 10_000;

function steps(seed: number, count: number): readonly Step[] {
  const schedule = new Schedule(seed, FAULT_KINDS);
  return Array.from({ length: count }, (_, index) => schedule.next(index * STEP_MS));
}

function outline(seed: number, count: number): unknown[] {
  return steps(seed, count).map(({ restMs, kinds, random }) => [restMs, kinds, random()]);
}

test('a seed alone decides what is broken, when and how', () => {
  expect(outline(7, 100)).toEqual(outline(7, 100));
  expect(outline(7, 100)).not.toEqual(outline(8, 100));
});

test('every kind comes, a quarter of the steps is quiet, and some have two faults of two families', () => {
  const all = steps(1, 1_000);
  const kinds = new Set(all.flatMap((step) => step.kinds));
  expect([...kinds].toSorted()).toEqual(FAULT_KINDS.toSorted());
  const quiet = all.filter((step) => step.kinds.length === 0).length;
  expect(quiet).toBeGreaterThan(200);
  expect(quiet).toBeLessThan(300);
  const double = all.filter((step) => step.kinds.length === 2);
  expect(double.length).toBeGreaterThan(50);
  for (const { kinds: two } of double) expect(FAMILY[two[0]!]).not.toBe(FAMILY[two[1]!]);
});

test('within 30 s only a few kinds come', () => {
  const schedule = new Schedule(3, FAULT_KINDS);
  const kinds = Array.from({ length: 200 }, () => schedule.next(29_999).kinds).flat();
  expect(new Set(kinds).size).toBe(5);
  const later = Array.from({ length: 200 }, () => schedule.next(30_000).kinds).flat();
  expect(new Set(later)).not.toEqual(new Set(kinds));
});

test('one kind alone is enough', () => {
  const schedule = new Schedule(1, ['kill']);
  const kinds = Array.from({ length: 100 }, (_, index) => schedule.next(index * STEP_MS).kinds);
  expect(new Set(kinds.flat())).toEqual(new Set(['kill']));
});
