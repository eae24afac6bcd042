import { mkdir, rm } from 'node:fs/promises';
import type { FetchResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchResponse.ts';
import type { ListOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ListOffsetsResponse.ts';
import type { ProduceResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ProduceResponse.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { topicIdToBytes } from '@streamhouse/core/bytes/uuid.ts';
import type { Incarnation } from '@streamhouse/core/ids.ts';
import { decodeBatches } from '@streamhouse/core/record/decode.ts';
import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import type { PartitionLease } from '@streamhouse/store/metadata/leases.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { SETTINGS, soon } from '@streamhouse/store/metadata/pg/log.test-support.ts';
import { migrate } from '@streamhouse/store/metadata/pg/migrate.ts';
import { openProxy } from '@streamhouse/store/metadata/pg/proxy.test-support.ts';
import type { Topic } from '@streamhouse/store/metadata/topics.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  around,
  startTestAgent,
  temporaryRoot,
  type TestAgent,
  type TestAgentOptions,
  until,
} from './testing/agent.test-support.ts';
import { lintMetrics } from './testing/lint-metrics.test-support.ts';

vi.setConfig({ testTimeout: 30_000 });

let database: TestDatabase;
let root: string;

beforeEach(async () => {
  const parts = new AsyncDisposableStack();
  onTestFinished(() => parts.disposeAsync());
  database = parts.use(await createTestDatabase());
  root = parts.use(await temporaryRoot()).path;
});

async function start(options: Partial<TestAgentOptions> = {}): Promise<TestAgent> {
  const agent = await startTestAgent({ url: database.url, root, ...options });
  onTestFinished(() => agent[Symbol.asyncDispose]());
  return agent;
}

async function isReady(agent: TestAgent): Promise<boolean> {
  return (await agent.get('/ready')).status === 200;
}

async function ready(agent: TestAgent): Promise<TestAgent> {
  await until(() => isReady(agent));
  return agent;
}

async function createTopic(agent: TestAgent, name: string, partitions: number): Promise<Topic> {
  const topic = await agent.metadata.topics.create(name, partitions, SETTINGS, soon());
  await until(async () =>
    (await leasesOf(agent, topic)).every(({ holder }) => holder !== undefined),
  );
  return topic;
}

async function leasesOf(agent: TestAgent, topic: Topic): Promise<readonly PartitionLease[]> {
  const leases = await agent.metadata.leases.all(soon());
  return leases.filter((lease) => lease.topicId === topic.topicId);
}

/** How many partitions each incarnation holds. */
async function countsOf(
  agent: TestAgent,
  topic: Topic,
): Promise<Map<Incarnation | undefined, number>> {
  const leases = Map.groupBy(await leasesOf(agent, topic), (lease) => lease.holder);
  return new Map([...leases].map(([holder, all]) => [holder, all.length]));
}

async function incarnationOf(agent: TestAgent, agentId: string): Promise<Incarnation> {
  const live = await agent.metadata.agents.live(soon());
  return live.find((session) => session.agentId === agentId)!.incarnation;
}

async function produce(
  agent: TestAgent,
  topic: string,
  partition: number,
  value: string,
  timeoutMs?: number,
): Promise<number> {
  const records = [{ value: Buffer.from(value) }];
  const response = await agent.call<ProduceResponse__Output>(
    'ProducerService/Produce',
    { topic, partition, records },
    timeoutMs,
  );
  return response.positions[0]!.offset;
}

/** Appends once the agent holds the partition. */
async function produceSoon(
  agent: TestAgent,
  topic: string,
  partition: number,
  value: string,
): Promise<number> {
  let offset: number | undefined;
  await until(async () => {
    offset = await produce(agent, topic, partition, value).catch(
      (error: { isRetriable: boolean }) => {
        if (!error.isRetriable) throw error;
        return undefined;
      },
    );
    return offset !== undefined;
  });
  return offset!;
}

async function values(agent: TestAgent, topic: Topic, partition: number): Promise<string[]> {
  const partitions = [{ topicId: topicIdToBytes(topic.topicId), partition, offset: 0 }];
  const response = await agent.call<FetchResponse__Output>('ConsumerService/Fetch', { partitions });
  const fetched = response.partitions[0]!;
  expect(fetched.error).toBeNull();
  const records = decodeBatches(fetched.recordBatches, { port: nativeCompression, crc32c });
  return records.map((record) => Buffer.from(record.value!).toString());
}

/** A store whose puts wait until they are let go. */
function gatedStore(): {
  wrap: (objects: ObjectStore) => ObjectStore;
  open: () => void;
  readonly puts: number;
} {
  const { promise, resolve } = Promise.withResolvers<void>();
  let puts = 0;
  return {
    wrap: (objects) =>
      around(objects, {
        async put(...args: Parameters<ObjectStore['put']>) {
          puts++;
          await promise;
          await objects.put(...args);
        },
      }),
    open: () => resolve(),
    get puts() {
      return puts;
    },
  };
}

describe('A-03 the probes', () => {
  test('are green without a single lease, and the metrics are in order', async () => {
    const agent = await ready(await start());
    expect(await agent.get('/health')).toMatchObject({ status: 200 });
    expect(await agent.get('/ready')).toMatchObject({ status: 200 });
    expect(await agent.get('/nowhere')).toMatchObject({ status: 404 });
    const first = await agent.get('/metrics');
    expect(lintMetrics(first.body)).toEqual([]);
    const topic = await createTopic(agent, 'orders', 2);
    await produceSoon(agent, 'orders', 0, 'one');
    await values(agent, topic, 0);
    const { body } = await agent.get('/metrics');
    expect(lintMetrics(body)).toEqual([]);
    expect(body).toMatch(/^streamhouse_log_records_total 1$/m);
    expect(body).toMatch(/^streamhouse_leases_held_partitions 2$/m);
    expect(body).toMatch(/^streamhouse_fetch_bytes_total [1-9]/m);
    expect(body).not.toContain('orders');
  });

  test('B-18 name what is missing while Postgres has the wrong schema, until it has the right one', async () => {
    await using empty = await createTestDatabase('empty');
    const agent = await start({ url: empty.url });
    await until(async () => (await agent.get('/ready')).body.includes('schema'));
    expect(await agent.get('/ready')).toMatchObject({ status: 503 });
    expect(await agent.get('/health')).toMatchObject({ status: 200 });
    expect(await agent.get('/metrics')).toMatchObject({ status: 200 });
    await expect(produce(agent, 'orders', 0, 'x')).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'NOT_READY',
      retryAfterMs: 500,
    });
    await migrate(empty.url, soon());
    await ready(agent);
    await agent[Symbol.asyncDispose]();
  });

  test('B-18 name Postgres while nothing listens there, and never its password', async () => {
    const agent = await start({ url: 'postgresql://me:hunter2@127.0.0.1:1/log' });
    await until(async () => (await agent.get('/ready')).body.includes('127.0.0.1:1'));
    const outputs = [(await agent.get('/ready')).body, (await agent.get('/metrics')).body];
    const refusal = await produce(agent, 'orders', 0, 'x').catch((error: unknown) => error);
    expect(refusal).toMatchObject({ kind: 'unavailable', reason: 'NOT_READY' });
    expect([...outputs, ...agent.log, String(refusal)].join('\n')).not.toContain('hunter2');
    expect(await agent.get('/health')).toMatchObject({ status: 200 });
  });

  test('B-18 name the object store while it is not there, and turn green when it is', async () => {
    const agent = await start({
      wrapMetadata: (metadata) =>
        around(metadata, {
          // Before the first look at the object store.
          async check(signal: AbortSignal) {
            await metadata.check(signal);
            if (isFirst) await rm(root, { recursive: true });
            isFirst = false;
          },
        }),
    });
    let isFirst = true;
    await until(async () => (await agent.get('/ready')).body.includes(root));
    expect(await agent.get('/ready')).toMatchObject({ status: 503 });
    await mkdir(root, { recursive: true });
    await ready(agent);
  });

  test('are red when nothing is heard of the lease keeper any more', async () => {
    let silentMs = 0;
    const agent = await ready(
      await start({
        wrapLease: (lease) =>
          around(lease, {
            get heardMs() {
              return systemClock.monotonicMs() - silentMs;
            },
          }),
      }),
    );
    silentMs = 10_000;
    expect(await agent.get('/health')).toMatchObject({ status: 200 });
    silentMs = 20_000;
    expect(await agent.get('/health')).toMatchObject({
      status: 503,
      body: expect.stringContaining('lease keeper'),
    });
  });

  test('are red while the agent drains, which answers everything that it accepted', async () => {
    const gate = gatedStore();
    const agent = await ready(await start({ wrapObjects: gate.wrap }));
    await createTopic(agent, 'orders', 1);
    const accepted = produceSoon(agent, 'orders', 0, 'accepted');
    await until(() => gate.puts > 0);
    const stopped = agent.agent[Symbol.asyncDispose]();
    await until(async () => !(await isReady(agent)));
    expect(await agent.get('/ready')).toMatchObject({
      status: 503,
      body: expect.stringContaining('draining'),
    });
    expect(await agent.get('/health')).toMatchObject({ status: 200 });
    await until(async () =>
      // One that is still accepted has its answer once the gate is open.
      produce(agent, 'orders', 0, 'late', 200).then(
        () => false,
        (error: { kind: string }) => error.kind === 'notHolder',
      ),
    );
    gate.open();
    expect(await accepted).toBe(0);
    await stopped;
  });

  test('a stop in the middle of the start ends', async () => {
    const listening = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const agent = await start({
      wrapMetadata: (metadata) =>
        around(metadata, {
          changes: {
            async listen(...args: Parameters<typeof metadata.changes.listen>) {
              listening.resolve();
              await goOn.promise;
              await metadata.changes.listen(...args);
            },
          },
        }),
    });
    await listening.promise;
    const stopped = agent.agent[Symbol.asyncDispose]();
    goOn.resolve();
    await expect(stopped).resolves.toBeUndefined();
  });
});

