/** What an attack costs an agent, or another process: its memory, and how long its event loop stood still. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import type { AgentView } from '@streamhouse/standalone/agents.ts';

const GROWTH_BYTES_MAX = 64 * 1024 * 1024;
/** On a machine of its own. Tests share theirs: the bound grows as the agent's thread waited for a processor. */
const STALL_MS_MAX = 100;
/** What the machine does besides passes. What an input does, it does each time. */
const ATTEMPTS_MAX = 3;
/** A process of ours with its metrics. */
type Gauged = Pick<AgentView, 'pid' | 'metricsUrl'>;

/** For `/proc/<pid>/clear_refs`: the peak begins anew (man 5 proc). */
const CLEAR_PEAK = '5';

/**
 * Runs `attack` and requires that the agent stays small and awake all the while. An attack in which the event loop stood still
 * is made again, so it must be one that can be. Resolves what the attack resolves.
 *
 * @param besidesBytesMax what it may hold besides: garbage until it is collected, or connections that are open.
 */
export async function expectUnmoved<T>(
  agent: Gauged,
  attack: () => Promise<T>,
  besidesBytesMax = 0,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    // A scrape begins a new maximum of the event loop's delay.
    await stalledMs(agent);
    await writeFile(`/proc/${agent.pid}/clear_refs`, CLEAR_PEAK);
    const before = await memoryBytes(agent, 'VmRSS');
    const timesBefore = await threadTimes(agent);
    const result = await attack();
    const peak = (await memoryBytes(agent, 'VmHWM')) - before;
    const stalled = await stalledMs(agent);
    // What stays is no more than the peak. Garbage may stay: the engine collects it when it next needs room.
    assert(peak <= GROWTH_BYTES_MAX + besidesBytesMax, `the agent needed ${peak} bytes`);
    const stallMsMax = STALL_MS_MAX * slowdown(timesBefore, await threadTimes(agent));
    if (stalled <= stallMsMax) return result;
    const bound = `, at most ${stallMsMax} as busy as the machine was`;
    assert(attempt < ATTEMPTS_MAX, `the event loop stood still for ${stalled} ms${bound}`);
  }
}

/** Physical memory of the agent's process, in bytes: what it has, or its peak. */
async function memoryBytes({ pid }: Gauged, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kib === undefined) throw new Error(`the agent with pid ${pid} is gone`);
  return Number(kib) * 1024;
}

interface ThreadTimes {
  readonly ranNs: number;
  /** Could have run and had no processor. */
  readonly waitedNs: number;
}

/** Of the thread with the event loop, whose id is that of the process (https://docs.kernel.org/scheduler/sched-stats.html). */
async function threadTimes({ pid }: Gauged): Promise<ThreadTimes> {
  const [ranNs = 0, waitedNs = 0] = (await readFile(`/proc/${pid}/task/${pid}/schedstat`, 'utf8'))
    .split(' ')
    .map(Number);
  return { ranNs, waitedNs };
}

/** How many times as long as alone the thread took for what it did; from 1. */
function slowdown(before: ThreadTimes, after: ThreadTimes): number {
  const ranNs = after.ranNs - before.ranNs;
  return ranNs <= 0 ? 1 : 1 + (after.waitedNs - before.waitedNs) / ranNs;
}

async function stalledMs(agent: Gauged): Promise<number> {
  const text = await (await fetch(agent.metricsUrl)).text();
  const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1];
  return Number(seconds) * 1000;
}
