/**
 * The 200,000 flights through a group of three processes, while members and agents are killed: each is handled at least
 * once (I-26), and exactly once where the offset is stored with the result.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signalProcess } from '@streamhouse/standalone/process.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Facts } from '../harness/facts.ts';
import { until } from '../harness/until.ts';
import { type GroupStage, openGroupStage } from './groups/stage.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const FLIGHTS = join(
  import.meta.dirname,
  '../../node_modules/vega-datasets/data/flights-200k.json',
);
const MEMBER = new URL('groups/flight-main.ts', import.meta.url).pathname;
const PARTITIONS = 6;
const MEMBERS = 3;
const SESSION_MS = 3_000;
/** Flights that are sent between two kills. */
const PART = 25_000;

interface Flight {
  readonly distance: number;
}

/** A flight as it was handled. */
interface Handled {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

let stage: GroupStage;
let facts: Facts;
let database: TestDatabase;
let flights: readonly Flight[];

beforeAll(async () => {
  stage = await openGroupStage();
  facts = new Facts(stage.cluster.postgres.url);
  database = await createTestDatabase('empty');
  await database.sql(`
    CREATE TABLE positions (partition int PRIMARY KEY, next bigint NOT NULL DEFAULT 0);
    CREATE TABLE results (partition int NOT NULL, place bigint NOT NULL, value text NOT NULL);
    CREATE FUNCTION position_of(part int) RETURNS bigint LANGUAGE sql AS $$
      INSERT INTO positions VALUES (part) ON CONFLICT DO NOTHING;
      SELECT next FROM positions WHERE partition = part;
    $$;
    CREATE FUNCTION store_flights(part int, places bigint[], texts text[]) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      stored bigint;
    BEGIN
      SELECT next INTO stored FROM positions WHERE partition = part FOR UPDATE;
      INSERT INTO results SELECT part, r.place, r.value FROM unnest(places, texts) r (place, value) WHERE r.place >= stored;
      UPDATE positions SET next = greatest(stored, places[cardinality(places)] + 1) WHERE partition = part;
    END $$;`);
  flights = JSON.parse(await readFile(FLIGHTS, 'utf8')) as Flight[];
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await facts?.[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

/** Three processes; one that is killed has a successor at once. */
class Members implements AsyncDisposable {
  readonly #words: readonly string[];
  readonly #processes: ChildProcess[];

  constructor(topic: string, sink: string) {
    const bootstrap = stage.cluster.bootstrap.join();
    this.#words = [MEMBER, bootstrap, topic, topic, String(SESSION_MS), sink];
    this.#processes = Array.from({ length: MEMBERS }, () => this.#start());
  }

  async kill(place: number): Promise<void> {
    await this.#end(place);
    this.#processes[place] = this.#start();
  }

  /** One stands still in the middle of its work until the others have done it, and then goes on. */
  async pause(place: number, isDone: Promise<void>): Promise<void> {
    const pid = this.#processes[place]!.pid!;
    signalProcess(pid, 'SIGSTOP');
    await isDone.finally(() => signalProcess(pid, 'SIGCONT'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((_, place) => this.#end(place)));
  }

  #start(): ChildProcess {
    return spawn(process.execPath, [...this.#words], { stdio: ['ignore', 'inherit', 'inherit'] });
  }

  async #end(place: number): Promise<void> {
    const child = this.#processes[place]!;
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`a member has ended with ${child.exitCode ?? child.signalCode}`);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
}

async function killCoordinator(groupId: string): Promise<void> {
  const { coordinator } = await stage.admin.describeGroup(groupId);
  killAgent(coordinator);
}

function killAgent(id: string | undefined): void {
  const agent = stage.cluster.agents.find((each) => each.id === id);
  signalProcess(agent!.pid!, 'SIGKILL');
}

/** Sends all flights, a part after the other, and kills someone in the middle of the work on each. */
async function sendAmidKills(
  topic: string,
  members: Members,
  handled: () => Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  const untilHandled = (count: number): Promise<void> =>
    until(async () => (await handled()) >= count, signal);
  const kills = [
    () => members.kill(0),
    () => killCoordinator(topic),
    () => members.kill(1),
    async () => killAgent(await facts.holder(topic, 0)),
    () => Promise.all([members.kill(2), killCoordinator(topic)]),
    () => members.pause(0, untilHandled(6 * PART)),
  ];
  for (let start = 0; start < flights.length; start += PART) {
    const records = flights
      .slice(start, start + PART)
      .map((flight) => ({ key: String(flight.distance), value: JSON.stringify(flight) }));
    await stage.producer.sendBatch(topic, records);
    await untilHandled(start + 1);
    await kills[start / PART]?.();
  }
  await untilHandled(flights.length);
}

/** Each key's flights are those of the file, in their order. */
function expectFlights(handled: readonly Handled[]): void {
  const inOrder = handled.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
  const back = inOrder.map(({ value }) => JSON.parse(value) as Flight);
  const byKey = (records: readonly Flight[]): Map<number, Flight[]> =>
    Map.groupBy(records, ({ distance }) => distance);
  expect(byKey(back)).toEqual(byKey(flights));
}

test('I-26: each of 200,000 flights is handled at least once, though members and agents are killed', async ({
  signal,
}) => {
  const topic = 'flights-at-least-once';
  await stage.admin.createTopic({ name: topic, partitions: PARTITIONS });
  const sink = join(stage.cluster.home, topic);
  await writeFile(sink, '');
  {
    await using members = new Members(topic, sink);
    const committed = async (): Promise<number> =>
      Object.values(await stage.committed(topic)).reduce((sum, offset) => sum + offset, 0);
    await sendAmidKills(topic, members, committed, signal);
  }
  const handled = new Map<string, Handled>();
  for (const line of (await readFile(sink, 'utf8')).trimEnd().split('\n')) {
    const [partition = '', offset = ''] = line.split(' ', 2);
    const value = line.slice(partition.length + offset.length + 2);
    // A process that is killed leaves its last line half written, and has not committed it.
    if (!value.endsWith('}')) continue;
    handled.set(`${partition}/${offset}`, {
      partition: Number(partition),
      offset: Number(offset),
      value,
    });
  }
  expectFlights([...handled.values()]);
});

test('with the offset in one transaction with the result each of them is handled exactly once', async ({
  signal,
}) => {
  const topic = 'flights-exactly-once';
  await stage.admin.createTopic({ name: topic, partitions: PARTITIONS });
  {
    await using members = new Members(topic, database.url);
    const stored = async (): Promise<number> => {
      const [row] = await database.sql<{ count: string }>('SELECT count(*) FROM results');
      return Number(row?.count);
    };
    await sendAmidKills(topic, members, stored, signal);
  }
  const results = await database.sql<{ partition: number; place: string; value: string }>(
    'SELECT partition, place, value FROM results',
  );
  expect(results).toHaveLength(flights.length);
  expectFlights(
    results.map(({ partition, place, value }) => ({ partition, offset: Number(place), value })),
  );
});
