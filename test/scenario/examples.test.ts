/** The programs of docs/examples do what they say, as processes of their own against a cluster. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type Admin, connectAdmin } from '@streamhouse/client/mod.ts';
import { signalProcess } from '@streamhouse/standalone/process.ts';
import { Database } from '@streamhouse/store/metadata/pg/database.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const EXAMPLES = join(import.meta.dirname, '../../docs/examples');

let cluster: Cluster;
let admin: Admin;
const parts = new AsyncDisposableStack();
beforeAll(async () => {
  cluster = parts.use(await startCluster({ agents: 3, objects: 'directory' }));
  admin = parts.use(await connectAdmin({ bootstrap: cluster.bootstrap }));
});
afterAll(() => parts.disposeAsync());

class Example implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #errors: Promise<string>;
  readonly #closed: Promise<unknown>;
  /** What it has printed. */
  output = '';

  constructor(file: string, words: readonly string[]) {
    this.#child = spawn(process.execPath, [join(EXAMPLES, file), ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.#errors = text(this.#child.stderr);
    this.#closed = once(this.#child, 'close');
  }

  kill(signal: 'SIGINT' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** What it said of its failure, and its exit code. */
  async end(): Promise<{ readonly exitCode: number | null; readonly errors: string }> {
    await this.#closed;
    return { exitCode: this.#child.exitCode, errors: await this.#errors };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL');
    await this.#closed;
  }
}

function start(file: string, ...words: string[]): Example {
  return new Example(file, [cluster.bootstrap.join(), ...words]);
}

/** What an example has printed that ends by itself. */
async function finished(example: Example): Promise<string> {
  expect(await example.end()).toEqual({ exitCode: 0, errors: '' });
  return example.output;
}

/** The same of one that Ctrl-C ends. */
async function stopped(example: Example): Promise<string> {
  example.kill('SIGINT');
  return await finished(example);
}

/** What stands before these words in the last line that has them; 0 while there is none. */
function last(words: string, { output }: Example): number {
  const counts = [...output.matchAll(new RegExp(`(\\d+) ${words}`, 'g'))];
  return Number(counts.at(-1)?.[1] ?? 0);
}

/** How many records produce.ts has written so far, run once more. */
async function produce(): Promise<number> {
  await finished(start('produce.ts'));
  const { partitionDescriptions } = await admin.describeTopic('readings');
  return partitionDescriptions.reduce((sum, { highWatermark }) => sum + highWatermark, 0);
}

test('every example says how it is started', () => {
  const programs = globSync('*.ts', { cwd: EXAMPLES }).filter((file) => file !== 'ensure-topic.ts');
  expect(programs).toHaveLength(5);
  for (const file of programs) {
    const source = readFileSync(join(EXAMPLES, file), 'utf8');
    expect(source).toContain(`node hack/launch.mjs docs/examples/${file} [BOOTSTRAP]`);
  }
});

test('produce.ts shows how fast 100,000 records are acknowledged', async () => {
  const lines = (await finished(start('produce.ts'))).trimEnd().split('\n');
  expect(lines).toHaveLength(10);
  expect(lines.at(-1)).toMatch(/^100000 records acknowledged, [1-9]\d+ records\/s$/);
});

test('consume.ts goes on where it was, and two share what there is', async ({ signal }) => {
  const records = await produce();
  await using one = start('consume.ts');
  await until(() => last('records committed', one) > 0, signal);
  await stopped(one);
  await using two = start('consume.ts');
  await using three = start('consume.ts');
  const total = (): number =>
    [one, two, three].reduce((sum, each) => sum + last('records committed', each), 0);
  await until(() => total() >= records, signal);
  await Promise.all([stopped(two), stopped(three)]);
  expect(total()).toBe(records);
});

test('rebalance.ts shows who owns what as members come and go', async () => {
  const output = await finished(start('rebalance.ts'));
  const phases = output.split(/^\w.* (?:joins|join|leaves)\n/m).slice(1);
  const owners = phases.map((phase) =>
    [...phase.matchAll(/^(\w+) owns ([\d ]+)$/gm)].map(([, name, numbers = '']) => ({
      name,
      numbers: numbers.split(' '),
    })),
  );
  expect(owners.map((phase) => phase.map(({ name, numbers }) => [name, numbers.length]))).toEqual([
    [['Ada', 6]],
    [
      ['Ada', 2],
      ['Bo', 2],
      ['Cy', 2],
    ],
    [
      ['Ada', 3],
      ['Cy', 3],
    ],
  ]);
  for (const phase of owners)
    expect(phase.flatMap(({ numbers }) => numbers).toSorted()).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
  expect(output).not.toContain('has lost');
});

test('failover.ts goes on while an agent is killed', async ({ signal }) => {
  await using example = start('failover.ts');
  await until(() => last('consumed', example) > 0, signal);
  const pid = cluster.agents[0]?.pid;
  expect(pid).toBeDefined();
  signalProcess(pid!, 'SIGKILL');
  await until(() => cluster.agents[0]?.pid !== pid, signal);
  const before = last('consumed', example);
  await until(() => last('consumed', example) >= before + 200, signal);
  const output = await stopped(example);
  const summary = /^(\d+) acknowledged, (\d+) consumed, 0 of them twice$/m.exec(output);
  expect(summary?.[1]).toBe(summary?.[2]);
});

test('exactly-once.ts counts each record once, whoever is killed or paused', async ({ signal }) => {
  const { url } = cluster.postgres;
  await using database = new Database({
    url,
    applicationName: 'test',
    size: 1,
    onError: () => undefined,
  });
  const counted = async (): Promise<number> => {
    const text = 'SELECT coalesce(sum(readings), 0)::int AS sum FROM sensors';
    const [row] = await database.read<{ sum: number }>({ name: 'sum', text }, [], signal);
    return row!.sum;
  };
  const owned = async (): Promise<string> => {
    const groups = await admin.listGroups();
    if (!groups.some(({ groupId }) => groupId === 'sensor-counts')) return '';
    const { memberDescriptions } = await admin.describeGroup('sensor-counts');
    return memberDescriptions.map(({ partitions }) => partitions.length).join();
  };
  // So many that both are in the middle of them.
  await produce();
  const records = await produce();
  await using killed = start('exactly-once.ts', url);
  await using paused = start('exactly-once.ts', url);
  await until(() => paused.output !== '', signal);
  paused.kill('SIGSTOP');
  killed.kill('SIGKILL');
  await using heir = start('exactly-once.ts', url);
  await until(async () => (await owned()) === '6', signal);
  paused.kill('SIGCONT');
  await until(async () => (await counted()) >= records, signal);
  await Promise.all([stopped(paused), stopped(heir)]);
  const distinct = { name: 'distinct', text: 'SELECT DISTINCT readings::int FROM sensors' };
  expect(await database.read(distinct, [], signal)).toEqual([{ readings: records / 1_000 }]);
  await using again = start('exactly-once.ts', url);
  const more = await produce();
  await until(async () => (await counted()) === more, signal);
  const given = (await stopped(again)).matchAll(/: (\d+) records$/gm);
  expect(Array.from(given, ([, count]) => Number(count)).reduce((a, b) => a + b)).toBe(
    more - records,
  );
});
