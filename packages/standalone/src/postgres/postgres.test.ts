import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { openPgMetadata } from '@streamhouse/store/metadata/pg/metadata.ts';
import { migrate } from '@streamhouse/store/metadata/pg/migrate.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { openHome } from '../home.ts';
import { isProcessAlive, pause, signalProcess } from '../process.ts';
import { POSTGRES_SUPERVISOR } from '../testing/abandoned-postgres.test-support.ts';
import { temporaryFolder } from '../testing/temporary-folder.test-support.ts';
import { postgresAccount } from './account.ts';
import { type Postgres, startPostgres } from './postgres.ts';

type Folder = Awaited<ReturnType<typeof temporaryFolder>>;

// One home for all tests that need no first start, because that is what takes time.
let shared: Folder;
let fresh: Folder;
let lines: string[];
// Real processes and a first initdb: a busy machine may need long for them. Read when the tests below are declared.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  shared = await temporaryFolder();
});
afterAll(async () => {
  vi.resetConfig();
  await shared[Symbol.asyncDispose]();
});
beforeEach(async () => {
  fresh = await temporaryFolder();
  lines = [];
});
afterEach(() => fresh[Symbol.asyncDispose]());

/** Home and Postgres as one thing to dispose. */
async function start(folder: Folder = shared): Promise<Postgres> {
  await using parts = new AsyncDisposableStack();
  const home = parts.use(await openHome(folder.path));
  const settings = { fsync: 'off' };
  const postgres = parts.use(
    await startPostgres({ home, settings, log: (line) => lines.push(line) }),
  );
  const started = parts.move();
  return new Proxy(postgres, {
    get: (target, name) =>
      name === Symbol.asyncDispose
        ? () => started.disposeAsync()
        : Reflect.get(target, name, target),
  });
}

async function until(
  condition: () => boolean | Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  while (!(await condition())) await pause(10, signal);
}

/** The id that the migration made: another one would mean another database. */
async function clusterId(url: string, signal: AbortSignal): Promise<string> {
  await using metadata = await openPgMetadata({
    url,
    applicationName: 'test',
    clock: systemClock,
    random: Math.random,
    onError: () => undefined,
  });
  return await metadata.clusterId(signal);
}

