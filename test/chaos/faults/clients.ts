/** Faults of the clients that follow the topics. */
import { readFile } from 'node:fs/promises';
import { signalProcess } from '@streamhouse/standalone/process.ts';
import type { Stage } from '../stage/stage.ts';
import type { Worker } from '../stage/workers.ts';
import { between, pick, type Random, type RunningFault } from './fault.ts';

/** SIGKILL; the next life goes on where this one had come. */
export async function clientCrash(stage: Stage, random: Random): Promise<RunningFault> {
  const worker = pick(stage.workers.followers, random);
  const { pid, polls } = runningOf(worker);
  signalProcess(pid, 'SIGKILL');
  return {
    target: worker.name,
    holdMs: 0,
    felt: () =>
      worker.pid !== pid && worker.polls > polls ? `pid ${worker.pid} polls after it` : undefined,
    stop: () => Promise.resolve(),
    isOver: () => true,
  };
}

/** SIGSTOP for a while, longer than anything that waits for it. */
export async function clientPause(stage: Stage, random: Random): Promise<RunningFault> {
  const worker = pick(stage.workers.followers, random);
  const { pid } = runningOf(worker);
  stage.pauses.stop(pid);
  const lastsMs = between(3_000, 12_000, random);
  let { polls } = worker;
  return {
    target: worker.name,
    holdMs: lastsMs,
    felt: async () => ((await isStopped(pid)) ? `pid ${pid} stood still` : undefined),
    stop: async () => {
      polls = worker.polls;
      stage.pauses.resume(pid);
    },
    isOver: () => worker.polls > polls,
  };
}

/** Whether the kernel says so: the field after the program's name in parentheses. */
async function isStopped(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}

function runningOf({ name, pid, polls }: Worker): { readonly pid: number; readonly polls: number } {
  if (pid === undefined) throw new Error(`${name} does not run`);
  return { pid, polls };
}
