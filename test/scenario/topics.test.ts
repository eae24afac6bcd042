/** A topic is its id and not its name (I-28), and only grows (I-29), while producers and consumers are at work. */
import {
  type Admin,
  connectAdmin,
  connectConsumer,
  connectProducer,
  type Consumer,
} from '@streamhouse/client/mod.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { findAnomalies } from '../harness/anomalies.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { Facts } from '../harness/facts.ts';
import {
  endsOf,
  type Follower,
  placesOf,
  type ScanOptions,
  scanTopic,
  startFollower,
  startTraffic,
} from '../harness/traffic.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let cluster: Cluster;
let facts: Facts;
let admin: Admin;

beforeAll(async () => {
  cluster = await startCluster({ agents: 2, objects: 'directory' });
  facts = new Facts(cluster.postgres.url);
  admin = await connectAdmin({ bootstrap: cluster.bootstrap });
});

afterAll(async () => {
  await admin?.close();
  await facts?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

/** Polls until it fails. @returns the error. */
async function pollFailure(consumer: Consumer, signal: AbortSignal): Promise<unknown> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await consumer.poll(100);
    } catch (error) {
      return error;
    }
  }
}

/** An agent may hear of the new partitions a moment after another one: until then they are not there. */
async function startWide(options: ScanOptions, signal: AbortSignal): Promise<Follower> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await startFollower(options);
    } catch (error) {
      expect(error).toMatchObject({ kind: 'notFound', reason: 'PARTITION_NOT_FOUND' });
    }
  }
}

test('I-28 a topic that is deleted and made again is another one: nothing old is seen or written', async ({
  signal,
}) => {
  const topic = 'again';
  const { bootstrap } = cluster;
  const options = { bootstrap, topic, partitions: 2 };
  const first = await admin.createTopic({ name: topic, partitions: 2 });
  await using reader = await connectConsumer({ bootstrap });
  await reader.assign(placesOf(topic, 2).map((place) => ({ ...place, offset: 0 })));
  await using traffic = await startTraffic({
    ...options,
    settings: { requestTimeoutMs: 1_000, deliveryTimeoutMs: 3_000 },
  });
  await until(() => traffic.acknowledged() > 500, signal);

  // In the middle of it.
  await admin.deleteTopic(topic);
  await until(() => traffic.errors.some(({ kind }) => kind === 'notFound'), signal);
  expect(await pollFailure(reader, signal)).toMatchObject({ kind: 'notFound' });
  await traffic.stop();
  await expect(admin.describeTopic(topic)).rejects.toMatchObject({ kind: 'notFound' });

  const second = await admin.createTopic({ name: topic, partitions: 2 });
  expect(second.topicId).not.toBe(first.topicId);
  const { partitionDescriptions } = await admin.describeTopic(topic);
  for (const { highWatermark } of partitionDescriptions) expect(highWatermark).toBe(0);

  await using producer = await connectProducer({ bootstrap });
  expect(await producer.send({ topic, partition: 0, value: 'new' })).toMatchObject({ offset: 0 });
  const scan = await scanTopic(options, signal);
  expect([...scan]).toEqual([[0, [{ offset: 0, value: 'new' }]]]);
  // The reader of the old one is not taken along to the new one: it says so until it is told where to read.
  expect(await pollFailure(reader, signal)).toMatchObject({ kind: 'notFound' });
  await reader.assign([{ topic, partition: 0, offset: 0 }]);
  const records = await reader.poll(5_000);
  expect(records.map(({ value }) => Buffer.from(value!).toString())).toEqual(['new']);
  expect(await facts.audit()).toEqual([]);
});

