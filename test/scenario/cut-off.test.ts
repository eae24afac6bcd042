/**
 * An agent that loses Postgres and nothing else: it still answers clients, but what it knows grows old. They must find the
 * agents that took its partitions, and must not be told that records which it has not heard of do not exist.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { connectAdmin, connectConsumer } from '@streamhouse/client/mod.ts';
import { AgentProcess } from '@streamhouse/standalone/agent-process.ts';
import { quietPort } from '@streamhouse/standalone/ports.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { openProxy, type Proxy } from '@streamhouse/store/metadata/pg/proxy.test-support.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { findAnomalies } from '../harness/anomalies.ts';
import { Facts } from '../harness/facts.ts';
import { type TemporaryHome, temporaryHome } from '../harness/guard.ts';
import { endsOf, scanTopic, startFollower, startTraffic } from '../harness/traffic.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PARTITIONS = 2;
const HOST = '127.0.0.1';

let folder: TemporaryHome;
let database: TestDatabase;
let proxy: Proxy;
let facts: Facts;
let lonely: AgentProcess;
let other: AgentProcess;

beforeAll(async () => {
  folder = await temporaryHome();
  database = await createTestDatabase();
  proxy = await openProxy(database.url);
  facts = new Facts(database.url);
  // The first one to register is the one that clients ask first.
  lonely = await startAgent('lonely', proxy.url);
  await lonely.ready();
  other = await startAgent('other', database.url);
  await other.ready();
});

afterAll(async () => {
  await Promise.all([lonely?.stop(), other?.stop()]);
  await facts?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function startAgent(id: string, metadataUrl: string): Promise<AgentProcess> {
  const [address, metricsPort] = [`${HOST}:${await quietPort(HOST)}`, await quietPort(HOST)];
  const env = {
    METADATA_STORE: metadataUrl,
    STREAMHOUSE_OBJECTS_DIR: join(folder.path, 'objects'),
    AGENT_ID: id,
    AGENT_ADDRESS: address,
    AGENT_ADVERTISED_ADDRESS: address,
    METRICS_PORT: String(metricsPort),
    EXIT_ON_STDIN_CLOSE: '1',
    LOG_LEVEL: 'warn',
  };
  const program = createRequire(import.meta.url).resolve('@streamhouse/agent/main.ts');
  const httpUrl = `http://${HOST}:${metricsPort}`;
  return new AgentProcess(
    { id, address, httpUrl, env, folder: folder.path, program },
    { log: () => undefined, fence: async () => undefined },
  );
}

test('I-01 I-16 clients leave an agent that is cut off from Postgres alone, and it tells them nothing that is old', async ({
  signal,
}) => {
  const topic = 'cut-off';
  // They know that agent only, so it is the one that they ask.
  const options = { bootstrap: [lonely.place.address], topic, partitions: PARTITIONS };
  await using admin = await connectAdmin(options);
  await admin.createTopic({ name: topic, partitions: PARTITIONS });
  await using traffic = await startTraffic(options);
  await using follower = await startFollower(options);
  await until(async () => {
    const holders = (await facts.partitions(topic)).map(({ agentId }) => agentId);
    return new Set(holders).size === 2 && holders.every((holder) => holder !== undefined);
  }, signal);
  const [partition] = (await facts.partitions(topic)).filter(({ agentId }) => agentId === 'lonely');
  const place = { topic, partition: partition!.partition };
  const grows = async (): Promise<void> => {
    const before = traffic.acknowledged(place.partition);
    await until(() => traffic.acknowledged(place.partition) > before, signal);
  };
  await grows();

  proxy.cut();
  await until(async () => {
    const now = await facts.partitions(topic);
    return now.every(({ agentId }) => agentId === 'other');
  }, signal);
  await grows();
  await grows();
  // Past all that the lonely one knows, by way of it: it must lead on, not back to where it thinks the end is.
  const { nextOffset } = (await facts.partitions(topic))[place.partition]!;
  await using late = await connectConsumer({ ...options, autoOffsetReset: 'none' });
  await late.assign([{ ...place, offset: nextOffset }]);
  const [first] = await late.poll(30_000, { signal });
  expect(first).toMatchObject({ offset: nextOffset });

  proxy.mend();
  await until(async () => (await facts.incarnation('lonely')) !== undefined, signal);
  await grows();
  const sent = await traffic.stop();
  expect(traffic.errors).toEqual([]);
  const scan = await scanTopic(options, signal);
  await follower.untilRead(endsOf(scan), signal);
  expect(findAnomalies(sent, scan, [follower.scan])).toEqual([]);
  expect(await facts.audit(join(folder.path, 'objects'))).toEqual([]);
});