async function startAndKillSupervisor(): Promise<{ pid: number; port: number }> {
  const child = spawn(process.execPath, [POSTGRES_SUPERVISOR, shared.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGKILL');
  await once(child, 'exit');
  const [pid, port] = said.toString().trim().split(' ').map(Number);
  return { pid: pid!, port: port! };
}

test('serves on the loopback address alone and asks for the password', async ({ signal }) => {
  await using postgres = await start();
  await migrate(postgres.url, signal);
  expect(await clusterId(postgres.url, signal)).not.toBe('');
  const wrong = postgres.url.replace(/:[^:@]+@/, ':guess@');
  await expect(migrate(wrong, signal)).rejects.toThrow(/password|authentication/i);
  expect((await stat(join(postgres.folder, 'password'))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(postgres.folder, 'data', 'postgresql.conf'), 'utf8')).toContain(
    "listen_addresses = '127.0.0.1'",
  );
});

test('comes back on the same port with its data when it is killed', async ({ signal }) => {
  await using postgres = await start();
  await migrate(postgres.url, signal);
  const before = await clusterId(postgres.url, signal);
  const { pid, port } = postgres;
  signalProcess(pid, 'SIGKILL');
  await until(() => postgres.pid !== pid, signal);
  expect(postgres.port).toBe(port);
  expect(await clusterId(postgres.url, signal)).toBe(before);
  expect(lines.at(-1)).toMatch(
    `Postgres (pid ${pid}) died; restarted as pid ${postgres.pid} on port ${port}`,
  );
});

test('stops with its supervisor and remembers the port for the next start', async () => {
  const first = await start();
  const { pid, port } = first;
  await first[Symbol.asyncDispose]();
  expect(await isProcessAlive(pid)).toBe(false);
  await using second = await start();
  expect(second.port).toBe(port);
});

test('takes another port when the remembered one is taken', async () => {
  const first = await start();
  const { port } = first;
  await first[Symbol.asyncDispose]();
  await using squatter = createServer().listen(port, '127.0.0.1');
  await once(squatter, 'listening');
  await using second = await start();
  expect(second.port).not.toBe(port);
});

test('is adopted from a supervisor that was killed, and supervised again', async ({ signal }) => {
  const orphan = await startAndKillSupervisor();
  expect(await isProcessAlive(orphan.pid)).toBe(true);
  await using postgres = await start();
  expect(postgres).toMatchObject(orphan);
  expect(lines).toEqual([`adopted the running Postgres (pid ${orphan.pid})`]);
  signalProcess(orphan.pid, 'SIGKILL');
  await until(() => postgres.pid !== orphan.pid, signal);
  expect(postgres.port).toBe(orphan.port);
  // Nobody may have collected the zombie of the orphan yet; that must not hold up the next one.
  expect(lines.at(-1)).toMatch(/restarted as pid \d+ on port \d+ in \d{1,3} ms/);
});

test('does not take another process for its own, nor end it', async () => {
  const first = await start();
  const data = join(first.folder, 'data');
  await first[Symbol.asyncDispose]();
  // Of the account that Postgres runs as: it would take the file for that of a live postmaster.
  const stranger = spawn('/bin/sh', ['-c', 'cat > /dev/null'], {
    ...(await postgresAccount()),
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const file = [stranger.pid, data, 0, 1, '', '127.0.0.1', '', 'ready', ''].join('\n');
  await writeFile(join(data, 'postmaster.pid'), file);
  await using postgres = await start();
  expect(postgres.pid).not.toBe(stranger.pid);
  expect(await isProcessAlive(stranger.pid!)).toBe(true);
  stranger.stdin.end();
  await once(stranger, 'exit');
});

test('makes the database anew when the first attempt was cut off in the middle', async () => {
  const halfMade = join(fresh.path, 'postgres', 'initdb-cut-off', 'data');
  await mkdir(halfMade, { recursive: true });
  await writeFile(join(halfMade, 'PG_VERSION'), '18\n');
  await using postgres = await start(fresh);
  expect(await readdir(postgres.folder)).not.toContain('initdb-cut-off');
  expect(lines).toEqual([`making a new database in ${join(postgres.folder, 'data')}`]);
});

test('leaves no data directory behind when the first start is given up', async () => {
  await using home = await openHome(fresh.path);
  const giveUp = new AbortController();
  const starting = startPostgres({ home, signal: giveUp.signal, log: () => undefined });
  const drafts = join(fresh.path, 'postgres');
  const isInitializing = async (): Promise<boolean> =>
    (await readdir(drafts).catch(() => [])).some((name) => name.startsWith('initdb-'));
  await until(isInitializing, AbortSignal.timeout(5_000));
  giveUp.abort();
  await expect(starting).rejects.toThrow();
  await expect(access(join(drafts, 'data'))).rejects.toThrow('ENOENT');
});

test('has a process group of its own, so that Ctrl-C in the terminal does not reach it', async () => {
  await using postgres = await start();
  expect(signalProcess(-postgres.pid, 'SIGCONT')).toBe(true);
});

test('closes the connections of clients that stay when it stops', async () => {
  const postgres = await start();
  const client = connect(postgres.port, '127.0.0.1');
  await once(client, 'connect');
  const closed = once(client, 'close');
  await postgres[Symbol.asyncDispose]();
  await expect(closed).resolves.toBeDefined();
});

test('keeps programs that every account can run', async () => {
  await using postgres = await start();
  const binaries = (await readdir(postgres.folder)).find((name) => name.startsWith('binaries-'));
  const initdb = await stat(join(postgres.folder, binaries!, 'bin', 'initdb'));
  expect(initdb.mode & 0o555).toBe(0o555);
  expect(dirname(postgres.folder)).toBe(shared.path);
});
