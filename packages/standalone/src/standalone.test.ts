import { once } from 'node:events';
import { readFile, stat, truncate } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { standaloneComponents } from './components.ts';
import { readyScreen } from './console.ts';
import { quietPort } from './ports.ts';
import { isProcessAlive } from './process.ts';
import { SAMPLES, type StandaloneSettings } from './settings.ts';
import { type Standalone, type StandaloneComponents, startStandalone } from './standalone.ts';
import { STAND_IN_AGENT, STAND_IN_FAULT } from './testing/stand-in-agent.test-support.ts';
import { temporaryFolder } from './testing/temporary-folder.test-support.ts';

// One home for all, used by one test after the other: a first start takes longer than all the rest.
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let lines: string[];
let components: StandaloneComponents;
// Real processes and a first initdb: a busy machine may need long for them. Read when the tests below are declared.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(async () => {
  vi.resetConfig();
  await folder[Symbol.asyncDispose]();
});
beforeEach(() => {
  lines = [];
  components = {
    ...standaloneComponents((line) => lines.push(line)),
    agentProgram: STAND_IN_AGENT,
  };
});

function settings(changes: Partial<StandaloneSettings> = {}): StandaloneSettings {
  return {
    home: join(folder.path, 'home'),
    agentCount: 1,
    agentPort: 0,
    metricsPort: 0,
    isAutoPort: false,
    postgresUrl: undefined,
    objects: { kind: 'directory' },
    readyFile: undefined,
    agentEnv: {},
    resources: undefined,
    ...changes,
  };
}

async function environmentOf(standalone: Standalone): Promise<Record<string, string>> {
  const response = await fetch(standalone.agents[0]!.metricsUrl);
  return (await response.json()) as Record<string, string>;
}

test('tells other programs where all is, once it is ready', async () => {
  const readyFile = join(folder.path, 'ready.json');
  await using standalone = await startStandalone(
    settings({ readyFile, agentCount: 2 }),
    components,
  );
  const facts = JSON.parse(await readFile(readyFile, 'utf8')) as Record<string, unknown>;
  expect(facts).toEqual({
    pid: process.pid,
    home: standalone.home,
    bootstrap: standalone.agents.map((agent) => agent.address),
    agents: standalone.agents,
    postgres: standalone.postgres,
    api: standalone.api,
  });
  expect((await stat(readyFile)).mode & 0o777).toBe(0o600);
});

test('shows what runs where and the next commands, but no password', async () => {
  await using standalone = await startStandalone(settings(), components);
  const screen = readyScreen(settings(), standalone);
  const [agent] = standalone.agents;
  expect(screen).toContain(`agent-0    ${agent!.address}   pid ${agent!.pid}`);
  expect(screen).toContain(`npx streamhouse produce orders --bootstrap ${agent!.address}`);
  const { password } = new URL(standalone.postgres.url);
  expect(password).not.toBe('');
  expect(screen + lines.join()).not.toContain(password);
});

test('refuses a second start on the same home with the pid of the first', async () => {
  await using _standalone = await startStandalone(settings(), components);
  await expect(startStandalone(settings(), components)).rejects.toThrow(
    `another StreamHouse (pid ${process.pid}) is using ${join(folder.path, 'home')}`,
  );
});

test('drains the agents while Postgres still serves, then stops Postgres', async () => {
  const standalone = await startStandalone(settings(), components);
  const { pid } = standalone.postgres;
  const { logFile } = standalone.agents[0]!;
  await truncate(logFile);
  await standalone[Symbol.asyncDispose]();
  expect(await readFile(logFile, 'utf8')).toBe('drained while Postgres served\n');
  expect(await isProcessAlive(pid!)).toBe(false);
});

test('leaves nothing running when an agent cannot start', async () => {
  const agentEnv = { [STAND_IN_FAULT]: 'dies-at-start' };
  const starting = startStandalone(settings({ agentEnv }), components);
  await expect(starting).rejects.toThrow('METADATA_STORE is not usable');
  const pid = Number(/Postgres serves on .* \(pid (\d+)\)/.exec(lines.join('\n'))?.[1]);
  expect(await isProcessAlive(pid)).toBe(false);
});

test('adds and removes agents of a running cluster', async () => {
  await using standalone = await startStandalone(settings(), components);
  const added = await standalone.addAgent();
  expect(standalone.agents.map(({ id }) => id)).toEqual(['agent-0', 'agent-1']);
  await standalone.removeAgent('agent-0');
  expect(standalone.agents).toEqual([added]);
});

test('tells agents of the directory in the home, and passes their own variables on', async () => {
  const agentEnv = { LOG_LEVEL: 'debug', METADATA_STORE_FILE: '/elsewhere', AGENT_ID: 'mine' };
  await using standalone = await startStandalone(settings({ agentEnv }), components);
  const env = await environmentOf(standalone);
  expect(env).toMatchObject({
    LOG_LEVEL: 'debug',
    AGENT_ID: 'agent-0',
    METADATA_STORE: standalone.postgres.url,
    STREAMHOUSE_OBJECTS_DIR: join(standalone.home, 'objects'),
    EXIT_ON_STDIN_CLOSE: '1',
  });
  expect(env).not.toHaveProperty('METADATA_STORE_FILE');
});

test('tells agents of the S3 service instead when there is one', async () => {
  const agentEnv = { STREAMHOUSE_OBJECTS_DIR: '/elsewhere', AWS_ACCESS_KEY_ID: 'key' };
  const objects = { kind: 's3', url: 'http://127.0.0.1:9000', bucket: 'b' } as const;
  await using standalone = await startStandalone(settings({ agentEnv, objects }), components);
  const env = await environmentOf(standalone);
  expect(env).toMatchObject({
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9000',
    STREAMHOUSE_BUCKET: 'b',
    AWS_ACCESS_KEY_ID: 'key',
  });
  expect(env).not.toHaveProperty('STREAMHOUSE_OBJECTS_DIR');
});

test('names the port of the API that is taken, or takes the next one', async () => {
  const squatter = createServer();
  const apiPort = await quietPort('127.0.0.1');
  squatter.listen(apiPort, '127.0.0.1');
  await once(squatter, 'listening');
  const resources = { apiPort, manifests: SAMPLES };
  await expect(startStandalone(settings({ resources }), components)).rejects.toThrow(
    `port ${apiPort} for the API (--api-port) is taken`,
  );
  const moved = settings({ resources, isAutoPort: true });
  await using standalone = await startStandalone(moved, components);
  squatter.close();
  const url = new URL(standalone.api!.url);
  expect(Number(url.port)).toBeGreaterThan(apiPort);
  const screen = readyScreen(moved, standalone);
  expect(screen).toContain(`api        ${standalone.api?.url}`);
  expect(screen).toContain(`npx streamhouse get topics --server ${standalone.api?.url}`);
  expect(standalone.agents.map(({ id }) => id)).toEqual(['agent-0']);
  const topics = await fetch(new URL('/api/v1/topics', url));
  expect(await topics.json()).toMatchObject([
    { name: 'orders', owner: { kind: 'kubernetes', namespace: 'default', name: 'orders' } },
  ]);
  expect((await fetch(new URL('/apis/streamhouse.io/v1alpha1/topics', url))).status).toBe(200);
  await expect(standalone.addAgent()).rejects.toThrow('scale one of them');
});
