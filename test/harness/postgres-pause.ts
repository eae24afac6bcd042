/** Postgres that hangs: every process of it stopped, so that connections stay and nothing answers. */
import { readdir, readFile } from 'node:fs/promises';
import { signalProcess } from '@streamhouse/standalone/process.ts';

/** Stops the postmaster and its children. Dispose lets them go on. */
export async function pausePostgres(postmaster: number): Promise<AsyncDisposable> {
  // The postmaster first: then no child is born any more.
  signalProcess(postmaster, 'SIGSTOP');
  const pids = [postmaster, ...(await childrenOf(postmaster))];
  for (const pid of pids) signalProcess(pid, 'SIGSTOP');
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      for (const pid of pids.toReversed()) signalProcess(pid, 'SIGCONT');
    },
  };
}

async function childrenOf(parent: number): Promise<number[]> {
  const children: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
    // After the program's name in parentheses: state, parent.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[1]) === parent) children.push(Number(name));
  }
  return children;
}
