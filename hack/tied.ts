/** What never outlives us: however this process ends, by Ctrl-C or by SIGKILL, it ends or is removed as well. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

// Our end, or `dispose`, closes the standard input; then the process group goes, which is the program's alone. Where it
// ends by itself, its exit code is ours.
const PROGRAM = `
exec 3<&0
"$@" < /dev/null 3<&- &
program=$!
{ cat <&3; kill -KILL 0; } > /dev/null 2>&1 &
wait "$program"
code=$?
kill "$!"
exit "$code"
`;
const AFTERWARDS = `
cat > /dev/null
exec "$@"
`;
// What wrote into the folder may have a moment left to live.
const REMOVE = 'for _ in 1 2 3 4 5 6 7 8 9; do rm -rf "$0" && exit; sleep 0.2; done';

export interface TiedProcess extends AsyncDisposable {
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** What it writes, where the options ask for it. */
  readonly stderr: Readable | null;
}

export interface TiedOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Where its output goes: a file that is open, nowhere, or its errors to `stderr`. */
  readonly output?: number | 'ignore' | 'pipe';
  readonly isLowPriority?: boolean;
}

export interface TiedFolder extends AsyncDisposable {
  readonly path: string;
}

/** Starts a program, found on PATH if it is a bare name; one that is not there ends with exit code 127. */
export function spawnTied(command: readonly string[], options: TiedOptions = {}): TiedProcess {
  const { output = 'ignore', isLowPriority, ...rest } = options;
  const child = spawn('/bin/sh', ['-c', PROGRAM, 'tied', ...command], {
    ...rest,
    detached: true,
    stdio: ['pipe', output === 'pipe' ? 'ignore' : output, output],
  });
  if (isLowPriority === true && child.pid !== undefined)
    setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { ended, stderr: child.stderr, [Symbol.asyncDispose]: () => release(child, ended) };
}

/** Runs the command once it is disposed or this process is no more. */
export function afterwards(...command: string[]): AsyncDisposable {
  const child = spawn('/bin/sh', ['-c', AFTERWARDS, 'afterwards', ...command], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(child, 'close');
  return { [Symbol.asyncDispose]: () => release(child, ended) };
}

/** A folder of its own for whatever is temporary. */
export async function tiedFolder(prefix: string): Promise<TiedFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const removal = afterwards('/bin/sh', '-c', REMOVE, path);
  return { path, [Symbol.asyncDispose]: () => removal[Symbol.asyncDispose]() };
}

async function release(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.stdin?.destroy();
  await ended;
}
