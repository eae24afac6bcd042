import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { isProcessAlive, pause } from '@streamhouse/standalone/process.ts';
import { type TemporaryHome, temporaryHome } from '../harness/guard.ts';

// Several first starts: a busy machine may need long for them.
vi.setConfig({ testTimeout: 120_000 });

const MAIN = createRequire(import.meta.url).resolve('@streamhouse/standalone/main.ts');

// The guard looks for what a failed test left running.
let folder: TemporaryHome;
beforeAll(async () => {
  folder = await temporaryHome();
});
afterAll(() => folder[Symbol.asyncDispose]());

interface ReadyFile {
  readonly pid: number;
  readonly agents: readonly { readonly pid: number; readonly metricsUrl: string }[];
  readonly postgres: { readonly pid: number };
  readonly api: { readonly url: string };
}

const RESOURCES = '/apis/streamhouse.io/v1alpha1/namespaces/default';

interface Shown {
  readonly status?: {
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly conditions?: readonly object[];
  };
}

async function getJson(url: string): Promise<Shown> {
  return (await (await fetch(url)).json()) as Shown;
}

async function patch(url: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/merge-patch+json' };
  const response = await fetch(url, { method: 'PATCH', headers, body: JSON.stringify(body) });
  expect(response.status).toBe(200);
}

function start(...words: string[]) {
  const home = ['--home', folder.path];
  const ports = ['--agent-port', '0', '--metrics-port', '0', '--api-port', '0'];
  const child = spawn(process.execPath, [MAIN, ...home, '--agents', '1', ...ports, ...words], {
    env: { PATH: process.env['PATH'] },
  });
  const output = text(child.stdout);
  const complaint = text(child.stderr);
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, ended, output, complaint };
}

async function startReady(name: string, signal: AbortSignal) {
  const file = join(folder.path, name);
  const program = start('--ready-file', file);
  const isWritten = () =>
    access(file).then(
      () => true,
      () => false,
    );
  while (program.child.exitCode === null && !(await isWritten())) await pause(20, signal);
  const facts = JSON.parse(await readFile(file, 'utf8')) as ReadyFile;
  return { ...program, facts };
}

async function untilSaid(child: ChildProcess, words: string, signal: AbortSignal): Promise<void> {
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  while (!said.includes(words)) await pause(1, signal);
}

test('runs real agents, survives kill -9 with nothing left behind, and stops in order', async ({
  signal,
}) => {
  const first = await startReady('first.json', signal);
  expect(first.facts.pid).toBe(first.child.pid);
  const metrics = await (await fetch(first.facts.agents[0]!.metricsUrl)).text();
  expect(metrics).toContain('streamhouse_');
  const refused = start();
  expect(await refused.ended).toBe(1);
  expect(await refused.complaint).toContain(
    `another StreamHouse (pid ${first.child.pid}) is using`,
  );

  first.child.kill('SIGKILL');
  await first.ended;
  const second = await startReady('second.json', signal);
  expect(second.facts.postgres.pid).toBe(first.facts.postgres.pid);
  expect(await isProcessAlive(first.facts.agents[0]!.pid)).toBe(false);

  second.child.kill('SIGINT');
  expect(await second.ended).toBe(0);
  const told = (await second.output).split('\n').map((line) => line.replace(/^ *[\d.]+ s {2}/, ''));
  expect(told.filter((line) => line !== '').slice(-3)).toEqual([
    'SIGINT: stopping; once more to stop without draining',
    'draining the agents',
    'stopped',
  ]);
  expect(await isProcessAlive(second.facts.agents[0]!.pid)).toBe(false);
  expect(await isProcessAlive(second.facts.postgres.pid)).toBe(false);
});

test('does not wait for the agents after a second signal', async ({ signal }) => {
  const program = await startReady('forced.json', signal);
  const [agent] = program.facts.agents;
  program.child.kill('SIGTERM');
  await untilSaid(program.child, 'once more to stop without draining', signal);
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(143);
  expect(await program.output).toContain('not waiting for the agents');
  expect(await isProcessAlive(agent!.pid)).toBe(false);
  expect(await isProcessAlive(program.facts.postgres.pid)).toBe(false);
});

test('tells all faults of the command line and ends with 2', async () => {
  const program = start('--agents', '0', '--nonsense');
  expect(await program.ended).toBe(2);
  expect(await program.complaint).toContain('--nonsense is not an option; see --help\n');
  expect(await program.complaint).toContain(
    '--agents must be a whole number from 1 to 32, got "0"',
  );
});

test('reconciles manifests, and what is done to its resources survives a restart', async ({
  signal,
}) => {
  const first = await startReady('resources.json', signal);
  const pool = `${RESOURCES}/agentpools/default`;
  const { api } = first.facts;
  // The sample is a topic of real agents by the time that all is ready.
  const topic = await getJson(`${api.url}${RESOURCES}/topics/orders`);
  expect(topic.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'Ready', status: 'True' }),
  );
  await patch(`${api.url}${pool}/scale`, { spec: { replicas: 2 } });
  const isScaled = async (count: number): Promise<boolean> => {
    const { status } = await getJson(`${api.url}${pool}`);
    return status?.readyReplicas === count && status.replicas === count;
  };
  while (!(await isScaled(2))) await pause(50, signal);
  await patch(`${api.url}${pool}/scale`, { spec: { replicas: 1 } });
  while (!(await isScaled(1))) await pause(50, signal);
  await fetch(`${api.url}${RESOURCES}/topics/orders`, { method: 'DELETE', signal });
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  expect(await first.output).toContain('agent-1 has drained and ended');

  const second = await startReady('again.json', signal);
  const gone = await fetch(`${second.facts.api.url}${RESOURCES}/topics/orders`);
  expect(gone.status).toBe(404);
  second.child.kill('SIGTERM');
  expect(await second.ended).toBe(0);
});