test('I-28 a consumer that has read ahead does not go on at its offset in the topic that has the name now', async () => {
  const topic = 'read-ahead';
  const { bootstrap } = cluster;
  await admin.createTopic({ name: topic, partitions: 1 });
  await using producer = await connectProducer({ bootstrap });
  for (const value of ['old-0', 'old-1']) await producer.send({ topic, partition: 0, value });
  // One batch is all that it reads ahead: nothing is on its way when the topic goes.
  await using reader = await connectConsumer({ bootstrap, prefetchBytesMax: 1 });
  await reader.assign([{ topic, partition: 0, offset: 0 }]);
  const values = (await reader.poll(10_000)).map(({ value }) => Buffer.from(value!).toString());
  expect((await reader.lag()).total).toBe(1);

  await admin.deleteTopic(topic);
  await admin.createTopic({ name: topic, partitions: 1 });
  await using next = await connectProducer({ bootstrap });
  for (const value of ['new-0', 'new-1', 'new-2', 'new-3']) {
    await next.send({ topic, partition: 0, value });
  }
  let failure: unknown;
  while (failure === undefined && !values.some((value) => value.startsWith('new'))) {
    try {
      const records = await reader.poll(10_000);
      values.push(...records.map(({ value }) => Buffer.from(value!).toString()));
    } catch (error) {
      failure = error;
    }
  }
  expect(values).toEqual(['old-0', 'old-1']);
  expect(failure).toMatchObject({ kind: 'notFound' });
});

test('I-28 what is sent to a name goes to the topic that has it now', async () => {
  const topic = 'renewed';
  await admin.createTopic({ name: topic, partitions: 1 });
  await using producer = await connectProducer({
    bootstrap: cluster.bootstrap,
    requestTimeoutMs: 1_000,
    deliveryTimeoutMs: 10_000,
  });
  for (const value of ['old-0', 'old-1']) await producer.send({ topic, partition: 0, value });
  await admin.deleteTopic(topic);
  await admin.createTopic({ name: topic, partitions: 1 });
  expect(await producer.send({ topic, partition: 0, value: 'new' })).toMatchObject({ offset: 0 });
});

test('I-28 producers go on with the new topic, each record once, and nothing acknowledged before is there', async ({
  signal,
}) => {
  const topic = 'resumed';
  const options = { bootstrap: cluster.bootstrap, topic, partitions: 2 };
  await admin.createTopic({ name: topic, partitions: 2 });
  await using traffic = await startTraffic(options);
  await until(() => traffic.acknowledged() > 200, signal);
  const old = new Set(traffic.sent.filter(({ outcome }) => outcome !== undefined));
  await admin.deleteTopic(topic);
  await admin.createTopic({ name: topic, partitions: 2 });
  const between = new Set(traffic.sent.filter(({ outcome }) => outcome !== undefined));
  await until(() => traffic.acknowledged() > between.size + 500, signal);
  const sent = await traffic.stop();
  const scan = await scanTopic(options, signal);
  const there = new Set([...scan.values()].flat().map(({ value }) => value));
  // What was acknowledged while the name changed hands may have gone to either of them.
  const judged = sent.filter(
    (record) => !old.has(record) && (!between.has(record) || there.has(record.value)),
  );
  expect(findAnomalies(judged, scan)).toEqual([]);
  expect(await facts.audit()).toEqual([]);
});

test('I-29 partitions grow under producers and consumers, and never shrink', async ({ signal }) => {
  const topic = 'grown';
  const { bootstrap } = cluster;
  await admin.createTopic({ name: topic, partitions: 2 });
  await using traffic = await startTraffic({ bootstrap, topic, partitions: 2 });
  await using follower = await startFollower({ bootstrap, topic, partitions: 2 });
  await until(() => traffic.acknowledged() > 500, signal);
  const grown = { bootstrap, topic, partitions: 6 };
  await admin.alterTopic(topic, { partitions: 6 });
  await using wide = await startWide(grown, signal);
  traffic.grow(6);
  await until(() => traffic.acknowledged(5) > 200, signal);
  await expect(admin.alterTopic(topic, { partitions: 5 })).rejects.toMatchObject({
    kind: 'invalid',
  });
  expect((await admin.describeTopic(topic)).partitions).toBe(6);
  const sent = await traffic.stop();
  const scan = await scanTopic(grown, signal);
  await wide.untilRead(endsOf(scan), signal);
  expect(findAnomalies(sent, scan, [follower.scan, wide.scan])).toEqual([]);
});
