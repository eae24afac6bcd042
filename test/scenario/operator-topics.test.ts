/**
 * Topics of an operator, as those who apply them see them: the situations and the deletion rules, on an API server in this
 * process and on Postgres as it is.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OperatorWorld, signal } from '../harness/operators.ts';
import { until } from '../harness/until.ts';

const SETTINGS = {
  pool: 'default',
  durability: 'object',
  retentionMs: 3_600_000,
  retentionBytes: null,
  config: {},
} as const;

let world: OperatorWorld;

beforeEach(async () => {
  world = await OperatorWorld.open();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

describe('a topic of a resource', () => {
  test('is made as the spec says, and follows it', async () => {
    await world.start();
    await world.apply('orders', { partitions: 3, retention: { time: '1h' } });
    const ready = await world.untilReady('orders');
    const topic = await world.metadata.topics.byName('orders', signal());
    expect(topic).toMatchObject({
      partitions: 3,
      retentionMs: 3_600_000,
      owner: { kind: 'kubernetes', uid: ready.metadata.uid },
    });
    expect(ready.status).toMatchObject({
      topicId: topic?.topicId,
      topicName: 'orders',
      partitions: 3,
    });
    expect(ready.metadata.finalizers ?? []).toEqual([]);
    await world.apply('orders', { partitions: 5, retention: { bytes: '1Gi' } });
    await until(async () => (await world.topic('orders'))?.status?.partitions === 5, signal());
    expect(await world.metadata.topics.byName('orders', signal())).toMatchObject({
      partitions: 5,
      retentionMs: null,
      retentionBytes: 1_073_741_824,
    });
  });

  test('that exists through the API is adopted, and says so', async () => {
    const { topicId } = await world.metadata.topics.create('orders', 2, SETTINGS, signal());
    await world.start();
    await world.apply('orders', { partitions: 4 });
    expect((await world.untilReady('orders')).status).toMatchObject({ topicId, partitions: 4 });
    await world.untilEvent('orders', 'Adopted');
  });

  test('that exists through the API stays there with adoptionPolicy Fail', async () => {
    await world.metadata.topics.create('orders', 2, SETTINGS, signal());
    await world.start();
    await world.apply('orders', { adoptionPolicy: 'Fail', deletionPolicy: 'Delete' });
    const topic = await world.untilTopic('orders', 'Accepted=False/NameConflict');
    expect(topic.metadata.finalizers ?? []).toEqual([]);
    expect(await world.metadata.topics.byName('orders', signal())).toMatchObject({
      owner: { kind: 'api' },
    });
  });

  test('with more partitions than the spec is not adopted, and nothing is changed', async () => {
    await world.metadata.topics.create('orders', 8, SETTINGS, signal());
    await world.start();
    await world.apply('orders', { partitions: 4 });
    await world.untilTopic('orders', 'Ready=False/AdoptionConflict');
    expect(await world.metadata.topics.byName('orders', signal())).toMatchObject({
      partitions: 8,
      retentionMs: 3_600_000,
      owner: { kind: 'api' },
    });
    await world.apply('orders', { partitions: 8 });
    await world.untilReady('orders');
  });
});
