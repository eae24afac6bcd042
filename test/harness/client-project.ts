/** The SDK as its users have it: built, and put into a project of its own that knows nothing of this repository. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildClient } from '../../hack/client/build.ts';

const MODULES = join(import.meta.dirname, '../../node_modules');
const TSC = join(MODULES, 'typescript/bin/tsc');
/** What npm says when it can reach no registry and has not kept the package either. */
const OFFLINE =
  /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b/;
/** A program that has said something is believed to go on once it has done so for this long. */
const SPEAKING_MS = 1_000;
const SILENCE_MS_MAX = 60_000;

export interface End {
  readonly exitCode: number | null;
  /** Standard output and errors. */
  readonly output: string;
}

export interface ClientProject extends AsyncDisposable {
  readonly path: string;
  write(file: string, content: string): Promise<void>;
  /** Runs a file with Node.js. */
  node(file: string, signal: AbortSignal): Promise<End>;
  /** Runs one that does not end by itself, until a second after it first said something: then its exit code is 0. */
  nodeUntilStopped(file: string): Promise<End>;
  /** Checks the types of the project with a configuration that a user could have. */
  tsc(compilerOptions: object, files: readonly string[]): Promise<End>;
}

function start(
  command: string,
  args: readonly string[],
  cwd: string,
  signal?: AbortSignal,
): { readonly child: ChildProcessByStdio<null, Readable, Readable>; readonly ended: Promise<End> } {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): boolean => child.kill('SIGKILL');
  signal?.addEventListener('abort', stop);
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([out, errors, [exitCode]]) => {
      signal?.removeEventListener('abort', stop);
      return { exitCode: exitCode as number | null, output: out + errors };
    },
  );
  return { child, ended };
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  signal?: AbortSignal,
): Promise<End> {
  return start(command, args, cwd, signal).ended;
}

async function runUntilStopped(file: string, cwd: string): Promise<End> {
  const signal = AbortSignal.timeout(SILENCE_MS_MAX);
  const { child, ended } = start(process.execPath, [file], cwd, signal);
  const hasSpoken = once(child.stdout, 'data').then(() => sleep(SPEAKING_MS, 'runs'));
  const state = await Promise.race([ended, hasSpoken]);
  child.kill('SIGKILL');
  const { exitCode, output } = await ended;
  return { exitCode: state === 'runs' ? 0 : exitCode, output };
}

/** A folder with a manifest and nothing else. */
async function emptyProject(): Promise<ClientProject> {
  const path = await mkdtemp(join(tmpdir(), 'streamhouse-project-'));
  const write = async (file: string, content: string): Promise<void> => {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), content);
  };
  await write('package.json', '{ "name": "project", "private": true }\n');
  return {
    path,
    write,
    node: (file, signal) => run(process.execPath, [file], path, signal),
    nodeUntilStopped: (file) => runUntilStopped(file, path),
    async tsc(compilerOptions, files) {
      await write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
      return await run(process.execPath, [TSC, '--project', '.', '--pretty', 'false'], path);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

export interface ClientManifest {
  readonly [field: string]: unknown;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** A project that has the package as it is built, and its libraries and `others` from this repository: it takes no network. */
export async function linkedProject(others: readonly string[]): Promise<ClientProject> {
  await using parts = new AsyncDisposableStack();
  const project = parts.use(await emptyProject());
  const modules = join(project.path, 'node_modules');
  const built = join(modules, '@streamhouse/client');
  await buildClient(built);
  const manifest = await readFile(join(built, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(manifest) as ClientManifest;
  for (const name of [...Object.keys(dependencies), '@types/node', ...others]) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(MODULES, name), join(modules, name));
  }
  parts.move();
  return project;
}

export interface Packed extends AsyncDisposable {
  readonly tarball: string;
  /** Paths in it, sorted. */
  readonly files: readonly string[];
}

/** The package as it is published. */
export async function packClient(): Promise<Packed> {
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'streamhouse-packed-'));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  await buildClient(join(folder, 'dist'));
  const { exitCode, output } = await run('npm', ['pack', './dist', '--json', '--silent'], folder);
  if (exitCode !== 0) throw new Error(`npm pack: ${output}`);
  const [packed] = Object.values(JSON.parse(output.slice(output.search(/[[{]/)))) as {
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }[];
  if (packed === undefined) throw new Error(`npm pack: ${output}`);
  const owned = parts.move();
  return {
    tarball: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path).toSorted(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A project into which npm has installed the tarball, or why there is none: a registry, or npm's cache, has the libraries. */
export async function installedProject(
  tarball: string,
): Promise<ClientProject | { readonly reason: string }> {
  const project = await emptyProject();
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { exitCode, output } = await run('npm', ['install', ...flags, tarball], project.path);
  if (exitCode === 0) return project;
  await project[Symbol.asyncDispose]();
  if (!OFFLINE.test(output)) throw new Error(`npm install: ${output}`);
  return { reason: `npm can reach no registry: ${output}` };
}
