/** Makes the data directory: whole or not at all, owned by the account that runs Postgres. */
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  chown,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';

export const POSTGRES_USER = 'streamhouse';
export const POSTGRES_DATABASE = 'streamhouse';

const PASSWORD_BYTES = 32;
const DRAFT_PREFIX = 'initdb-';

export interface DataDirectoryOptions {
  /** Where it shall be; its parent exists. */
  readonly path: string;
  readonly account: Account | undefined;
  readonly binaries: Binaries;
  readonly password: string;
  /** Whether the new files are forced to the disk; only a throw-away cluster may say no. */
  readonly isDurable: boolean;
  /** Called before the work, which takes a second or, on a busy disk, some more. */
  readonly onCreate: () => void;
  readonly signal: AbortSignal;
}

/** The environment of every Postgres program: nothing of ours, above all no PG* variable, may change what it does. */
export const POSTGRES_ENVIRONMENT: Readonly<Record<string, string>> = {
  LC_ALL: 'C',
  TZ: 'UTC',
  PATH: '/usr/bin:/bin',
};

/** Reads the superuser's password, or makes one; only this user can read the file. */
export async function postgresPassword(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, password, { mode: 0o600, flush: true });
  await rename(draft, file);
  return password;
}

/** Creates the data directory unless it exists. */
export async function ensureDataDirectory(options: DataDirectoryOptions): Promise<void> {
  if ((await stat(options.path).catch(() => undefined)) !== undefined) return;
  options.onCreate();
  const parent = dirname(options.path);
  const halfMade = (await readdir(parent)).filter((name) => name.startsWith(DRAFT_PREFIX));
  await Promise.all(
    halfMade.map((name) => rm(join(parent, name), { recursive: true, force: true })),
  );
  const draft = join(parent, `${DRAFT_PREFIX}${randomUUID()}`);
  await mkdir(draft, { mode: 0o700 });
  try {
    await initialize(options, draft);
    await rename(join(draft, 'data'), options.path);
    await syncFolder(parent);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function initialize(options: DataDirectoryOptions, draft: string): Promise<void> {
  const { account, binaries } = options;
  const data = join(draft, 'data');
  const passwordFile = join(draft, 'password');
  await writeFile(passwordFile, options.password, { mode: 0o600 });
  if (account !== undefined) {
    await chown(draft, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  const words = [`--pgdata=${data}`, `--username=${POSTGRES_USER}`, `--pwfile=${passwordFile}`];
  const fixed = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'];
  const sync = options.isDurable ? [] : ['--no-sync'];
  await runProgram(binaries.initdb, [...words, ...fixed, ...sync], '', options);
  // Single-user mode: the one way to make the database before anybody can connect.
  const single = ['--single', '-D', data, ...(options.isDurable ? [] : ['-F']), 'postgres'];
  await runProgram(binaries.postgres, single, `CREATE DATABASE ${POSTGRES_DATABASE};\n`, options);
}

function runProgram(
  program: string,
  words: string[],
  input: string,
  options: DataDirectoryOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      ...options.account,
      cwd: dirname(options.path),
      env: POSTGRES_ENVIRONMENT,
      signal: options.signal,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-4_000);
    });
    child.stdin.on('error', () => undefined).end(input);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} failed: ${complaint.trim() || `exit code ${code}`}`));
    });
  });
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using folder = await open(path, 'r');
  await folder.sync();
}
