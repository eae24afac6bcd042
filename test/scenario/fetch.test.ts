import { connectAdmin, connectConsumer, connectProducer } from '@streamhouse/client/mod.ts';
import { expect, test, vi } from 'vitest';
import { startCluster } from '../harness/cluster.ts';

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
