/** What an attack costs an agent: its memory, and how long its event loop stood still. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { AgentView } from '@streamhouse/standalone/agents.ts';

const RSS_GROWTH_BYTES_MAX = 64 * 1024 * 1024;
/** The goal is 100 ms on a machine of its own. Tests share theirs, and what this must find takes many seconds. */
const STALL_MS_MAX = 1_000;

/** Runs `attack` and requires that the agent stays small and awake. Resolves what the attack resolves. */
export async function expectUnmoved<T>(agent: AgentView, attack: () => Promise<T>): Promise<T> {
  // A scrape begins a new maximum of the event loop's delay.
  await stalledMs(agent);
  const before = await rssBytes(agent);
  const result = await attack();
  const grown = (await rssBytes(agent)) - before;
  const stalled = await stalledMs(agent);
  assert(grown <= RSS_GROWTH_BYTES_MAX, `the agent grew by ${grown} bytes`);
  assert(stalled <= STALL_MS_MAX, `the event loop stood still for ${stalled} ms`);
  return result;
}

/** Physical memory of the agent's process, in bytes. */
async function rssBytes({ pid }: AgentView): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`the agent with pid ${pid} is gone`);
  return Number(kib) * 1024;
}

async function stalledMs(agent: AgentView): Promise<number> {
  const text = await (await fetch(agent.metricsUrl)).text();
  const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1];
  return Number(seconds) * 1000;
}
