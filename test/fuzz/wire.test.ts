/** Every port takes its corpus and a fixed number of mutations of it, and serves who behaves after each round. */
import { expect, test, vi } from 'vitest';
import { fuzz } from './fuzzer.ts';
import { WIRES } from './targets.ts';

vi.setConfig({ testTimeout: 120_000 });

const SEED = 20_260_101;
const MUTATIONS = 96;

test.each(WIRES)('$name: answered, up, small and awake (I-41)', async (target) => {
  const bounds = { seed: SEED, executions: MUTATIONS, seconds: 30 };
  const { executions, findings } = await fuzz(target, bounds);
  expect(findings.map(({ what }) => what)).toEqual([]);
  expect(executions).toBeGreaterThan(target.seeds().length);
});