describe('partitions', () => {
  test('A-06 that are being taken when the agent stops are given back all the same', async () => {
    const taken = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const agent = await ready(
      await start({
        wrapMetadata: (metadata) =>
          around(metadata, {
            leases: around(metadata.leases, {
              async takeover(...args) {
                const rows = await metadata.leases.takeover(...args);
                if (rows.length > 0) taken.resolve();
                await goOn.promise;
                return rows;
              },
            }),
          }),
      }),
    );
    const topic = await agent.metadata.topics.create('orders', 5, SETTINGS, soon());
    await taken.promise;
    const stopped = agent.agent[Symbol.asyncDispose]();
    await until(async () =>
      (await agent.metadata.agents.live(soon())).every((one) => one.isDraining),
    );
    goOn.resolve();
    await stopped;
    await using direct = await database.open();
    const leases = await direct.leases.all(soon());
    expect(leases).toHaveLength(topic.partitions);
    expect(leases.filter(({ holder }) => holder !== undefined)).toEqual([]);
  });

  test('are shared with an agent that comes, and left to it by one that goes', async () => {
    const first = await ready(await start({ agentId: 'agent-1' }));
    const topic = await createTopic(first, 'orders', 8);
    for (let partition = 0; partition < 8; partition++)
      expect(await produceSoon(first, 'orders', partition, 'one')).toBe(0);
    const second = await ready(await start({ agentId: 'agent-2' }));
    const [one, two] = [
      await incarnationOf(first, 'agent-1'),
      await incarnationOf(first, 'agent-2'),
    ];
    await until(async () => (await countsOf(first, topic)).get(two) === 4);
    expect((await countsOf(first, topic)).get(one)).toBe(4);
    const before = await leasesOf(first, topic);
    for (const { partition, holder } of before) {
      const [holding, other] = holder === one ? [first, second] : [second, first];
      expect(await produceSoon(holding, 'orders', partition, 'two')).toBe(1);
      await expect(produce(other, 'orders', partition, 'x')).rejects.toMatchObject({
        kind: 'notHolder',
      });
    }
    await first.agent[Symbol.asyncDispose]();
    const after = await leasesOf(second, topic);
    expect(after.every(({ holder }) => holder === two)).toBe(true);
    for (const { partition, epoch } of after) {
      expect(await produceSoon(second, 'orders', partition, 'three')).toBe(2);
      expect(await values(second, topic, partition)).toEqual(['one', 'two', 'three']);
      expect(epoch).toBeGreaterThanOrEqual(before[partition]!.epoch);
    }
  });

  test('I-05 I-06 go to the others when a session is fenced, and its agent begins a new life', async () => {
    const first = await ready(await start({ agentId: 'agent-1' }));
    const second = await ready(await start({ agentId: 'agent-2' }));
    const topic = await createTopic(first, 'orders', 6);
    const old = await incarnationOf(first, 'agent-1');
    await until(async () => (await countsOf(first, topic)).get(old) === 3);
    const before = await leasesOf(first, topic);
    await first.metadata.agents.fence(old, undefined, soon());
    await until(async () => {
      const counts = await countsOf(first, topic);
      return !counts.has(old) && !counts.has(undefined);
    });
    const after = await leasesOf(first, topic);
    for (const { partition, holder, epoch } of before) {
      if (holder === old) expect(after[partition]!.epoch).toBeGreaterThan(epoch);
    }
    await until(async () => (await first.metadata.agents.live(soon())).length === 2);
    await ready(first);
    const born = await incarnationOf(first, 'agent-1');
    expect(born).toBeGreaterThan(old);
    await until(async () => (await countsOf(first, topic)).get(born) === 3);
    const holds = (await leasesOf(first, topic)).find(({ holder }) => holder === born)!;
    expect(await produceSoon(first, 'orders', holds.partition, 'x')).toBe(0);
    expect(await isReady(second)).toBe(true);
  });

  test('I-28 of a deleted topic are given up, and a topic of that name begins empty', async () => {
    const agent = await ready(await start());
    const topic = await createTopic(agent, 'orders', 3);
    await produceSoon(agent, 'orders', 0, 'old');
    await agent.metadata.topics.delete(topic.topicId, soon());
    await until(async () =>
      (await agent.get('/metrics')).body.includes('streamhouse_leases_held_partitions 0'),
    );
    await expect(produce(agent, 'orders', 0, 'x')).rejects.toMatchObject({ kind: 'notFound' });
    const again = await createTopic(agent, 'orders', 1);
    expect(await produceSoon(agent, 'orders', 0, 'new')).toBe(0);
    expect(await values(agent, again, 0)).toEqual(['new']);
  });

  test('I-16 whose lease has lapsed have an end that nobody is told, and a beginning', async () => {
    let isLapsed = false;
    const agent = await ready(
      await start({
        wrapLease: (lease) =>
          around(lease, { isHeld: (nowMs: number) => !isLapsed && lease.isHeld(nowMs) }),
      }),
    );
    const topic = await createTopic(agent, 'orders', 1);
    await produceSoon(agent, 'orders', 0, 'one');
    const ask = async (at: object): Promise<unknown> => {
      const partitions = [{ topicId: topicIdToBytes(topic.topicId), partition: 0, ...at }];
      const { offsets } = await agent.call<ListOffsetsResponse__Output>(
        'ConsumerService/ListOffsets',
        { partitions },
      );
      return offsets[0];
    };
    const ends = [{ latest: true }, { timestampMs: Number.MAX_SAFE_INTEGER }];
    for (const at of ends) expect(await ask(at)).toMatchObject({ offset: 1, error: null });
    isLapsed = true;
    for (const at of ends)
      expect(await ask(at)).toMatchObject({ error: { reason: 'LEASE_LAPSED' } });
    expect(await ask({ earliest: true })).toMatchObject({ offset: 0, error: null });
    // What it knows can be read: that was and stays published.
    expect(await values(agent, topic, 0)).toEqual(['one']);
  });

  test('A-08 may be a thousand: shared, then all handed over', async () => {
    const first = await ready(await start({ agentId: 'agent-1' }));
    const second = await ready(await start({ agentId: 'agent-2' }));
    const topic = await createTopic(first, 'orders', 1000);
    const two = await incarnationOf(first, 'agent-2');
    await until(async () => (await countsOf(first, topic)).get(two) === 500);
    await first.agent[Symbol.asyncDispose]();
    expect(await countsOf(second, topic)).toEqual(new Map([[two, 1000]]));
    await until(async () => (await second.get('/metrics')).body.includes('held_partitions 1000'));
    expect(await produceSoon(second, 'orders', 999, 'x')).toBe(0);
  });
});

