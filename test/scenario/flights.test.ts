/**
 * Real input through the command line: the 200,000 flights come out as they went in, as a multiset and in order per key,
 * also when the holding agent and Postgres are killed in the middle.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signalProcess } from '@streamhouse/standalone/process.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { runCommand, startCommand } from '../harness/command.ts';
import { Facts } from '../harness/facts.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const FLIGHTS = join(
  import.meta.dirname,
  '../../node_modules/vega-datasets/data/flights-200k.json',
);
const PARTITIONS = 6;

interface Flight {
  readonly distance: number;
}

let cluster: Cluster;
let facts: Facts;
let json: string;
let flights: readonly Flight[];

beforeAll(async () => {
  cluster = await startCluster({ agents: 3, objects: 'directory' });
  facts = new Facts(cluster.postgres.url);
  json = await readFile(FLIGHTS, 'utf8');
  flights = JSON.parse(json) as Flight[];
});

afterAll(async () => {
  await facts?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

async function createTopic(topic: string): Promise<void> {
  const partitions = String(PARTITIONS);
  await runCommand(cluster.bootstrap, 'topics', 'create', topic, '--partitions', partitions);
}

/** What is in the topic equals the file: each key's flights are the same ones, in the same order. */
async function expectFlights(topic: string): Promise<void> {
  const args = ['consume', topic, '--from', 'earliest', '--json'];
  const lines = (await runCommand(cluster.bootstrap, ...args)).trimEnd().split('\n');
  expect(lines).toHaveLength(flights.length);
  const back = lines.map((line) => JSON.parse(line) as Flight);
  const byKey = (records: readonly Flight[]): Map<number, Flight[]> =>
    Map.groupBy(records, ({ distance }) => distance);
  expect(byKey(back)).toEqual(byKey(flights));
  expect(await facts.audit()).toEqual([]);
}

test('I-01 200,000 flights come out as they went in, in order per key', async () => {
  await createTopic('flights');
  const input = ['--file', FLIGHTS, '--json', '--key-field', 'distance'];
  const report = await runCommand(
    cluster.bootstrap,
    ...['produce', 'flights', ...input, '--output', 'json'],
  );
  expect(JSON.parse(report)).toMatchObject({ acknowledged: 200_000, failed: 0, unknown: 0 });
  await expectFlights('flights');
});

test('I-01 I-12 I-13 they do so when the holder and Postgres are killed in the middle', async ({
  signal,
}) => {
  const topic = 'flights-killed';
  await createTopic(topic);
  // By standard input, so that there is a middle: the second half is given once the kill was felt.
  const args = ['produce', topic, '--json', '--key-field', 'distance', '--output', 'json'];
  const { child, ended } = startCommand(cluster.bootstrap, ...args);
  child.stdin.write(json.slice(0, json.length / 2));
  await until(async () => {
    const partitions = await facts.partitions(topic);
    return partitions.every(({ nextOffset }) => nextOffset > 0);
  }, signal);
  const holder = await facts.holder(topic, 0);
  const agent = cluster.agents.find(({ id }) => id === holder);
  const postgres = cluster.postgres.pid!;
  signalProcess(agent!.pid!, 'SIGKILL');
  signalProcess(postgres, 'SIGKILL');
  await until(() => cluster.lines.some((line) => line.includes(`(pid ${postgres}) died`)), signal);
  child.stdin.end(json.slice(json.length / 2));
  const { exitCode, stdout, stderr } = await ended;
  expect(stderr).not.toMatch(/^streamhouse:/m);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ acknowledged: 200_000, failed: 0, unknown: 0 });
  expect(
    cluster.lines.filter((line) => line.includes(`${agent!.pid}) ended with SIGKILL`)),
  ).toHaveLength(1);
  await expectFlights(topic);
});
