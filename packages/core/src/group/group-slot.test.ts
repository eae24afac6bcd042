import { expect, it } from 'vitest';
import { LIMITS } from '../limits.ts';
import { groupSlot } from './group-slot.ts';

it('never changes: agents of two versions must send a group to one coordinator', () => {
  expect(['', 'analytics', 'billing', 'Zürich'].map(groupSlot)).toEqual([11, 12, 28, 0]);
});

it('spreads groups over all slots', () => {
  const groups = Array.from({ length: 64 * 50 }, (_, index) => groupSlot(`group-${index}`));
  const counts = Map.groupBy(groups, (slot) => slot);
  expect(counts.size).toBe(LIMITS.groupSlots);
  expect(Math.max(...[...counts.values()].map((all) => all.length))).toBeLessThan(100);
});
