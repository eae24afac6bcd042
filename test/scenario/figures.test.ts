/** Figures have a source: what the API tells of a cluster of real processes is what was produced and read there. */
import { connectConsumer, connectProducer, type Producer } from '@streamhouse/client/mod.ts';
import { LIVE_EVENT } from '@streamhouse/api/live-schema.ts';
import { applyLive, LIVE_PATH, type LiveSnapshot, MONITORING_PATH } from '@streamhouse/api/live.ts';
import {
  type FiguresHistory,
  MONITORING,
  type MonitoringMetrics,
} from '@streamhouse/api/rest/metrics.ts';
import { pause } from '@streamhouse/standalone/process.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { type RestApi, startRestOf } from '../harness/rest.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** Records per second that are sent, each with a value of VALUE_BYTES. */
const RATE = 500;
const VALUE_BYTES = 100;
const BURST_MS = 20;
/** Share that a rate may be off: windows begin and end with flushes and with rows. */
const TOLERANCE = 0.15;

let cluster: Cluster;
let api: RestApi;
let producer: Producer;
let isSending = false;
let sent = 0;
let sending: Promise<void>;

beforeAll(async () => {
  cluster = await startCluster({ agents: 2, objects: 'directory' });
  api = await startRestOf(cluster);
  for (const name of ['busy', 'idle'])
    await api.call('POST /api/v1/topics', { body: { name, partitions: 4 } });
  // At the end there are no agents left to answer.
  producer = await connectProducer({ bootstrap: cluster.bootstrap, deliveryTimeoutMs: 10_000 });
  isSending = true;
  sending = send();
});

afterAll(async () => {
  isSending = false;
  await sending;
  await producer?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

/** At a steady rate by the clock, whatever a burst takes. */
async function send(): Promise<void> {
  const startMs = performance.now();
  const value = Buffer.alloc(VALUE_BYTES, 'x');
  while (isSending) {
    const due = ((performance.now() - startMs) / 1_000) * RATE;
    const burst: Promise<unknown>[] = [];
    for (; sent < due; sent++)
      burst.push(producer.send({ topic: 'busy', partition: sent % 4, value }));
    await Promise.allSettled(burst);
    await pause(BURST_MS, soon());
  }
}

function soon(): AbortSignal {
  return AbortSignal.timeout(60_000);
}

const monitoring = async () => (await api.call('GET /api/monitoring/metrics', {})).data;
const history = async (seconds: number): Promise<FiguresHistory> =>
  (await api.call('GET /api/v1/metrics/history', { query: { seconds } })).data;

function near(rate: number | null | undefined, expected: number): boolean {
  return rate != null && Math.abs(rate / expected - 1) <= TOLERANCE;
}

/** The figures as soon as they are so. */
async function whenSo(isSo: (now: MonitoringMetrics) => boolean): Promise<MonitoringMetrics> {
  let now = await monitoring();
  await until(async () => isSo((now = await monitoring())), soon());
  return now;
}

test('C-161, C-180..184: the rates told are those produced, in all and by topic, and what nobody did is told as zero', async () => {
  const { throughput, latency, topicStats, clusterHealth } = await whenSo((now) =>
    near(now.throughput.produceRate, RATE),
  );
  const rates = new Map(topicStats.map((topic) => [topic.name, topic]));
  expect(rates.get('busy')?.produceRate).toBe(throughput.produceRate);
  expect(rates.get('idle')).toMatchObject({ produceRate: 0, fetchRate: 0, totalMessages: 0 });
  // Values, and a little for each record and batch.
  expect(throughput.produceBytes).toBeGreaterThan(RATE * 5);
  expect(throughput.fetchRate).toBe(0);
  expect(latency.produceP50).toBeGreaterThan(0);
  expect(latency.produceP99).toBeGreaterThanOrEqual(latency.produceP50 ?? Number.NaN);
  expect(latency.produceP99).toBeLessThan(5);
  // Nobody reads yet: there is nothing to tell a latency of.
  expect(latency.fetchP50).toBeNull();
  expect(clusterHealth.activeConnections).toBeGreaterThanOrEqual(1);
  expect(clusterHealth.memoryUsageBytes).toBeGreaterThan(50e6);
});

test('what the history adds up to is what was produced meanwhile', async () => {
  const stored = async (): Promise<number> =>
    (await monitoring()).topicStats[0]?.totalMessages ?? 0;
  const [startMs, before] = [Date.now(), await stored()];
  await pause(10_000, soon());
  const [endMs, after] = [Date.now(), await stored()];
  const { timestamp, produceRate } = await history(60);
  let told = 0;
  for (const [index, at] of timestamp.entries()) {
    const previous = timestamp[index - 1] ?? at;
    if (at * 1_000 > startMs && at * 1_000 <= endMs) {
      expect(produceRate[index]).not.toBeNull();
      told += (produceRate[index] ?? 0) * (at - previous);
    }
  }
  // It begins and ends with a look, so up to one look is missing.
  const produced = after - before;
  expect(told / produced).toBeGreaterThan(1 - TOLERANCE - 2 / 10);
  expect(told / produced).toBeLessThan(1 + TOLERANCE + 2 / 10);
});

test('records that are read are counted as read, and each once', async () => {
  const consumer = await connectConsumer({ bootstrap: cluster.bootstrap });
  const partitions = [0, 1, 2, 3].map((partition) => ({ topic: 'busy', partition }));
  await consumer.assign(partitions);
  await consumer.seekToEnd(partitions);
  const reading = (async () => {
    for await (const _ of consumer.batches());
  })();
  const { throughput, latency, topicStats } = await whenSo((now) =>
    near(now.throughput.fetchRate, RATE),
  );
  expect(topicStats[0]?.fetchRate).toBe(throughput.fetchRate);
  expect(latency.fetchP99).toBeGreaterThan(0);
  await consumer.close();
  await reading;
});

function textOf(data: unknown): string {
  return typeof data === 'string' ? data : '';
}

test('C-185..187: both sockets tell the same as the API, as the document says', async () => {
  const { host } = new URL(api.url);
  const open = (path: string): WebSocket => new WebSocket(`ws://${host}${path}`);
  const frames: unknown[] = [];
  const socket = open(MONITORING_PATH);
  socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(textOf(data))));
  let state: LiveSnapshot | undefined;
  let events = 0;
  const live = open(LIVE_PATH);
  live.addEventListener('message', ({ data }) => {
    state = applyLive(state, LIVE_EVENT.parse(JSON.parse(textOf(data))));
    events += 1;
  });
  await until(() => {
    const last = frames.length < 3 ? undefined : MONITORING.parse(frames.at(-1));
    const isTold = events >= 3 && near(state?.topics[0]?.produceRate, RATE);
    return isTold && near(last?.throughput.produceRate, RATE);
  }, soon());
  for (const frame of frames) MONITORING.parse(frame);
  expect(state?.topics.map(({ name }) => name)).toEqual(['busy', 'idle']);
  expect(state?.agents.map((agent) => agent.status)).toEqual(['healthy', 'healthy']);
  socket.close();
  live.close();
});

