/**
 * The SDK against real agents: what is acknowledged is read back once, in order, whatever happens to the agents in
 * between (I-01, I-12, I-13, I-16, I-31).
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Admin,
  connectAdmin,
  connectConsumer,
  connectProducer,
  type ConsumerRecord,
  type Producer,
  type RecordMetadata,
} from '@streamhouse/client/mod.ts';
import { signalProcess } from '@streamhouse/standalone/process.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PARTITIONS = 4;
let cluster: Cluster;
let admin: Admin;

beforeAll(async () => {
  cluster = await startCluster({ agents: 3, objects: 'directory' });
  admin = await connectAdmin({ bootstrap: cluster.bootstrap });
});

afterAll(async () => {
  await admin.close();
  await cluster[Symbol.asyncDispose]();
});

const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString();

/** Everything in a topic, by partition. */
async function readAll(topic: string): Promise<Map<number, ConsumerRecord[]>> {
  await using consumer = await connectConsumer({ bootstrap: cluster.bootstrap });
  const { partitions } = await admin.describeTopic(topic);
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
  await consumer.assign(places.map((place) => ({ ...place, offset: 0 })));
  const records: ConsumerRecord[] = [];
  for (let left = (await consumer.lag()).total; left > 0; ) {
    const polled = await consumer.poll(10_000);
    expect(polled.length).toBeGreaterThan(0);
    records.push(...polled);
    left -= polled.length;
  }
  return Map.groupBy(records, (record) => record.partition);
}

/** Sends numbered records until `isOver`, at most so many unanswered at a time. */
async function produceUntil(
  producer: Producer,
  topic: string,
  isOver: () => boolean,
): Promise<{ metadata: RecordMetadata; value: string }[]> {
  const sent: Promise<{ metadata: RecordMetadata; value: string }>[] = [];
  for (let count = 0; !isOver(); ) {
    for (let burst = 0; burst < 50; burst++, count++) {
      const value = `${topic}-${count}`;
      const send = producer.send({ topic, key: `key-${count % 97}`, value });
      sent.push(send.then((metadata) => ({ metadata, value })));
    }
    await delay(5);
    if (count % 1_000 === 0) await sent.at(-1);
  }
  return await Promise.all(sent);
}

/** Each acknowledged record stands once, at its offset, and nothing else does; keys keep their order. */
async function expectExactlyOnce(
  topic: string,
  sent: readonly { metadata: RecordMetadata; value: string }[],
): Promise<void> {
  const partitions = await readAll(topic);
  const stored = [...partitions.values()].flat();
  expect(stored.length).toBe(sent.length);
  for (const records of partitions.values()) {
    expect(records.map((record) => record.offset)).toEqual(records.map((_, index) => index));
  }
  for (const { metadata, value } of sent) {
    expect(text(partitions.get(metadata.partition)![metadata.offset]!.value)).toBe(value);
  }
  for (const records of Map.groupBy(stored, (record) => text(record.key)).values()) {
    const counts = records.map((record) => Number(text(record.value)!.split('-').at(-1)));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  }
}

async function pidOfHolder(topic: string): Promise<number> {
  const { partitionDescriptions } = await admin.describeTopic(topic);
  const held = cluster.agents.find(({ id }) => id === partitionDescriptions[0]!.holder);
  return held!.pid!;
}

test('records come back as they were sent: keys, values, tombstones, headers, timestamps', async () => {
  const topic = 'roundtrip';
  await admin.createTopic({ name: topic, partitions: 1 });
  await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
  const bytes = new Uint8Array([0, 1, 255]);
  await producer.sendBatch(topic, [
    { key: 'käse', value: 'one', timestampMs: 1_700_000_000_000 },
    { key: bytes, value: bytes, headers: { a: 'b', none: null } },
    {
      value: null,
      headers: [
        { name: 'twice', value: '1' },
        { name: 'twice', value: bytes },
      ],
    },
    { key: '', value: '' },
  ]);
  const records = (await readAll(topic)).get(0)!;
  expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3]);
  expect(text(records[0]!.key)).toBe('käse');
  expect(records[0]!.timestampMs).toBe(1_700_000_000_000);
  expect([...records[1]!.value!]).toEqual([...bytes]);
  expect(records[1]!.headers.map(({ name, value }) => [name, text(value)])).toEqual([
    ['a', 'b'],
    ['none', null],
  ]);
  expect(records[2]).toMatchObject({ key: null, value: null });
  expect(records[2]!.headers.map(({ name }) => name)).toEqual(['twice', 'twice']);
  expect(records[3]!.key!.length).toBe(0);
});

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'P-07: batches compressed with %s are read back',
  async (compression) => {
    const topic = `compressed-${compression}`;
    await admin.createTopic({ name: topic, partitions: 1 });
    await using producer = await connectProducer({ bootstrap: cluster.bootstrap, compression });
    const value = 'compressible '.repeat(100);
    await producer.sendBatch(
      topic,
      Array.from({ length: 100 }, () => ({ value })),
    );
    const records = (await readAll(topic)).get(0)!;
    expect(records.map((record) => text(record.value))).toEqual(Array(100).fill(value));
  },
);

test('P-05: a killed holder costs time, not records', async () => {
  const topic = 'killed';
  await admin.createTopic({ name: topic, partitions: PARTITIONS });
  await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
  let isOver = false;
  const producing = produceUntil(producer, topic, () => isOver);
  await delay(300);
  signalProcess(await pidOfHolder(topic), 'SIGKILL');
  await delay(4_000);
  isOver = true;
  const sent = await producing;
  expect(sent.length).toBeGreaterThan(1_000);
  await expectExactlyOnce(topic, sent);
});

test('P-05: a holder that is stopped, not dead, is left and its late answers do no harm', async () => {
  const topic = 'stopped';
  await admin.createTopic({ name: topic, partitions: PARTITIONS });
  await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
  let isOver = false;
  const producing = produceUntil(producer, topic, () => isOver);
  await delay(500);
  const pid = await pidOfHolder(topic);
  signalProcess(pid, 'SIGSTOP');
  await delay(7_000);
  signalProcess(pid, 'SIGCONT');
  await delay(1_000);
  isOver = true;
  await expectExactlyOnce(topic, await producing);
});

test('I-31: an agent that leaves in order costs no error', async () => {
  const topic = 'leaving';
  await admin.createTopic({ name: topic, partitions: PARTITIONS });
  await using producer = await connectProducer({
    bootstrap: cluster.bootstrap,
    deliveryTimeoutMs: 10_000,
  });
  let isOver = false;
  const producing = produceUntil(producer, topic, () => isOver);
  await delay(300);
  const { partitionDescriptions } = await admin.describeTopic(topic);
  await cluster.removeAgent(partitionDescriptions[0]!.holder!);
  await delay(500);
  isOver = true;
  await expectExactlyOnce(topic, await producing);
});
