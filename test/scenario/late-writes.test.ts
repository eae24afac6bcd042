/**
 * An object store that answers late, wrongly or not at all. Readers see what was acknowledged and nothing else: no late
 * PUT, no orphan and no broken answer ever changes it, and no key is written twice with other bytes (I-07).
 */
import { connectAdmin, connectProducer, type Admin } from '@streamhouse/client/mod.ts';
import { signalProcess } from '@streamhouse/standalone/process.ts';
import { openDirectoryStore } from '@streamhouse/store/objects/directory.ts';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { findAnomalies } from '../harness/anomalies.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { Facts } from '../harness/facts.ts';
import { type TemporaryHome, temporaryHome } from '../harness/guard.ts';
import { type FaultRule, seededRandom, SLOW_DOWN } from '../harness/s3-gateway/fault.ts';
import { type S3Gateway, startS3Gateway } from '../harness/s3-gateway/gateway.ts';
import { endsOf, scanTopic, startFollower, startTraffic } from '../harness/traffic.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PARTITIONS = 4;
const ACCOUNT = { bucket: 'late-writes', accessKeyId: 'test', secretAccessKey: 'test-secret' };

let folder: TemporaryHome;
let gateway: S3Gateway;
let cluster: Cluster;
let facts: Facts;
let admin: Admin;

beforeAll(async () => {
  folder = await temporaryHome();
  gateway = await startS3Gateway({ root: folder.path, port: 0, ...ACCOUNT });
  // Without a cache every read goes to the store.
  const env = { FLUSH_MAX_PUTS_PER_SECOND: 'unlimited', STREAMHOUSE_CACHE: '0' };
  const objects = { gateway: { url: gateway.url, ...ACCOUNT } };
  cluster = await startCluster({ agents: 2, objects, env });
  facts = new Facts(cluster.postgres.url);
  admin = await connectAdmin({ bootstrap: cluster.bootstrap });
});

