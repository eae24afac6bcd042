/** However the harness ends, nothing that it started lives on, and what was written so far is kept. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../harness/until.ts';

const PROGRAM = join(import.meta.dirname, 'main.ts');
const TEST_MS = 600_000;

interface Harness {
  readonly pid: number;
  /** What it told so far. */
  readonly told: string;
  readonly exit: Promise<unknown[]>;
  /** Listens no more, as a terminal that is closed. */
  hangUp(): void;
  /** Folder of its cluster, and of its run; undefined until it tells. */
  readonly home: string | undefined;
  readonly folder: string | undefined;
  /** What it started and what they started, as far as it is there, with the state that the kernel tells. */
  processes(): Promise<readonly { readonly pid: string; readonly state: string }[]>;
}

function startHarness(words: readonly string[]): Harness {
  const mark = randomUUID();
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    env: { ...process.env, CHAOS_MARK: mark },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let told = '';
  child.stderr.on('data', (chunk) => {
    told += String(chunk);
  });
  return {
    pid: child.pid!,
    exit: once(child, 'exit'),
    hangUp: () => void child.stderr.destroy(),
    get told() {
      return told;
    },
    get home() {
      return /making a new database in (\S+)\/postgres\/data/.exec(told)?.[1];
    },
    get folder() {
      return /seed \d+: (\S+)/.exec(told)?.[1];
    },
    processes() {
      return processesOf([mark, this.home ?? mark]);
    },
  };
}

/** Those with one of the marks in their command line, environment or working directory. */
async function processesOf(marks: readonly string[]): Promise<{ pid: string; state: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid) => {
    const [command, environment, folder, stat] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => ''),
      readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
      readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''),
    ]);
    const text = `${command} ${environment} ${folder}`;
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    return marks.some((mark) => text.includes(mark)) && state !== 'Z' ? [{ pid, state }] : [];
  });
  return (await Promise.all(found)).flat();
}

async function isPaused(harness: Harness): Promise<boolean> {
  return (await harness.processes()).some(({ state }) => state === 'T');
}

const PAUSES = ['--faults', 'pause', '--minutes', '0.5'];
const READS = ['--faults', 's3-503', '--minutes', '0.34'];

test.for<[by: NodeJS.Signals, when: string, words: readonly string[], (one: Harness) => unknown]>([
  ['SIGINT', 'Postgres starts', PAUSES, ({ home }) => home !== undefined],
  ['SIGHUP', 'agents start', PAUSES, async (one) => (await one.processes()).length > 8],
  ['SIGTERM', 'an agent is paused', PAUSES, isPaused],
  ['SIGINT', 'all is read at the end', READS, ({ told }) => told.includes('final')],
])(
  '%s while %s ends every process, keeps the history and exits with 4',
  { timeout: TEST_MS },
  async ([by, , words, isDue], { signal }) => {
    const harness = startHarness(words);
    await until(async () => (await isDue(harness)) === true, signal);
    if (by === 'SIGHUP') harness.hangUp();
    process.kill(harness.pid, by);
    // As those do who signal a process group whose leader passes signals on.
    process.kill(harness.pid, by);
    expect(await harness.exit).toEqual([4, null]);
    if (by !== 'SIGHUP') expect(harness.told).toContain(`ended by ${by}`);
    await until(async () => (await harness.processes()).length === 0, signal);
    await expect(readdir(harness.home!)).rejects.toMatchObject({ code: 'ENOENT' });
    const kept = await readdir(harness.folder!);
    expect(kept.filter((name) => name.endsWith('.ndjson'))).toEqual(
      harness.told.includes('warmup') ? ['history.ndjson'] : [],
    );
  },
);

test('SIGKILL while an agent is paused ends every process too, a little later', {
  timeout: TEST_MS,
}, async ({ signal }) => {
  const harness = startHarness(PAUSES);
  await until(() => isPaused(harness), signal);
  process.kill(harness.pid, 'SIGKILL');
  await until(async () => (await harness.processes()).length === 0, signal);
  await expect(readdir(harness.home!)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await readdir(harness.folder!)).toContain('part-supervisor.ndjson');
});
