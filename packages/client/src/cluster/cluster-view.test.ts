import type { GetMetadataResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/GetMetadataResponse.ts';
import { expect, test } from 'vitest';
import { EMPTY_VIEW, mergeMetadata, partitionHolder } from './cluster-view.ts';

function answer(
  partitions: readonly (readonly [epoch: number, holder: number])[],
  topicByte = 1,
): GetMetadataResponse__Output {
  const agent = (incarnation: number) => ({
    incarnation,
    agentId: `agent-${incarnation}`,
    address: `host:${incarnation}`,
    zone: '',
    pool: '',
    draining: false,
    startedAtMs: 0,
    leases: 0,
  });
  return {
    clusterId: 'c',
    version: '0',
    agents: [agent(1), agent(2)],
    topics: [
      {
        name: 'orders',
        topicId: Buffer.alloc(16, topicByte),
        createdAtMs: topicByte,
        durability: 0,
        error: null,
        partitions: partitions.map(([epoch, holder], partition) => ({ partition, epoch, holder })),
      },
    ],
  };
}

const MISSING: GetMetadataResponse__Output = {
  ...answer([]),
  topics: [
    {
      name: 'orders',
      topicId: Buffer.alloc(0),
      createdAtMs: 0,
      durability: 0,
      partitions: [],
      error: {
        kind: 'notFound',
        reason: 'TOPIC_NOT_FOUND',
        message: '',
        retryAfterMs: 0,
        details: {},
      },
    },
  ],
};

test('an agent that is behind cannot send a client back to an earlier holder', () => {
  const view = mergeMetadata(EMPTY_VIEW, answer([[5, 2]]));
  expect(partitionHolder(view, 'orders', 0)).toBe('host:2');
  expect(partitionHolder(mergeMetadata(view, answer([[4, 1]])), 'orders', 0)).toBe('host:2');
  expect(partitionHolder(mergeMetadata(view, answer([[6, 1]])), 'orders', 0)).toBe('host:1');
  expect(partitionHolder(mergeMetadata(view, answer([[5, 0]])), 'orders', 0)).toBeUndefined();
});

test('I-29: partitions only grow', () => {
  const view = mergeMetadata(
    EMPTY_VIEW,
    answer([
      [1, 1],
      [1, 2],
    ]),
  );
  const older = mergeMetadata(view, answer([[1, 1]]));
  expect(older.topics.get('orders')?.partitions).toHaveLength(2);
});

test('I-28: a topic made again under its name is another one, whatever its epochs', () => {
  const view = mergeMetadata(
    EMPTY_VIEW,
    answer([
      [9, 1],
      [9, 1],
    ]),
  );
  const again = mergeMetadata(view, answer([[1, 2]], 7));
  expect(again.topics.get('orders')?.partitions).toEqual([{ epoch: 1, holder: 2 }]);
  expect(mergeMetadata(again, answer([[10, 1]])).topics).toEqual(again.topics);
});

test('a topic that is not there is remembered as missing, until it is', () => {
  const view = mergeMetadata(mergeMetadata(EMPTY_VIEW, answer([[1, 1]])), MISSING);
  expect(view.topics.has('orders')).toBe(false);
  expect(view.missing.get('orders')).toMatchObject({ kind: 'notFound' });
  expect(mergeMetadata(view, answer([[1, 1]])).missing.size).toBe(0);
});
