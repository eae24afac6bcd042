/**
 * I-42: what is written to the object store and to Postgres grows with agents and bytes, not with partitions. Counted here
 * for 2 and 200 partitions; the bench measures 10 and 10,000 against the clock.
 */
import { type Admin, connectAdmin, connectProducer } from '@streamhouse/client/mod.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { Facts } from '../harness/facts.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const ROUNDS = 20;
const RECORDS = 200;

let cluster: Cluster;
let admin: Admin;

beforeAll(async () => {
  cluster = await startCluster({ agents: 1, objects: 'directory' });
  admin = await connectAdmin({ bootstrap: cluster.bootstrap });
});

afterAll(async () => {
  await admin?.close();
  await cluster?.[Symbol.asyncDispose]();
});

/** The agent's counters as of now. */
async function counters(): Promise<{ puts: number; publishes: number; records: number }> {
  const text = await (await fetch(cluster.agents[0]!.metricsUrl)).text();
  const value = (name: string): number =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  return {
    puts: value('streamhouse_objects_puts_total'),
    publishes: value('streamhouse_metadata_publishes_total'),
    records: value('streamhouse_log_records_total'),
  };
}

/** Writes the same number of records, each round over all partitions; resolves with what that cost. */
async function cost(
  partitions: number,
  signal: AbortSignal,
): Promise<{ puts: number; publishes: number }> {
  const topic = `over-${partitions}`;
  await admin.createTopic({ name: topic, partitions });
  await using facts = new Facts(cluster.postgres.url);
  await until(async () => {
    const places = await facts.partitions(topic);
    return places.every(({ agentId }) => agentId !== undefined);
  }, signal);
  await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
  const round = Array.from({ length: RECORDS }, (_, index) => ({
    partition: index % partitions,
    value: 'x'.repeat(100),
  }));
  await producer.sendBatch(topic, round);
  const before = await counters();
  for (let count = 0; count < ROUNDS; count++) await producer.sendBatch(topic, round);
  const after = await counters();
  expect(after.records - before.records).toBe(ROUNDS * RECORDS);
  return { puts: after.puts - before.puts, publishes: after.publishes - before.publishes };
}

test('I-42 the same records over 2 and over 200 partitions cost as many PUTs and publishes', async ({
  signal,
}) => {
  const few = await cost(2, signal);
  const many = await cost(200, signal);
  // Whether a round's batches make one object, two or three depends on how they arrive: not on how many they are.
  for (const { puts, publishes } of [few, many]) {
    expect(publishes).toBe(puts);
    expect(puts).toBeGreaterThanOrEqual(ROUNDS);
    expect(puts).toBeLessThanOrEqual(3 * ROUNDS);
  }
});