test('an agent that is killed has no rate any more, and the next life begins at its own zero', async () => {
  const [victim] = cluster.agents;
  await whenSo((now) => near(now.throughput.produceRate, RATE));
  const agentOf = async () => {
    const { data } = await api.call('GET /api/v1/agents', {});
    return data.find((agent) => agent.agent_id === victim?.id);
  };
  const before = await agentOf();
  process.kill(victim?.pid ?? 0, 'SIGKILL');
  await until(async () => (await agentOf())?.started_at !== before?.started_at, soon());
  await pause(8_000, soon());
  await whenSo((now) => near(now.throughput.produceRate, RATE));
  const { timestamp, produceRate } = await history(30);
  // Neither the counts of the life before nor a fall below zero: nobody ever produced that much.
  for (const rate of produceRate) expect(rate ?? 0).toBeLessThan(RATE * 4);
  for (const rate of produceRate) expect(rate ?? 0).toBeGreaterThanOrEqual(0);
  expect(timestamp.length).toBeGreaterThan(10);
});

test('without agents there are no rates: what was told last is not told on', async () => {
  await api.call('GET /api/v1/metrics', {});
  isSending = false;
  await cluster.killAgents();
  await whenSo(
    ({ throughput, clusterHealth }) =>
      throughput.produceRate === null && clusterHealth.memoryUsageBytes === null,
  );
  const { data } = await api.call('GET /api/v1/metrics', {});
  expect(data).toMatchObject({ produce_rate: null, fetch_rate: null });
  // What is stored is known nevertheless.
  expect(data.total_messages).toBeGreaterThan(RATE);
});
