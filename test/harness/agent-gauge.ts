/** What an attack costs an agent: its memory, and how long its event loop stood still. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import type { AgentView } from '@streamhouse/standalone/agents.ts';

const GROWTH_BYTES_MAX = 64 * 1024 * 1024;
const STALL_MS_MAX = 100;
/** Tests share their machine, and what it does besides lasts. What an input does, it does each time. */
const ATTEMPTS_MAX = 5;
/** For `/proc/<pid>/clear_refs`: the peak begins anew (man 5 proc). */
const CLEAR_PEAK = '5';

/**
 * Runs `attack` and requires that the agent stays small and awake all the while. An attack in which the event loop stood still
 * is made again, so it must be one that can be. Resolves what the attack resolves.
 *
 * @param garbageBytesMax what it may hold besides until it is collected.
 */
export async function expectUnmoved<T>(
  agent: AgentView,
  attack: () => Promise<T>,
  garbageBytesMax = 0,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    // A scrape begins a new maximum of the event loop's delay.
    await stalledMs(agent);
    await writeFile(`/proc/${agent.pid}/clear_refs`, CLEAR_PEAK);
    const before = await memoryBytes(agent, 'VmRSS');
    const result = await attack();
    const peak = (await memoryBytes(agent, 'VmHWM')) - before;
    const grown = (await memoryBytes(agent, 'VmRSS')) - before;
    const stalled = await stalledMs(agent);
    assert(grown <= GROWTH_BYTES_MAX, `the agent grew by ${grown} bytes`);
    assert(peak <= GROWTH_BYTES_MAX + garbageBytesMax, `the agent needed ${peak} bytes`);
    if (stalled <= STALL_MS_MAX) return result;
    assert(attempt < ATTEMPTS_MAX, `the event loop stood still for ${stalled} ms`);
  }
}

/** Physical memory of the agent's process, in bytes: what it has, or its peak. */
async function memoryBytes({ pid }: AgentView, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kib === undefined) throw new Error(`the agent with pid ${pid} is gone`);
  return Number(kib) * 1024;
}

async function stalledMs(agent: AgentView): Promise<number> {
  const text = await (await fetch(agent.metricsUrl)).text();
  const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1];
  return Number(seconds) * 1000;
}
