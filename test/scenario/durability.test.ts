/** What is acknowledged outlives every process, and Postgres that is gone costs time, not records. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  type Admin,
  connectAdmin,
  connectConsumer,
  connectProducer,
  type RecordMetadata,
  type StreamError,
} from '@streamhouse/client/mod.ts';
import { signalProcess, waitForExit } from '@streamhouse/standalone/process.ts';
import { objectsFolder } from '@streamhouse/standalone/settings.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { findAnomalies } from '../harness/anomalies.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { Facts } from '../harness/facts.ts';
import { temporaryHome } from '../harness/guard.ts';
import { pausePostgres } from '../harness/postgres-pause.ts';
import { scanTopic, startTraffic } from '../harness/traffic.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MAIN = createRequire(import.meta.url).resolve('@streamhouse/standalone/main.ts');
const PARTITIONS = 4;

/** What a started program has written to its ready file. */
interface Running {
  readonly pid: number;
  readonly bootstrap: readonly string[];
  readonly agents: readonly { readonly pid: number }[];
  readonly postgres: { readonly url: string; readonly pid: number };
}

/** `npm start` on a home, as a process of its own. */
async function startProgram(home: string, name: string, signal: AbortSignal): Promise<Running> {
  const file = join(home, name);
  const ports = ['--agent-port', '0', '--metrics-port', '0', '--ready-file', file];
  const child = spawn(process.execPath, [MAIN, '--home', home, '--agents', '2', ...ports], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const complaint = text(child.stderr);
  void once(child, 'exit');
  await until(async () => {
    if (child.exitCode !== null) throw new Error(await complaint);
    return await access(file).then(
      () => true,
      () => false,
    );
  }, signal);
  return JSON.parse(await readFile(file, 'utf8')) as Running;
}

test('I-01 nothing acknowledged is lost when everything is killed at once, and a new start goes on', async ({
  signal,
}) => {
  await using folder = await temporaryHome();
  const topic = 'all-killed';
  const first = await startProgram(folder.path, 'first.json', signal);
  {
    await using admin = await connectAdmin({ bootstrap: first.bootstrap });
    await admin.createTopic({ name: topic, partitions: PARTITIONS });
  }
  const options = { bootstrap: first.bootstrap, topic, partitions: PARTITIONS };
  await using traffic = await startTraffic({
    ...options,
    settings: { requestTimeoutMs: 1_000, deliveryTimeoutMs: 2_000 },
  });
  await until(() => traffic.acknowledged() > 2_000, signal);
  const pids = [first.pid, first.postgres.pid, ...first.agents.map(({ pid }) => pid)];
  for (const pid of pids) signalProcess(pid, 'SIGKILL');
  for (const pid of pids) expect(await waitForExit(pid, 10_000)).toBe(true);
  const sent = await traffic.stop();

  const second = await startProgram(folder.path, 'second.json', signal);
  try {
    const there = { ...options, bootstrap: second.bootstrap };
    expect(findAnomalies(sent, await scanTopic(there, signal))).toEqual([]);
    await using more = await startTraffic({ ...there, topic: await another(second.bootstrap) });
    await until(() => more.acknowledged() > 100, signal);
    await using facts = new Facts(second.postgres.url);
    await more.stop();
    expect(await facts.audit(objectsFolder(folder.path))).toEqual([]);
  } finally {
    signalProcess(second.pid, 'SIGTERM');
    expect(await waitForExit(second.pid, 30_000)).toBe(true);
  }
});

async function another(bootstrap: readonly string[]): Promise<string> {
  await using admin = await connectAdmin({ bootstrap });
  return (await admin.createTopic({ name: 'after', partitions: PARTITIONS })).name;
}

describe('Postgres', () => {
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

  test('I-09 I-12 that ends every connection again and again costs neither a record nor a duplicate', async ({
    signal,
  }) => {
    const options = { bootstrap: cluster.bootstrap, topic: 'terminated', partitions: PARTITIONS };
    await admin.createTopic({ name: options.topic, partitions: PARTITIONS });
    await using traffic = await startTraffic(options);
    for (let round = 0; round < 20; round++) {
      const before = traffic.acknowledged();
      await until(() => traffic.acknowledged() > before + 50, signal);
      await until(async () => (await facts.terminateAgentConnections()) > 0, signal);
    }
    const sent = await traffic.stop();
    expect(traffic.errors).toEqual([]);
    expect(findAnomalies(sent, await scanTopic(options, signal))).toEqual([]);
    expect(await facts.audit(objectsFolder(cluster.home))).toEqual([]);
  });

  test('I-01 I-09 that is killed again and again loses nothing', async ({ signal }) => {
    const options = { bootstrap: cluster.bootstrap, topic: 'crashed', partitions: PARTITIONS };
    await admin.createTopic({ name: options.topic, partitions: PARTITIONS });
    await using traffic = await startTraffic(options);
    for (let round = 0; round < 3; round++) {
      const before = traffic.acknowledged();
      await until(() => traffic.acknowledged() > before + 500, signal);
      const { pid } = cluster.postgres;
      signalProcess(pid!, 'SIGKILL');
      await until(() => cluster.lines.some((line) => line.includes(`(pid ${pid}) died`)), signal);
    }
    const sent = await traffic.stop();
    expect(traffic.errors).toEqual([]);
    expect(findAnomalies(sent, await scanTopic(options, signal))).toEqual([]);
    expect(await facts.audit(objectsFolder(cluster.home))).toEqual([]);
  });

  test('I-40 I-11 that hangs acknowledges nothing, leaves cached data readable, and is used again soon', async ({
    signal,
  }) => {
    const topic = 'hung';
    const { bootstrap } = cluster;
    await admin.createTopic({ name: topic, partitions: 1 });
    await using patient = await connectProducer({ bootstrap });
    const hasty = await connectProducer({
      bootstrap,
      requestTimeoutMs: 1_000,
      deliveryTimeoutMs: 2_000,
    });
    await using consumer = await connectConsumer({ bootstrap });
    for (const producer of [patient, hasty]) await producer.send({ topic, value: 'before' });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const outcomes: unknown[] = [];
    let waiting: Promise<RecordMetadata>;
    let resumedMs: number;
    let failure: StreamError | undefined;
    {
      await using _pause = await pausePostgres(cluster.postgres.pid!);
      waiting = patient.send({ topic, value: 'patient' });
      void waiting.then((metadata) => outcomes.push(metadata));
      failure = await hasty.send({ topic, value: 'hasty' }).then(
        () => undefined,
        (error: StreamError) => error,
      );
      expect(failure).toMatchObject({
        kind: expect.stringMatching(/^(unavailable|indefinite)$/),
        isRetriable: true,
      });
      // It has lost its place in the sequence, and there is nobody to give it another one: it closes all the same.
      await expect(hasty.send({ topic, value: 'after' })).rejects.toMatchObject({
        kind: 'unavailable',
      });
      await hasty.close();
      // Longer than a session: everybody has stopped admitting by now, and still answers readers.
      const agent = cluster.agents[0]!;
      await until(async () => !(await fetch(readyUrl(agent))).ok, signal);
      for (let round = 0; round < 3; round++) {
        consumer.seek({ topic, partition: 0 }, 0);
        const records = await consumer.poll(5_000);
        expect(records.map(({ offset }) => offset)).toEqual([0, 1]);
      }
      expect(outcomes).toEqual([]);
      resumedMs = performance.now();
    }
    await waiting;
    // The target is 2 s; what it takes is measured by the bench, on a machine that does nothing else.
    expect(performance.now() - resumedMs).toBeLessThan(10_000);
    const scan = await scanTopic({ bootstrap, topic, partitions: 1 }, signal);
    const values = scan.get(0)!.map(({ value }) => value);
    expect(values.filter((value) => value !== 'hasty')).toEqual(['before', 'before', 'patient']);
    // I-11: it may be there now if that was not known, and only then; and once.
    const copies = values.filter((value) => value === 'hasty').length;
    expect(copies).toBeLessThanOrEqual(failure?.kind === 'indefinite' ? 1 : 0);
  });
});

function readyUrl({ metricsUrl }: Cluster['agents'][number]): string {
  return metricsUrl.replace('/metrics', '/ready');
}
