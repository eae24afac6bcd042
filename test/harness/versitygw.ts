/**
 * A real S3 server for tests, where Go is: versitygw, built once into `.cache/` of the project. It does not sync, so it
 * is no place for what must outlast a power cut.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const VERSION = 'v1.8.0';
const BUILD_MS_MAX = 8 * 60_000;
const START_MS_MAX = 20_000;
const POLL_MS = 100;

const cache = join(import.meta.dirname, '../../.cache/versitygw');
const binary = join(cache, `versitygw-${VERSION}`);
const lock = join(cache, `building-${VERSION}`);

/** Where the server's program is, or why there is none. */
export type VersityGw = { readonly path: string } | { readonly reason: string };

/** Finds the program or builds it; processes that ask at the same time build it once. */
export async function findVersityGw(): Promise<VersityGw> {
  if (await isThere(binary)) return { path: binary };
  await mkdir(cache, { recursive: true });
  const deadline = AbortSignal.timeout(BUILD_MS_MAX);
  while (!(await takeLock())) {
    if (deadline.aborted)
      return { reason: `another process did not build it within ${BUILD_MS_MAX / 60_000} minutes` };
    await sleep(POLL_MS);
  }
  try {
    if (await isThere(binary)) return { path: binary };
    console.error(
      `Building versitygw ${VERSION} for tests against a real S3 server (once, about two minutes)`,
    );
    return await build(deadline);
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

export interface VersityGwServer extends AsyncDisposable {
  readonly url: string;
}

export interface VersityGwOptions {
  readonly path: string;
  /** Directory with one directory for each bucket. */
  readonly root: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

// Ends the server with the test process, however that dies: its end closes the standard input.
const RUN = `
"$@" < /dev/null > /dev/null 2>&1 &
cat > /dev/null
kill -KILL $!
`;

export async function startVersityGw(options: VersityGwOptions): Promise<VersityGwServer> {
  const { path, root, accessKeyId, secretAccessKey } = options;
  const address = `127.0.0.1:${await freePort()}`;
  const flags = [
    '--port',
    address,
    '--access',
    accessKeyId,
    '--secret',
    secretAccessKey,
    'posix',
    root,
  ];
  const child = spawn('/bin/sh', ['-c', RUN, 'versitygw', path, ...flags], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(child, 'exit');
  const server: VersityGwServer = {
    url: `http://${address}`,
    async [Symbol.asyncDispose](): Promise<void> {
      child.stdin.end();
      await ended;
    },
  };
  const deadline = AbortSignal.timeout(START_MS_MAX);
  while (!(await answers(server.url))) {
    if (!deadline.aborted) {
      await sleep(POLL_MS);
      continue;
    }
    await server[Symbol.asyncDispose]();
    throw new Error(`versitygw did not answer at ${server.url} within ${START_MS_MAX} ms`);
  }
  return server;
}

async function build(signal: AbortSignal): Promise<VersityGw> {
  const directory = await mkdtemp(join(cache, 'build-'));
  try {
    const args = ['install', `github.com/versity/versitygw/cmd/versitygw@${VERSION}`];
    const env = { ...process.env, GOBIN: directory };
    const go = spawn('go', args, {
      cwd: directory,
      env,
      signal,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (go.pid !== undefined) setPriority(go.pid, constants.priority.PRIORITY_LOW);
    let complaint = '';
    go.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-300);
    });
    const [code] = (await once(go, 'close')) as [number | null];
    if (code !== 0) return { reason: `go install failed: ${complaint.trim().split('\n').at(-1)}` };
    await rename(join(directory, 'versitygw'), binary);
    return { path: binary };
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing) return { reason: 'Go is not installed' };
    return {
      reason: signal.aborted
        ? `it was not built within ${BUILD_MS_MAX / 60_000} minutes`
        : String(error),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** False while another process builds. A lock older than a build may take is of a process that died. */
async function takeLock(): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch {
    const ageMs = await stat(lock).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (ageMs > BUILD_MS_MAX) await rm(lock, { recursive: true, force: true });
    return false;
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
