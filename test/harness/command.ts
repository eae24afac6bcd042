/** The `streamhouse` command as a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const MAIN = createRequire(import.meta.url).resolve('@streamhouse/cli/main.ts');

export interface Command {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<CommandEnd>;
}

export interface CommandEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command; its standard input stays open. */
export function startCommand(bootstrap: readonly string[], ...args: string[]): Command {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], STREAMHOUSE_BOOTSTRAP: bootstrap.join(',') },
  });
  // Input for a command that has ended already: how it ended tells more.
  child.stdin.on('error', () => undefined);
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [exitCode]]) => ({ exitCode: exitCode as number | null, stdout, stderr }),
  );
  return { child, ended };
}

/** Runs the command without input. @throws Error with what it said when it does not end with 0. */
export async function runCommand(bootstrap: readonly string[], ...args: string[]): Promise<string> {
  const { child, ended } = startCommand(bootstrap, ...args);
  child.stdin.end();
  const { exitCode, stdout, stderr } = await ended;
  if (exitCode !== 0) throw new Error(`streamhouse ${args[0]} ended with ${exitCode}: ${stderr}`);
  return stdout;
}
