import { expect, it } from 'vitest';
import { assignmentText } from './group-description.ts';

it('draws neighbours together, topics and partitions in order', () => {
  const places = [
    ...[7, 0, 2, 1].map((partition) => ({ topic: 'orders', partition })),
    { topic: 'audit', partition: 3 },
  ];
  expect(assignmentText(places)).toBe('audit 3 orders 0-2,7');
  expect(assignmentText([])).toBe('-');
});
