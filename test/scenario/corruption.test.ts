/**
 * Stored bytes that are not what was written: found always, told with the offsets that are lost, and no wider than the
 * object (I-14, I-21). All of the damage is done first and the agent killed then, so that it reads cold.
 */
import { readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Admin,
  connectAdmin,
  connectConsumer,
  connectProducer,
  type StreamError,
} from '@streamhouse/client/mod.ts';
import { signalProcess } from '@streamhouse/standalone/process.ts';
import { objectsFolder } from '@streamhouse/standalone/settings.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { Facts, type RunFact } from '../harness/facts.ts';
import { placesOf } from '../harness/traffic.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const PARTITIONS = 2;
/** Records of each partition in one object. */
const RECORDS = 5;

let cluster: Cluster;
let facts: Facts;
let admin: Admin;

beforeAll(async () => {
  cluster = await startCluster({
    agents: 1,
    objects: 'directory',
    env: { STREAMHOUSE_CACHE: '0' },
  });
  facts = new Facts(cluster.postgres.url);
  admin = await connectAdmin({ bootstrap: cluster.bootstrap });
});

afterAll(async () => {
  await admin?.close();
  await facts?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

const pathOf = ({ objectKey }: RunFact): string => join(objectsFolder(cluster.home), objectKey);

/** A topic with an object in the middle that holds the same offsets of both partitions, in runs of one length. */
interface Filled {
  readonly runs: readonly [RunFact, RunFact];
  /** First offset after the last record, of each partition. */
  readonly end: number;
}

const valueAt = (partition: number, offset: number): string =>
  `${partition}/${String(offset).padStart(6, '0')}`;

/** Writes the same offsets of both partitions in each round, until a round came into one object; then one more. */
async function fill(topic: string): Promise<Filled> {
  await admin.createTopic({ name: topic, partitions: PARTITIONS });
  await using producer = await connectProducer({
    bootstrap: cluster.bootstrap,
    compression: 'none',
    lingerMs: 20,
  });
  let shared: readonly RunFact[] = [];
  let end = 0;
  for (let isLast = false; !isLast; ) {
    isLast = shared.length > 0;
    const base = end;
    const records = placesOf(topic, PARTITIONS).flatMap(({ partition }) =>
      Array.from({ length: RECORDS }, (_, index) => ({
        partition,
        value: valueAt(partition, base + index),
        timestampMs: 1_700_000_000_000,
      })),
    );
    await producer.sendBatch(topic, records);
    end += RECORDS;
    if (shared.length > 0 || base === 0) continue;
    const runs = (await facts.runs(topic)).filter(({ baseOffset }) => baseOffset === base);
    if (runs.length === 2 && runs[0]!.objectKey === runs[1]!.objectKey) shared = runs;
  }
  const [first, second] = shared;
  expect(first!.length).toBe(second!.length);
  return { runs: [first!, second!], end };
}

interface Reading {
  /** Values by partition and offset, as far as it came. */
  readonly values: readonly string[];
  readonly failure: StreamError | undefined;
}

/** Reads one partition from an offset to its end or to what it fails with. */
async function read(
  topic: string,
  partition: number,
  { from, end }: { readonly from: number; readonly end: number },
): Promise<Reading> {
  await using consumer = await connectConsumer({ bootstrap: cluster.bootstrap });
  await consumer.assign([{ topic, partition, offset: from }]);
  const values: string[] = [];
  try {
    while (from + values.length < end) {
      const records = await consumer.poll(5_000);
      expect(records.length).toBeGreaterThan(0);
      values.push(...records.map(({ value }) => Buffer.from(value!).toString()));
    }
    return { values, failure: undefined };
  } catch (error) {
    return { values, failure: error as StreamError };
  }
}

/** What a partition reads when nothing is lost of it. */
const intact = (partition: number, from: number, end: number): Reading => ({
  values: Array.from({ length: end - from }, (_, index) => valueAt(partition, from + index)),
  failure: undefined,
});

/** What is done to the object in the middle, and which partitions lose their records of it. */
interface Damage {
  readonly topic: string;
  readonly what: string;
  readonly lost: readonly number[];
  readonly run: (file: string, runs: readonly [RunFact, RunFact]) => Promise<void>;
}

function flip(at: (run: RunFact) => number): Damage['run'] {
  return async (file, [run]) => {
    const bytes = await readFile(file);
    bytes[run.position + at(run)]! ^= 1;
    await writeFile(file, bytes);
  };
}

async function swap(file: string, [first, second]: readonly [RunFact, RunFact]): Promise<void> {
  const bytes = await readFile(file);
  const swapped = Buffer.from(bytes);
  bytes.copy(swapped, second.position, first.position, first.position + first.length);
  bytes.copy(swapped, first.position, second.position, second.position + second.length);
  await writeFile(file, swapped);
}

async function replace(file: string, [{ partition }]: readonly [RunFact, RunFact]): Promise<void> {
  const runs = await facts.runs('replaced');
  const last = runs.findLast((run) => run.partition === partition);
  await writeFile(file, await readFile(pathOf(last!)));
}

const DAMAGES: readonly Damage[] = [
  { topic: 'first', what: 'I-21 a flip of the first bit', lost: [0], run: flip(() => 0) },
  {
    topic: 'middle',
    what: 'I-21 a flip in the middle',
    lost: [0],
    run: flip(({ length }) => Math.floor(length / 2)),
  },
  {
    topic: 'last',
    what: 'I-21 a flip of the last bit',
    lost: [0],
    run: flip(({ length }) => length - 1),
  },
  { topic: 'swapped', what: "I-14 two runs in each other's place", lost: [0, 1], run: swap },
  { topic: 'replaced', what: 'I-14 another object in its place', lost: [0, 1], run: replace },
  {
    topic: 'truncated',
    what: 'I-21 a cut through the last run',
    lost: [1],
    run: (file, [, second]) => truncate(file, second.position + second.length - 1),
  },
  {
    topic: 'emptied',
    what: 'I-21 a cut at the beginning',
    lost: [0, 1],
    run: (file) => truncate(file, 0),
  },
  {
    topic: 'missing',
    what: 'I-21 an object that is not there',
    lost: [0, 1],
    run: (file) => rename(file, `${file}.away`),
  },
];

interface Damaged extends Filled {
  readonly file: string;
  /** As it was written. */
  readonly bytes: Buffer;
}

const damaged = new Map<string, Damaged>();

beforeAll(async () => {
  for (const { topic, run } of DAMAGES) {
    const filled = await fill(topic);
    const file = pathOf(filled.runs[0]);
    damaged.set(topic, { ...filled, file, bytes: await readFile(file) });
    await run(file, filled.runs);
  }
  // Cold: what is read now comes from the store.
  signalProcess(cluster.agents[0]!.pid!, 'SIGKILL');
  const signal = AbortSignal.timeout(60_000);
  await until(() => cluster.lines.some((line) => line.includes('is ready again')), signal);
});

test.each(DAMAGES)(
  '$what loses those records and no others, and says which',
  async ({ topic, lost }) => {
    const { runs, end, file, bytes } = damaged.get(topic)!;
    for (const { partition, baseOffset, lastOffset } of runs) {
      if (!lost.includes(partition)) {
        expect(await read(topic, partition, { from: 0, end })).toEqual(intact(partition, 0, end));
        continue;
      }
      const { values, failure } = await read(topic, partition, { from: 0, end });
      expect(values).toEqual(intact(partition, 0, baseOffset).values);
      expect(failure).toMatchObject({
        kind: 'corrupt',
        details: {
          topic,
          partition: String(partition),
          baseOffset: String(baseOffset),
          lastOffset: String(lastOffset),
        },
      });
      const from = lastOffset + 1;
      expect(await read(topic, partition, { from, end })).toEqual(intact(partition, from, end));
    }
    // The store has the last word: once the bytes are back they are read, and nothing of the damage was kept.
    await writeFile(file, bytes);
    for (const { partition } of runs)
      expect(await read(topic, partition, { from: 0, end })).toEqual(intact(partition, 0, end));
  },
);

test('I-21 a partition that has lost records takes new ones', async () => {
  const { runs, end } = await fill('goes-on');
  await rename(pathOf(runs[0]), `${pathOf(runs[0])}.away`);
  expect(await read('goes-on', 0, { from: 0, end })).toMatchObject({
    failure: { kind: 'corrupt', reason: 'OBJECT_MISSING' },
  });
  await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
  const value = valueAt(0, end);
  expect(await producer.send({ topic: 'goes-on', partition: 0, value })).toMatchObject({
    offset: end,
  });
  const from = runs[0].lastOffset + 1;
  expect(await read('goes-on', 0, { from, end: end + 1 })).toEqual(intact(0, from, end + 1));
});
