import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AgentPool, endOrphans } from './agents.ts';
import { isProcessAlive, pause, processStart, signalProcess } from './process.ts';
import { quietPort } from './ports.ts';
import {
  STAND_IN_AGENT,
  STAND_IN_FAULT,
  type StandInFault,
} from './testing/stand-in-agent.test-support.ts';
import { temporaryFolder } from './testing/temporary-folder.test-support.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let lines: string[];
let fenced: string[];
// Real processes: a busy machine may need long to start them. Read when the tests below are declared.
vi.setConfig({ testTimeout: 60_000 });

afterAll(() => {
  vi.resetConfig();
});
beforeEach(async () => {
  folder = await temporaryFolder();
  lines = [];
  fenced = [];
});
afterEach(() => folder[Symbol.asyncDispose]());

function pool(fault?: StandInFault, ports = { agentPort: 0, metricsPort: 0 }): AgentPool {
  const env = fault === undefined ? {} : { [STAND_IN_FAULT]: fault };
  return new AgentPool(
    {
      name: 'agent',
      folder: folder.path,
      program: STAND_IN_AGENT,
      ...ports,
      isAutoPort: false,
      env,
    },
    {
      log: (line) => lines.push(line),
      fence: (id) => {
        fenced.push(id);
        return Promise.resolve();
      },
    },
  );
}

async function until(condition: () => boolean, signal: AbortSignal): Promise<void> {
  while (!condition()) await pause(10, signal);
}

test('starts agents that are ready, each at its own place', async () => {
  const base = await quietPort('127.0.0.1');
  await using agents = pool(undefined, { agentPort: base, metricsPort: 0 });
  const views = await agents.add(3);
  expect(views.map(({ id, address }) => [id, address])).toEqual([
    ['agent-0', `127.0.0.1:${base}`],
    ['agent-1', `127.0.0.1:${base + 1}`],
    ['agent-2', `127.0.0.1:${base + 2}`],
  ]);
  for (const { metricsUrl } of views) expect((await fetch(metricsUrl)).status).toBe(200);
});

test('fences a killed agent before the next one starts in its place', async ({ signal }) => {
  await using agents = pool();
  const [before] = await agents.add(1);
  signalProcess(before!.pid!, 'SIGKILL');
  await until(() => lines.some((line) => line.includes('is ready again')), signal);
  const [after] = agents.agents;
  expect(fenced).toEqual(['agent-0']);
  expect(lines[0]).toMatch(
    `agent-0 (pid ${before?.pid}) ended with SIGKILL; the next one starts in 0.`,
  );
  expect(after).toMatchObject({ id: 'agent-0', address: before!.address });
  expect(after?.pid).not.toBe(before?.pid);
});

test('does not fence an agent that drained', async () => {
  await using agents = pool();
  const [agent] = await agents.add(2);
  await agents.remove('agent-0');
  expect(await isProcessAlive(agent!.pid!)).toBe(false);
  expect(fenced).toEqual([]);
  expect(agents.agents.map(({ id }) => id)).toEqual(['agent-1']);
  expect(await readdir(folder.path)).not.toContain('agent-0.json');
  await expect(agents.remove('agent-0')).rejects.toThrow('there is no agent agent-0');
});

test('gives the place of a removed agent to the next one', async () => {
  await using agents = pool();
  await agents.add(2);
  await agents.remove('agent-0');
  const [added] = await agents.add(1);
  expect(added?.id).toBe('agent-0');
});

test('fails with the end of the log when an agent ends before it is ready', async () => {
  await using agents = pool('dies-at-start');
  const failure = await agents.add(2).catch((error: Error) => error.message);
  expect(failure).toMatch(/agent-[01] \(pid \d+\) ended with exit code 2/);
  expect(failure).toContain('METADATA_STORE is not usable');
  expect(agents.agents).toEqual([]);
});

test('drains an agent that was suspended', async () => {
  await using agents = pool();
  const [agent] = await agents.add(1);
  signalProcess(agent!.pid!, 'SIGSTOP');
  await agents.remove('agent-0');
  expect(await isProcessAlive(agent!.pid!)).toBe(false);
});

test('can be hurried while an agent does not drain', async () => {
  const agents = pool('never-drains');
  const [agent] = await agents.add(1);
  const stopped = agents[Symbol.asyncDispose]();
  await agents.kill();
  await stopped;
  expect(await isProcessAlive(agent!.pid!)).toBe(false);
  expect(fenced).toEqual(['agent-0']);
});

test('ends what it started when the start is given up', async ({ signal }) => {
  await using agents = pool('never-ready');
  const giveUp = new AbortController();
  const adding = agents.add(2, giveUp.signal);
  const isBorn = (): boolean => agents.agents.every((agent) => agent.pid !== undefined);
  await until(() => agents.agents.length === 2 && isBorn(), signal);
  const pids = agents.agents.map((agent) => agent.pid!);
  giveUp.abort();
  await expect(adding).rejects.toThrow();
  expect(agents.agents).toEqual([]);
  for (const pid of pids) expect(await isProcessAlive(pid)).toBe(false);
});

test('starts nothing when the start is given up before it began', async () => {
  await using agents = pool('never-ready');
  const giveUp = new AbortController();
  const adding = agents.add(1, giveUp.signal);
  giveUp.abort();
  await expect(adding).rejects.toThrow();
  expect(agents.agents).toEqual([]);
});

test('agents end when the process that started them is killed', async ({ signal }) => {
  const script = `
    import { AgentPool } from ${JSON.stringify(new URL('./agents.ts', import.meta.url).href)};
    const settings = { name: 'agent', folder: ${JSON.stringify(folder.path)}, program: ${JSON.stringify(STAND_IN_AGENT)},
      agentPort: 0, metricsPort: 0, isAutoPort: false, env: {} };
    const pool = new AgentPool(settings, { log() {}, fence: async () => {} });
    console.log((await pool.add(1))[0].pid);`;
  const words = ['--input-type=module', '-e', script];
  const supervisor = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(supervisor.stdout, 'data')) as [Buffer];
  const pid = Number(said.toString());
  expect(await isProcessAlive(pid)).toBe(true);
  supervisor.kill('SIGKILL');
  await once(supervisor, 'exit');
  while (await isProcessAlive(pid)) await pause(10, signal);
});

test('ends agents of an earlier start that linger, and only those', async () => {
  await mkdir(folder.path, { recursive: true });
  const linger = () =>
    spawn('/bin/sh', ['-c', 'cat > /dev/null'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const [ours, stranger] = [linger(), linger()];
  const start = await processStart(ours.pid!);
  await writeFile(join(folder.path, 'agent-0.json'), JSON.stringify({ pid: ours.pid, start }));
  await writeFile(
    join(folder.path, 'agent-1.json'),
    JSON.stringify({ pid: stranger.pid, start: 'earlier' }),
  );
  await writeFile(join(folder.path, 'agent-2.json'), '');
  const ids = await endOrphans(folder.path, (line) => lines.push(line));
  expect(ids.toSorted()).toEqual(['agent-0', 'agent-1', 'agent-2']);
  expect(await isProcessAlive(ours.pid!)).toBe(false);
  expect(await isProcessAlive(stranger.pid!)).toBe(true);
  expect(await readdir(folder.path)).toEqual([]);
  stranger.stdin.end();
  await once(stranger, 'exit');
});
