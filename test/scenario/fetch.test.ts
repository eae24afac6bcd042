import type { FetchResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchResponse.ts';
import { connectAdmin, connectConsumer, connectProducer } from '@streamhouse/client/mod.ts';
import { expect, test, vi } from 'vitest';
import { startCluster } from '../harness/cluster.ts';
import { openRawAgent } from '../harness/raw-grpc.ts';

vi.setConfig({ testTimeout: 120_000 });

test('an agent whose reader gives up a long poll goes on serving the others (I-41)', async () => {
  await using cluster = await startCluster({ agents: 1, objects: 'directory' });
  const { bootstrap } = cluster;
  await using admin = await connectAdmin({ bootstrap });
  await admin.createTopic({ name: 'quiet' });
  await using producer = await connectProducer({ bootstrap });
  await producer.send({ topic: 'quiet', value: 'one' });
  {
    await using consumer = await connectConsumer({ bootstrap, fetchMaxWaitMs: 30_000 });
    await consumer.assign([{ topic: 'quiet', partition: 0, offset: 0 }]);
    expect(await consumer.poll(10_000)).toHaveLength(1);
    // Its next fetch waits at the agent by now; closing takes it back.
    expect(await consumer.poll(500)).toEqual([]);
  }
  const signal = AbortSignal.timeout(10_000);
  // More than one: the agent may hear of the end after it answered the first.
  for (let call = 0; call < 50; call++) {
    expect(await admin.listTopics({ signal })).toHaveLength(1);
  }
});

test('a partition far behind leaves room for the others of its fetch', async () => {
  await using cluster = await startCluster({ agents: 1, objects: 'directory' });
  const { bootstrap } = cluster;
  await using admin = await connectAdmin({ bootstrap });
  const { topicId } = await admin.createTopic({ name: 'uneven', partitions: 3 });
  await using producer = await connectProducer({ bootstrap, compression: 'none' });
  const behind = Array.from({ length: 40 }, () => ({ partition: 0, value: Buffer.alloc(50_000) }));
  await producer.sendBatch('uneven', behind);
  await producer.send({ topic: 'uneven', partition: 2, value: 'small' });

  await using parts = new AsyncDisposableStack();
  const agent = parts.adopt(openRawAgent(bootstrap[0]!), (open) => open.close());
  const { partitions } = await agent.call<FetchResponse__Output>('ConsumerService/Fetch', {
    partitions: [0, 1, 2].map((partition) => ({
      topicId: Buffer.from(topicId.replaceAll('-', ''), 'hex'),
      partition,
      offset: 0,
    })),
    maxBytes: 1_500_000,
  });
  const bytes = partitions.map((one) => one.recordBatches.length);
  expect(bytes).toEqual([expect.any(Number), 0, expect.any(Number)]);
  expect(bytes[0]).toBeGreaterThan(500_000);
  expect(bytes[2]).toBeGreaterThan(0);
});
