/**
 * What agents do to one another: kills, pauses, rolling restarts and scaling, while producers write with several batches in
 * flight and a consumer reads along. Nothing is lost, doubled or reordered, and a zombie changes nothing.
 */
import { type Admin, connectAdmin } from '@streamhouse/client/mod.ts';
import { signalProcess } from '@streamhouse/standalone/process.ts';
import { objectsFolder } from '@streamhouse/standalone/settings.ts';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { findAnomalies } from '../harness/anomalies.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { Facts } from '../harness/facts.ts';
import {
  endsOf,
  type Follower,
  scanTopic,
  startFollower,
  startTraffic,
  type Traffic,
} from '../harness/traffic.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PARTITIONS = 6;

let cluster: Cluster;
let facts: Facts;
let admin: Admin;

beforeAll(async () => {
  cluster = await startCluster({ agents: 3, objects: 'directory' });
  facts = new Facts(cluster.postgres.url);
  admin = await connectAdmin({ bootstrap: cluster.bootstrap });
});

afterAll(async () => {
  await admin?.close();
  await facts?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

// I-03, I-05: whatever a test did, the whole log is contiguous and all of it is there.
afterEach(async () => {
  expect(await facts.audit(objectsFolder(cluster.home))).toEqual([]);
});

interface Load extends AsyncDisposable {
  readonly traffic: Traffic;
  readonly follower: Follower;
}

/** A topic with producers and a reader at work. */
async function startLoad(on: Cluster, topic: string, signal: AbortSignal): Promise<Load> {
  await using parts = new AsyncDisposableStack();
  const options = { bootstrap: on.bootstrap, topic, partitions: PARTITIONS };
  const traffic = parts.use(await startTraffic(options));
  const follower = parts.use(await startFollower(options));
  await untilEachGrows(traffic, signal);
  const owned = parts.move();
  return { traffic, follower, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Every partition acknowledges more: nothing is stuck. */
async function untilEachGrows(traffic: Traffic, signal: AbortSignal): Promise<void> {
  const before = Array.from({ length: PARTITIONS }, (_, partition) =>
    traffic.acknowledged(partition),
  );
  await until(
    () => before.every((count, partition) => traffic.acknowledged(partition) > count),
    signal,
  );
}

/** Ends the load and judges it: what was sent, what the reader saw, and what two later readers see. */
async function expectNoAnomaly(
  on: Cluster,
  topic: string,
  { traffic, follower }: Load,
  signal: AbortSignal,
): Promise<void> {
  const sent = await traffic.stop();
  expect(traffic.errors).toEqual([]);
  const options = { bootstrap: on.bootstrap, topic, partitions: PARTITIONS };
  const scan = await scanTopic(options, signal);
  await follower.untilRead(endsOf(scan), signal);
  const again = await scanTopic({ ...options, bootstrap: on.bootstrap.toReversed() }, signal);
  expect(findAnomalies(sent, scan, [follower.scan, again])).toEqual([]);
}

function agentOf(id: string | undefined): Cluster['agents'][number] {
  return cluster.agents.find((agent) => agent.id === id)!;
}

/** Counts the lives of an agent that became ready after the first one. */
function revivals(id: string): number {
  return cluster.lines.filter((line) => line.startsWith(`${id} is ready again`)).length;
}

test('I-12 I-13 a killed holder loses, doubles and reorders nothing of five batches in flight', async ({
  signal,
}) => {
  const topic = 'killed';
  await admin.createTopic({ name: topic, partitions: PARTITIONS });
  await using load = await startLoad(cluster, topic, signal);
  for (let round = 0; round < 2; round++) {
    const id = (await facts.holder(topic, round))!;
    const lives = revivals(id);
    signalProcess(agentOf(id).pid!, 'SIGKILL');
    await until(() => revivals(id) > lives, signal);
    await untilEachGrows(load.traffic, signal);
  }
  await expectNoAnomaly(cluster, topic, load, signal);
});

test('I-02 I-04 I-05 I-06 a holder that was stopped past its session changes nothing when it goes on, and serves again as another incarnation', async ({
  signal,
}) => {
  const topic = 'stopped';
  await admin.createTopic({ name: topic, partitions: PARTITIONS });
  await using load = await startLoad(cluster, topic, signal);
  const id = (await facts.holder(topic, 0))!;
  const zombie = (await facts.incarnation(id))!;
  const before = await facts.partitions(topic);
  const { pid } = agentOf(id);
  signalProcess(pid!, 'SIGSTOP');
  try {
    await until(async () => {
      const now = await facts.partitions(topic);
      return now.every(({ agentId }) => agentId !== undefined && agentId !== id);
    }, signal);
    const taken = await facts.partitions(topic);
    for (const [index, { epoch, agentId }] of before.entries()) {
      if (agentId === id) expect(taken[index]!.epoch).toBeGreaterThan(epoch);
    }
    await untilEachGrows(load.traffic, signal);
  } finally {
    signalProcess(pid!, 'SIGCONT');
  }
  await until(async () => (await facts.incarnation(id)) !== undefined, signal);
  expect(await facts.incarnation(id)).toBeGreaterThan(zombie);
  // Alive and not restarted: it is the same process that found out.
  expect(agentOf(id).pid).toBe(pid);
  await until(async () => {
    const now = await facts.partitions(topic);
    return now.some(({ agentId }) => agentId === id);
  }, signal);
  await untilEachGrows(load.traffic, signal);
  await expectNoAnomaly(cluster, topic, load, signal);
});

test('I-31 I-16 a rolling restart of all agents costs no error and no gap', async ({ signal }) => {
  const topic = 'rolling';
  await admin.createTopic({ name: topic, partitions: PARTITIONS });
  await using load = await startLoad(cluster, topic, signal);
  for (const { id, pid } of cluster.agents) {
    const lives = revivals(id);
    signalProcess(pid!, 'SIGTERM');
    await until(() => revivals(id) > lives, signal);
    await untilEachGrows(load.traffic, signal);
  }
  await expectNoAnomaly(cluster, topic, load, signal);
});

test('I-31 I-16 scaling from one agent to three and back costs no error and no gap', async ({
  signal,
}) => {
  await using small = await startCluster({ agents: 1, objects: 'directory' });
  await using own = new Facts(small.postgres.url);
  await using client = await connectAdmin({ bootstrap: small.bootstrap });
  const topic = 'scaled';
  await client.createTopic({ name: topic, partitions: PARTITIONS });
  await using load = await startLoad(small, topic, signal);
  for (let count = 1; count < 3; count++) await small.addAgent();
  const holders = async (): Promise<Set<string | undefined>> =>
    new Set((await own.partitions(topic)).map(({ agentId }) => agentId));
  await until(async () => (await holders()).size === 3, signal);
  await untilEachGrows(load.traffic, signal);
  // The first one too: none of them is special.
  for (const { id } of small.agents.slice(0, 2)) {
    await small.removeAgent(id);
    await untilEachGrows(load.traffic, signal);
  }
  expect([...(await holders())]).toEqual([small.agents[0]!.id]);
  await expectNoAnomaly(small, topic, load, signal);
  expect(await own.audit(objectsFolder(small.home))).toEqual([]);
});