test('I-40 without Postgres nothing is acknowledged and what is in memory is served; soon after it is back all goes on', async () => {
  await using proxy = await openProxy(database.url);
  const agent = await ready(await start({ url: proxy.url }));
  const topic = await createTopic(agent, 'orders', 1);
  await produceSoon(agent, 'orders', 0, 'before');
  proxy.cut();
  const during = await produce(agent, 'orders', 0, 'during', 500).catch(
    (error: { kind: string }) => error.kind,
  );
  // It came before the lease lapsed, and waits for its publish, or after.
  expect(['indefinite', 'unavailable']).toContain(during);
  await until(async () => !(await isReady(agent)));
  expect(await agent.get('/ready')).toMatchObject({ body: expect.stringContaining('Postgres') });
  await expect(produce(agent, 'orders', 0, 'x')).rejects.toMatchObject({
    kind: 'unavailable',
    isRetriable: true,
  });
  expect(await values(agent, topic, 0)).toEqual(['before']);
  expect(await agent.get('/health')).toMatchObject({ status: 200 });
  const backMs = performance.now();
  proxy.mend();
  await produceSoon(agent, 'orders', 0, 'after');
  const tookMs = performance.now() - backMs;
  // 2 s on a machine of its own.
  expect(tookMs).toBeLessThan(5000);
  const kept = during === 'indefinite' ? ['before', 'during', 'after'] : ['before', 'after'];
  expect(await values(agent, topic, 0)).toEqual(kept);
});
