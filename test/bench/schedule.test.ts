import { expect, test } from 'vitest';
import { OpenLoopSchedule } from './schedule.ts';

test('records are due at even distances from the start', () => {
  const schedule = new OpenLoopSchedule(1_000, 100);
  expect(schedule.due(99, 10)).toEqual([]);
  expect(schedule.due(100, 10)).toEqual([100]);
  expect(schedule.due(103.5, 10)).toEqual([101, 102, 103]);
  expect(schedule.due(103.9, 10)).toEqual([]);
});

test('a stall does not thin the load out: what it kept back is due with the times it was meant for', () => {
  const schedule = new OpenLoopSchedule(100, 0);
  expect(schedule.due(0, 100)).toHaveLength(1);
  const kept = schedule.due(1_000, 1_000);
  expect(kept).toHaveLength(100);
  expect(kept[0]).toBe(10);
  expect(kept.at(-1)).toBe(1_000);
});

test('what a call has no room for is handed out by the next one', () => {
  const schedule = new OpenLoopSchedule(1_000, 0);
  expect(schedule.due(4, 3)).toEqual([0, 1, 2]);
  expect(schedule.due(4, 3)).toEqual([3, 4]);
  expect(schedule.sent).toBe(5);
});

test('a rate that does not divide a second is kept in the long run', () => {
  const schedule = new OpenLoopSchedule(333, 0);
  let sent = 0;
  for (let nowMs = 0; nowMs < 10_000; nowMs += 7) sent += schedule.due(nowMs, 1_000).length;
  expect(sent).toBeGreaterThanOrEqual(3_327);
  expect(sent).toBeLessThanOrEqual(3_331);
});
