/** One postmaster process: start it, find the one that a dead supervisor left, wait for it, stop it. */
import { execFile, spawn } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import {
  isProcessAlive,
  pause,
  processCommand,
  signalProcess,
  stopProcess,
  waitForExit,
} from '../process.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { POSTGRES_ENVIRONMENT } from './data-directory.ts';

const READY_POLL_MS = 5;
const WATCH_POLL_MS = 100;
/** Crash recovery replays at most max_wal_size. */
const READY_TIMEOUT_MS = 120_000;

// "Fast" rolls open transactions back and ends in order; "immediate" leaves the work to the next start's recovery.
const STOP_STEPS = [
  { signal: 'SIGINT', patienceMs: 10_000 },
  { signal: 'SIGQUIT', patienceMs: 3_000 },
  { signal: 'SIGKILL', patienceMs: 3_000 },
] as const;

export interface PostmasterOptions {
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly dataDirectory: string;
  /** Takes what the postmaster says before its own log begins; begun anew at each start. */
  readonly outputFile: string;
}

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Resolves when the process is gone, whoever started it. Never rejects. */
  readonly exited: Promise<void>;
}

/** Starts the postmaster in a process group of its own, so that Ctrl-C reaches the agents first, and waits until it serves. */
export async function startPostmaster(
  options: PostmasterOptions,
  signal: AbortSignal,
): Promise<Postmaster> {
  await disownPidFile(options.dataDirectory);
  await using output = await open(options.outputFile, 'w', 0o600);
  // Files and no pipes: it must be able to outlive us.
  const child = spawn(options.binaries.postgres, ['-D', options.dataDirectory], {
    ...options.account,
    cwd: options.dataDirectory,
    env: POSTGRES_ENVIRONMENT,
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const { pid } = child;
  if (pid === undefined)
    throw new Error(
      `cannot run ${options.binaries.postgres} as user ${options.account?.uid ?? 'self'}`,
    );
  try {
    return { pid, port: await untilServing(options.dataDirectory, pid, signal), exited };
  } catch (error) {
    await stopPostmaster(options.binaries, pid);
    const said = (await readFile(options.outputFile, 'utf8').catch(() => '')).trim();
    throw new Error(`Postgres did not start: ${said || (error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * The postmaster that serves this data directory although its supervisor is gone. It is ours when the process that
 * postmaster.pid names was started on this very directory; a pid alone may have gone to another program since.
 */
export async function findOrphan(
  options: PostmasterOptions,
  signal: AbortSignal,
): Promise<Postmaster | undefined> {
  const file = await readPidFile(options.dataDirectory);
  if (file === undefined || !(await isOurs(file, options.dataDirectory))) return undefined;
  const port = await untilServing(options.dataDirectory, file.pid, signal);
  return { pid: file.pid, port, exited: untilGone(file.pid) };
}

/** Stops a postmaster by ever harder signals; no error when it is gone. Resolves when all of its processes are. */
export async function stopPostmaster(binaries: Binaries, pid: number): Promise<void> {
  if (process.platform === 'win32') {
    // Windows has no such signals; pg_ctl speaks to the postmaster through its pipe.
    await promisify(execFile)(binaries.pgCtl, ['kill', 'INT', String(pid)]).catch(() => undefined);
    if (await waitForExit(pid, STOP_STEPS[0].patienceMs)) return;
  }
  const last = await stopProcess(pid, STOP_STEPS);
  if (last === 'SIGKILL') signalProcess(-pid, 'SIGKILL');
}

interface PidFile {
  readonly pid: number;
  readonly port: number;
  readonly isServing: boolean;
}

/**
 * Source: src/include/utils/pidfile.h of PostgreSQL: lines are pid, data directory, start time, port, socket folder,
 * listen address, shared memory key, status. The later lines come as the start proceeds.
 */
async function readPidFile(dataDirectory: string): Promise<PidFile | undefined> {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]), isServing: lines[7]?.trim() === 'ready' };
}

async function isOurs(file: PidFile, dataDirectory: string): Promise<boolean> {
  if (!(await isProcessAlive(file.pid))) return false;
  return (await processCommand(file.pid))?.endsWith(`postgres -D ${dataDirectory}`) === true;
}

/**
 * Postgres refuses to start while any process of its account has the pid that a killed postmaster left in postmaster.pid:
 * a zombie that nobody collects, or a stranger after a restart of the container. It does not count the pid of its parent,
 * so a stale file gets ours. The rest stays: from the shared memory that it names Postgres sees whether any process of
 * the old cluster is still at work.
 */
async function disownPidFile(dataDirectory: string): Promise<void> {
  const file = await readPidFile(dataDirectory);
  if (file === undefined || (await isOurs(file, dataDirectory))) return;
  const path = join(dataDirectory, 'postmaster.pid');
  const [, ...rest] = (await readFile(path, 'utf8')).split('\n');
  // In place, so that the file keeps its owner.
  await writeFile(path, [process.pid, ...rest].join('\n'));
}

async function untilServing(
  dataDirectory: string,
  pid: number,
  signal: AbortSignal,
): Promise<number> {
  const deadlineMs = systemClock.monotonicMs() + READY_TIMEOUT_MS;
  for (;;) {
    const file = await readPidFile(dataDirectory);
    if (file?.pid === pid && file.isServing) return file.port;
    if (!(await isProcessAlive(pid))) throw new Error('the process ended');
    if (systemClock.monotonicMs() > deadlineMs)
      throw new Error(`not ready after ${READY_TIMEOUT_MS / 1_000} s`);
    await pause(READY_POLL_MS, signal);
  }
}

async function untilGone(pid: number): Promise<void> {
  while (!(await waitForExit(pid, WATCH_POLL_MS)));
}
