import { AgentMetrics } from '@streamhouse/agent/metrics.ts';
import { expect, test } from 'vitest';
import { simulate } from './simulate.ts';
import { simulateAll } from './simulate-all.ts';

const LONG_MS = 120_000;

test('threads run the seeds as one alone does, and in their order', {
  timeout: LONG_MS,
}, async () => {
  const metrics = new AgentMetrics();
  const [firstSeed, seeds, traceLinesMax] = [7, 3, 10];
  let seed = firstSeed;
  for await (const run of simulateAll({ firstSeed, seeds, traceLinesMax, threads: 2 })) {
    expect(run).toEqual(await simulate({ seed, metrics, traceLinesMax }));
    seed++;
  }
  expect(seed).toBe(firstSeed + seeds);
});
