import type { Assignor, TopicPartitionName } from '@streamhouse/core/assignment/assignor.ts';
import { rangeAssignor } from '@streamhouse/core/assignment/range.ts';
import { topicIdToBytes } from '@streamhouse/core/bytes/uuid.ts';
import { topicId } from '@streamhouse/core/ids.ts';
import { expect, test } from 'vitest';
import type { TopicView } from '../cluster/cluster-view.ts';
import { planGeneration } from './leader.ts';

function topicOf(name: string, number: number, partitions: number): TopicView {
  const id = topicId(`00000000-0000-4000-8000-00000000000${number}`);
  return {
    name,
    topicId: id,
    topicIdBytes: topicIdToBytes(id),
    createdAtMs: 0,
    partitions: Array.from({ length: partitions }, () => ({ epoch: 1, holder: 1 })),
  };
}

const orders = topicOf('orders', 1, 4);
const other = topicOf('other', 2, 1);
const deleted = topicOf('deleted', 3, 9);
const TOPICS = new Map([orders, other].map((topic) => [topic.name, topic]));

function joined(memberId: string, topics: string[], owned: readonly [TopicView, number][] = []) {
  return {
    memberId,
    topics,
    owned: owned.map(([{ topicIdBytes }, partition]) => ({
      topicId: Buffer.from(topicIdBytes),
      partition,
    })),
    ownedGeneration: owned.length > 0 ? 1 : 0,
  };
}

/** Partitions of `orders` by member. */
function planOf(...members: ReturnType<typeof joined>[]): Record<string, (number | undefined)[]> {
  const { assignments } = planGeneration(members, TOPICS, rangeAssignor);
  return Object.fromEntries(
    assignments.map(({ memberId, partitions = [] }) => [
      memberId,
      partitions.map(({ partition }) => partition),
    ]),
  );
}

test('what another member still owns is withheld, what nobody has is given', () => {
  expect(
    planOf(
      joined(
        'a',
        ['orders'],
        [
          [orders, 0],
          [orders, 3],
        ],
      ),
      joined('b', ['orders']),
    ),
  ).toEqual({
    a: [0, 1],
    b: [2],
  });
  expect(planOf(joined('a', ['orders'], [[orders, 0]]), joined('b', ['orders']))).toEqual({
    a: [0, 1],
    b: [2, 3],
  });
});

test('I-28: claims in a topic that is deleted count for nothing, and topics that nobody reads are not told', () => {
  const members = [joined('a', ['orders', 'deleted'], [[deleted, 0]])];
  const { assignments, topics } = planGeneration(members, TOPICS, rangeAssignor);
  expect(assignments[0]?.partitions).toHaveLength(4);
  expect(topics).toEqual([{ topicId: orders.topicIdBytes, partitions: 4 }]);
});

const giving = (places: readonly TopicPartitionName[]): Assignor => ({
  name: 'wrong',
  assign: () => new Map([['a', places]]),
});

test.each([
  ['a partition that is not there', 'ASSIGNMENT', [{ topic: 'orders', partition: 4 }]],
  ['no partition at all', 'ASSIGNMENT', [{ topic: 'orders', partition: 0.5 }]],
  ['a topic that is not there', 'ASSIGNMENT', [{ topic: 'deleted', partition: 0 }]],
  ['a topic that the member does not read', 'ASSIGNMENT', [{ topic: 'other', partition: 0 }]],
  [
    'a partition twice',
    'ASSIGNED_TWICE',
    [
      { topic: 'orders', partition: 1 },
      { topic: 'orders', partition: 1 },
    ],
  ],
])('an assignor that gives %s is told so', (_, reason, places) => {
  expect(() => planGeneration([joined('a', ['orders'])], TOPICS, giving(places))).toThrow(
    expect.objectContaining({ kind: 'invalid', reason }),
  );
});
