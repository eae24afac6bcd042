import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventHeap } from './event-heap.ts';

test('events come by time, and those of one time in the order they were put in', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (times) => {
      const heap = new EventHeap();
      for (const atMs of times) heap.push(atMs, () => undefined);
      const popped: [number, number][] = [];
      for (let event = heap.pop(); event !== undefined; event = heap.pop())
        popped.push([event.atMs, event.order]);
      const sorted = times.map((atMs, order): [number, number] => [atMs, order]);
      sorted.sort(([a, orderA], [b, orderB]) => a - b || orderA - orderB);
      expect(popped).toEqual(sorted);
    }),
  );
});
