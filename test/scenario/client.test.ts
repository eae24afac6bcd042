/**
 * The SDK against real agents: what is acknowledged is read back once, in order, whatever happens to the agents in
 * between (I-01, I-12, I-13, I-16, I-31).
 */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
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
async function countExactlyOnce(
  topic: string,
  sent: readonly { metadata: RecordMetadata; value: string }[],
): Promise<number> {
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
  return stored.length;
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
  expect(await countExactlyOnce(topic, sent)).toBe(sent.length);
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
  expect(await countExactlyOnce(topic, await producing)).toBeGreaterThan(1_000);
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
  expect(await countExactlyOnce(topic, await producing)).toBeGreaterThan(1_000);
});

test('P-01: an error to connect names every address and why', async () => {
  const bootstrap = '127.0.0.1:1,127.0.0.1:2';
  await expect(connectProducer({ bootstrap, connectTimeoutMs: 300 })).rejects.toMatchObject({
    kind: 'unavailable',
    reason: 'CONNECT_FAILED',
    message: expect.stringMatching(/127\.0\.0\.1:1 \(.+ECONNREFUSED.+127\.0\.0\.1:2 \(/),
  });
});

test('P-02: a full buffer makes sends wait, then reject; room lets them in', async () => {
  const topic = 'full';
  await admin.createTopic({ name: topic, partitions: 1 });
  const options = { bootstrap: cluster.bootstrap, bufferBytesMax: 1_000, lingerMs: 400 };
  await using patient = await connectProducer(options);
  await using hasty = await connectProducer({ ...options, maxBlockMs: 50 });
  for (const producer of [patient, hasty]) await producer.send({ topic, value: 'known' });
  const value = 'x'.repeat(1_000);
  const sends = [patient.send({ topic, value }), patient.send({ topic, value })];
  const [taken, refused] = [hasty.send({ topic, value }), hasty.send({ topic, value })];
  await expect(refused).rejects.toMatchObject({ kind: 'overloaded', reason: 'BUFFER_FULL' });
  await expect(Promise.all([taken, ...sends])).resolves.toHaveLength(3);
});

test('P-06: what is wrong with one record is its own failure', async () => {
  const topic = 'mixed';
  await admin.createTopic({ name: topic, partitions: 1 });
  await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
  const large = { value: 'x'.repeat(1_048_577) };
  await expect(producer.send({ topic, ...large })).rejects.toMatchObject({
    kind: 'overloaded',
    reason: 'RECORD_TOO_LARGE',
  });
  await expect(producer.sendBatch(topic, [{ value: 'a' }, large])).rejects.toMatchObject({
    kind: 'indefinite',
    reason: 'PARTIAL',
    details: { acknowledged: '1', failed: '1' },
  });
  await expect(producer.send({ topic, value: 'b', partition: 7 })).rejects.toMatchObject({
    kind: 'notFound',
    reason: 'PARTITION_NOT_FOUND',
  });
  await expect(producer.send({ topic: 'nowhere', value: 'c' })).rejects.toMatchObject({
    kind: 'notFound',
  });
  expect((await readAll(topic)).get(0)!.map((record) => text(record.value))).toEqual(['a']);
});

test('a closed producer has flushed, and says that it is closed', async () => {
  const topic = 'closed';
  await admin.createTopic({ name: topic, partitions: 1 });
  const producer = await connectProducer({ bootstrap: cluster.bootstrap, lingerMs: 60_000 });
  const sent = producer.send({ topic, value: 'last' });
  await producer.close();
  expect(await sent).toMatchObject({ offset: 0 });
  await producer.close();
  await expect(producer.send({ topic, value: 'late' })).rejects.toMatchObject({ reason: 'CLOSED' });
});

test('I-28, I-29: a producer follows a topic that grows, is deleted and is made again', async () => {
  const topic = 'changing';
  await admin.createTopic({ name: topic, partitions: 1 });
  await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
  await producer.send({ topic, value: 'one' });
  await admin.alterTopic(topic, { partitions: 2 });
  const grown = async () => await producer.send({ topic, value: 'two', partition: 1 });
  expect(await vi.waitUntil(() => grown().catch(() => undefined), 10_000)).toMatchObject({
    partition: 1,
    offset: 0,
  });
  await admin.deleteTopic(topic);
  await vi.waitUntil(
    () =>
      producer.send({ topic, value: 'gone' }).then(
        () => false,
        (error) => error.kind === 'notFound',
      ),
    10_000,
  );
  await admin.createTopic({ name: topic, partitions: 1 });
  expect(await producer.send({ topic, value: 'again' })).toMatchObject({ offset: 0 });
});

test('a consumer goes where it is told: seeks, positions, pauses, ranges', async () => {
  const topic = 'seeking';
  const place = { topic, partition: 0 };
  await admin.createTopic({ name: topic, partitions: 1 });
  await using producer = await connectProducer({
    bootstrap: cluster.bootstrap,
    batchRecordsMax: 3,
  });
  const records = Array.from({ length: 10 }, (_, index) => ({
    value: `${index}`,
    timestampMs: 1_000 + index,
  }));
  await producer.sendBatch(topic, records);
  await using consumer = await connectConsumer({
    bootstrap: cluster.bootstrap,
    autoOffsetReset: 'none',
    maxPollRecords: 4,
  });
  const polled = async () => (await consumer.poll(5_000)).map(({ offset }) => offset);

  await consumer.assign([place]);
  await expect(consumer.poll(1_000)).rejects.toMatchObject({ reason: 'NO_POSITION' });
  consumer.seek(place, 7);
  expect(await polled()).toEqual([7, 8, 9]);
  consumer.seek(place, 2);
  expect(await polled()).toEqual([2, 3, 4, 5]);
  await consumer.seekToTimestamp(1_004);
  expect(await consumer.position(place)).toBe(4);
  expect(await consumer.lag()).toMatchObject({ total: 6, partitions: [{ highWatermark: 10 }] });
  await consumer.seekToEnd();
  expect(await consumer.poll(50)).toEqual([]);
  await consumer.seekToBeginning();
  consumer.pause([place]);
  expect(await consumer.poll(50)).toEqual([]);
  consumer.resume([place]);
  expect((await polled())[0]).toBe(0);
  consumer.seek(place, 11);
  await expect(consumer.poll(5_000)).rejects.toMatchObject({
    kind: 'outOfRange',
    details: { earliest: '0', latest: '10' },
  });
});

test('a wait ends when its signal aborts, an iteration when the consumer is closed', async () => {
  const topic = 'quiet';
  await admin.createTopic({ name: topic, partitions: 1 });
  const consumer = await connectConsumer({ bootstrap: cluster.bootstrap });
  await consumer.assign([{ topic, partition: 0 }]);
  const abort = new AbortController();
  const polling = consumer.poll(60_000, { signal: abort.signal });
  await expect(consumer.poll(1)).rejects.toMatchObject({ reason: 'POLL_IN_PROGRESS' });
  abort.abort(new Error('enough'));
  await expect(polling).rejects.toThrow('enough');
  const iteration = Array.fromAsync(consumer);
  await consumer.close();
  expect(await iteration).toEqual([]);
});

test('I-16: a consumer reads on when the holder dies', async () => {
  const topic = 'moving';
  await admin.createTopic({ name: topic, partitions: 1 });
  await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
  await using consumer = await connectConsumer({ bootstrap: cluster.bootstrap });
  await consumer.assign([{ topic, partition: 0, offset: 0 }]);
  await producer.send({ topic, value: '0' });
  expect((await consumer.poll(5_000)).map(({ offset }) => offset)).toEqual([0]);
  signalProcess(await pidOfHolder(topic), 'SIGKILL');
  await producer.send({ topic, value: '1' });
  expect((await consumer.poll(10_000)).map(({ offset }) => offset)).toEqual([1]);
});

test('a program ends by itself once everything is closed', async () => {
  await admin.createTopic({ name: 'ending', partitions: 1 });
  const program = `
    import { connectConsumer, connectProducer } from '@streamhouse/client/mod.ts';
    const bootstrap = ${JSON.stringify(cluster.bootstrap)};
    const producer = await connectProducer({ bootstrap });
    const consumer = await connectConsumer({ bootstrap });
    await consumer.assign([{ topic: 'ending', partition: 0, offset: 0 }]);
    const { offset } = await producer.send({ topic: 'ending', value: 'x' });
    const [record] = await consumer.poll(5_000);
    await consumer.close();
    await producer.close();
    console.log(offset, record.offset);
  `;
  const options = { cwd: import.meta.dirname, timeout: 20_000 };
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], options);
  expect(stdout).toBe('0 0\n');
});