afterAll(async () => {
  await admin?.close();
  await facts?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
  await gateway?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

afterEach(async () => {
  gateway.setRules(undefined);
  expect(gateway.violations).toEqual([]);
  expect(await facts.audit(join(folder.path, ACCOUNT.bucket))).toEqual([]);
});

/** How often a request of that kind ended so. */
function counted(operation: 'PutObject' | 'GetObject', outcome: string): number {
  return gateway.counters[operation][outcome]?.requests ?? 0;
}

/** Objects of the store that were never published. */
async function orphans(): Promise<readonly string[]> {
  await using store = await openDirectoryStore({ root: join(folder.path, ACCOUNT.bucket) });
  const { signal } = new AbortController();
  const keys = (await Array.fromAsync(store.list('', { signal }))).map(({ key }) => key);
  const published = await facts.objectKeys();
  return keys.filter((key) => key.includes('/wal/') && !published.has(key));
}

/** Only what is asked for objects with records: not the probe of a start. */
function onObjects(rule: FaultRule): FaultRule {
  return (request) => (request.key?.includes('/wal/') === true ? rule(request) : undefined);
}

async function killAndAwait(id: string, signal: AbortSignal): Promise<void> {
  const ready = (): number =>
    cluster.lines.filter((line) => line.startsWith(`${id} is ready again`)).length;
  const lives = ready();
  signalProcess(cluster.agents.find((agent) => agent.id === id)!.pid!, 'SIGKILL');
  await until(() => ready() > lives, signal);
}

test('I-07 I-08 I-10 PUTs that land after the timeout, when their bytes were written under another key, stay invisible', async ({
  signal,
}) => {
  const options = { bootstrap: cluster.bootstrap, topic: 'late', partitions: PARTITIONS };
  await admin.createTopic({ name: options.topic, partitions: PARTITIONS });
  const before = await orphans();
  const late: string[] = [];
  // The agent gives a PUT up after 10 s. Then the one that follows is answered, and then this one lands.
  gateway.setRules(
    onObjects(({ operation, key }) => {
      if (operation !== 'PutObject' || late.length >= 4) return undefined;
      late.push(key!);
      return { kind: 'lateLanding', landAfterMs: 10_600 };
    }),
  );
  await using traffic = await startTraffic(options);
  await using follower = await startFollower(options);
  await until(() => counted('PutObject', 'landedLate') >= 4, signal);
  const sent = await traffic.stop();
  expect(traffic.errors).toEqual([]);
  const found = (await orphans()).filter((key) => !before.includes(key));
  expect(found.toSorted()).toEqual(late.toSorted());
  for (const { id } of cluster.agents) await killAndAwait(id, signal);
  const scan = await scanTopic(options, signal);
  await follower.untilRead(endsOf(scan), signal);
  expect(findAnomalies(sent, scan, [follower.scan])).toEqual([]);
});

test('I-01 I-12 PUTs that are applied but answered with 500, bursts of 503, lost answers and broken bodies never give wrong records', async ({
  signal,
}) => {
  const options = { bootstrap: cluster.bootstrap, topic: 'broken', partitions: PARTITIONS };
  await admin.createTopic({ name: options.topic, partitions: PARTITIONS });
  const random = seededRandom(42);
  let burst = 0;
  gateway.setRules(
    onObjects(({ operation }) => {
      if (burst > 0) {
        burst--;
        return SLOW_DOWN;
      }
      const draw = random();
      if (draw < 0.05) {
        burst = 5;
        return SLOW_DOWN;
      }
      if (operation === 'GetObject')
        return draw < 0.3 ? { kind: 'truncatedBody', bytes: Math.floor(draw * 300) } : undefined;
      if (draw < 0.2) return { kind: 'appliedButFailed' };
      return draw < 0.3 ? { kind: 'reset', isApplied: draw < 0.25 } : undefined;
    }),
  );
  await using traffic = await startTraffic(options);
  await using follower = await startFollower(options);
  await until(() => traffic.acknowledged() > 2_000, signal);
  await killAndAwait((await facts.holder(options.topic, 0))!, signal);
  const acknowledged = traffic.acknowledged();
  await until(() => traffic.acknowledged() > acknowledged + 2_000, signal);
  const sent = await traffic.stop();
  expect(traffic.errors).toEqual([]);
  const scan = await scanTopic(options, signal);
  await follower.untilRead(endsOf(scan), signal);
  expect(findAnomalies(sent, scan, [follower.scan])).toEqual([]);
  // Felt: each of the faults happened.
  for (const outcome of ['InternalError', 'SlowDown', 'reset'])
    expect(counted('PutObject', outcome)).toBeGreaterThan(0);
  expect(counted('GetObject', 'truncated')).toBeGreaterThan(0);
});

test('a store that cannot be reached makes producers wait or fail as retriable, and they go on when it is back', async ({
  signal,
}) => {
  const { bootstrap } = cluster;
  const options = { bootstrap, topic: 'unreachable', partitions: 1 };
  await admin.createTopic({ name: options.topic, partitions: 1 });
  await using patient = await connectProducer({ bootstrap });
  await using hasty = await connectProducer({
    bootstrap,
    requestTimeoutMs: 1_000,
    deliveryTimeoutMs: 2_000,
  });
  const refused = counted('PutObject', 'reset');
  gateway.setRules(onObjects(() => ({ kind: 'reset', isApplied: false })));
  const waiting = patient.send({ topic: options.topic, value: 'patient' });
  const failure: unknown = await hasty
    .send({ topic: options.topic, value: 'hasty' })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({
    kind: expect.stringMatching(/^(unavailable|indefinite)$/),
    isRetriable: true,
  });
  expect(counted('PutObject', 'reset')).toBeGreaterThan(refused);
  gateway.setRules(undefined);
  const { offset } = await waiting;
  const values = (await scanTopic(options, signal)).get(0)!.map(({ value }) => value);
  expect(values[offset]).toBe('patient');
  // Not known, so it may be there; but once.
  expect(values.toSorted()).toEqual(values.length === 1 ? ['patient'] : ['hasty', 'patient']);
});

test('I-08 I-12 an agent that dies between PUT and publish leaves an orphan that nobody sees', async ({
  signal,
}) => {
  const topic = 'orphan';
  await admin.createTopic({ name: topic, partitions: 1 });
  await until(async () => (await facts.holder(topic, 0)) !== undefined, signal);
  const id = (await facts.holder(topic, 0))!;
  await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
  await producer.send({ topic, value: 'first' });
  const before = await orphans();
  const landed = counted('PutObject', 'landedLate');
  let isHit = false;
  gateway.setRules(
    onObjects(({ operation }) => {
      if (operation !== 'PutObject' || isHit) return undefined;
      isHit = true;
      return { kind: 'lateLanding', landAfterMs: 0 };
    }),
  );
  const sending = producer.send({ topic, value: 'second' });
  await until(() => counted('PutObject', 'landedLate') > landed, signal);
  await killAndAwait(id, signal);
  expect(await sending).toMatchObject({ offset: 1 });
  const scan = await scanTopic({ bootstrap: cluster.bootstrap, topic, partitions: 1 }, signal);
  expect(scan.get(0)).toEqual([
    { offset: 0, value: 'first' },
    { offset: 1, value: 'second' },
  ]);
  const found = (await orphans()).filter((key) => !before.includes(key));
  expect(found).toHaveLength(1);
});

test('I-04 I-10 a zombie whose PUT landed while it was stopped publishes nothing when it goes on', async ({
  signal,
}) => {
  const options = { bootstrap: cluster.bootstrap, topic: 'zombie', partitions: PARTITIONS };
  await admin.createTopic({ name: options.topic, partitions: PARTITIONS });
  await using traffic = await startTraffic(options);
  await using follower = await startFollower(options);
  await until(() => traffic.acknowledged() > 500, signal);
  const id = (await facts.holder(options.topic, 0))!;
  const zombie = (await facts.incarnation(id))!;
  const { pid } = cluster.agents.find((agent) => agent.id === id)!;
  const held: string[] = [];
  gateway.setRules(
    onObjects(({ operation, key }) => {
      if (operation !== 'PutObject' || !key!.includes(`/${zombie}/`)) return undefined;
      held.push(key!);
      return { kind: 'latency', latencyMs: 1_000 };
    }),
  );
  await until(() => held.length > 0, signal);
  signalProcess(pid!, 'SIGSTOP');
  try {
    await until(async () => {
      const now = await facts.partitions(options.topic);
      return now.every(({ agentId }) => agentId !== undefined && agentId !== id);
    }, signal);
    const acknowledged = traffic.acknowledged();
    await until(() => traffic.acknowledged() > acknowledged + 500, signal);
    const stored = new Set(await orphans());
    expect(held.some((key) => stored.has(key))).toBe(true);
  } finally {
    signalProcess(pid!, 'SIGCONT');
  }
  await until(async () => ((await facts.incarnation(id)) ?? zombie) > zombie, signal);
  const published = await facts.objectKeys();
  expect(held.filter((key) => published.has(key))).toEqual([]);
  const sent = await traffic.stop();
  expect(traffic.errors).toEqual([]);
  const scan = await scanTopic(options, signal);
  await follower.untilRead(endsOf(scan), signal);
  expect(findAnomalies(sent, scan, [follower.scan])).toEqual([]);
});
