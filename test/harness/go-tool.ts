/** Programs of others that tests use where Go is: built once into the user's cache. */
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runGo } from '../../hack/go.ts';
import { whileLocked } from '../../hack/lock.ts';
import { userCache } from '../../hack/user-cache.ts';

const BUILD_MS_MAX = 8 * 60_000;

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
  const cache = join(userCache(process.env), 'go-tools');
  const binary = join(cache, `${tool.name}-${tool.version}`);
  if (await isThere(binary)) return { path: binary };
  await mkdir(cache, { recursive: true });
  const signal = AbortSignal.timeout(BUILD_MS_MAX);
  try {
    const reason = await whileLocked(`${binary}.lock`, signal, async () =>
      (await isThere(binary)) ? undefined : await build(tool, cache, binary, signal),
    );
    return reason === undefined ? { path: binary } : { reason };
  } catch (error) {
    if (!signal.aborted) throw error;
    return { reason: `it was not built within ${BUILD_MS_MAX / 60_000} minutes` };
  }
}

/** Resolves why it failed, or undefined. */
async function build(
  tool: GoModule,
  cache: string,
  binary: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  console.error(`Building ${tool.name} ${tool.version} for ${tool.purpose} (once, a few minutes)`);
  const cwd = await mkdtemp(join(cache, 'build-'));
  try {
    const env = { ...process.env, GOBIN: cwd };
    const args = ['install', `${tool.module}@${tool.version}`];
    const reason = await runGo(args, { cwd, env, signal, isLowPriority: true });
    if (reason === undefined) await rename(join(cwd, tool.name), binary);
    return reason;
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
