/** What the supervisor may know about processes that it did not start in this life: are they alive, and are they ours? */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';

const run = promisify(execFile);
const POLL_MS = 20;

/**
 * A string that no other process ever has together with this pid: the moment of its start. Undefined when there is no such
 * process, or only its zombie. Source on Linux: field 22 of /proc/PID/stat (clock ticks since boot) and the boot's id.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
    // The second field is the program's name in parentheses, and may hold spaces and parentheses itself.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '');
    return `${boot.trim()}:${fields[19]}`;
  }
  if (process.platform === 'win32') return isSignalable(pid) ? 'unknown' : undefined;
  return await ps(pid, 'lstart=');
}

/** The command line of a process, words joined by spaces; undefined when it is gone or the system does not tell. */
export async function processCommand(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return raw === '' ? undefined : raw.split('\0').join(' ').trim();
  }
  return process.platform === 'win32' ? undefined : await ps(pid, 'command=');
}

export async function isProcessAlive(pid: number): Promise<boolean> {
  return isSignalable(pid) && (await processStart(pid)) !== undefined;
}

/** Sends a signal; false when the process is already gone. A negative pid means its process group. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits. Unlike those of a Clock this timer keeps our process alive: while it waits for another one, it is not done. */
export async function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  await rest(delayMs, undefined, signal === undefined ? {} : { signal });
}

/** Waits until the process is gone; false when it is still there after `timeoutMs`. */
export async function waitForExit(pid: number, timeoutMs: number): Promise<boolean> {
  const deadlineMs = systemClock.monotonicMs() + timeoutMs;
  while (await isProcessAlive(pid)) {
    if (systemClock.monotonicMs() > deadlineMs) return false;
    await pause(POLL_MS);
  }
  return true;
}

export interface StopStep {
  readonly signal: NodeJS.Signals;
  /** Milliseconds to wait for the exit before the next, harder step. */
  readonly patienceMs: number;
}

/** Ends a process by ever harder signals. Resolves the signal that did it, or undefined when it was gone already. */
export async function stopProcess(
  pid: number,
  steps: readonly StopStep[],
  onStep: (step: StopStep) => void = () => undefined,
): Promise<NodeJS.Signals | undefined> {
  for (const step of steps) {
    if (!signalProcess(pid, step.signal)) return undefined;
    onStep(step);
    if (await waitForExit(pid, step.patienceMs)) return step.signal;
  }
  throw new Error(`process ${pid} did not end, not even by ${steps.at(-1)?.signal}`);
}

function isSignalable(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function ps(pid: number, column: string): Promise<string | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', column, '-p', String(pid)]);
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    return undefined;
  }
}
