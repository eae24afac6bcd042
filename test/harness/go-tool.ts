/** Programs of others that tests use where Go is: built once into `.cache/` of the project. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BUILD_MS_MAX = 8 * 60_000;
const POLL_MS = 100;

export interface GoModule {
  /** Of the program. */
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** What it is built for, for whoever waits. */
  readonly purpose: string;
}

/** Where the program is, or why there is none. */
export type GoTool = { readonly path: string } | { readonly reason: string };

/** Finds the program or builds it; processes that ask at the same time build it once. */
export async function findGoTool(tool: GoModule): Promise<GoTool> {
  const cache = join(import.meta.dirname, '../../.cache', tool.name);
  const binary = join(cache, `${tool.name}-${tool.version}`);
  const lock = join(cache, `building-${tool.version}`);
  if (await isThere(binary)) return { path: binary };
  await mkdir(cache, { recursive: true });
  const deadline = AbortSignal.timeout(BUILD_MS_MAX);
  while (!(await takeLock(lock))) {
    if (deadline.aborted)
      return { reason: `another process did not build it within ${BUILD_MS_MAX / 60_000} minutes` };
    await sleep(POLL_MS);
  }
  try {
    if (await isThere(binary)) return { path: binary };
    console.error(
      `Building ${tool.name} ${tool.version} for ${tool.purpose} (once, a few minutes)`,
    );
    return await build(tool, cache, binary, deadline);
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function build(
  tool: GoModule,
  cache: string,
  binary: string,
  signal: AbortSignal,
): Promise<GoTool> {
  const directory = await mkdtemp(join(cache, 'build-'));
  try {
    const args = ['install', `${tool.module}@${tool.version}`];
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
    await rename(join(directory, tool.name), binary);
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
async function takeLock(lock: string): Promise<boolean> {
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
