import { AgentMetrics } from '@streamhouse/agent/metrics.ts';
import { describe, expect, test } from 'vitest';
import { simulate } from './simulate.ts';
import type { PlantedBug } from './sim-world.ts';
import { FaultCounts } from './world/fault-counts.ts';

const SEEDS = 500;
/** Shorter than what the command does: many beginnings find more than long runs. */
const FAULTS_MS = { min: 5_000, max: 12_000 };
/** Found a fault once. 235: an acknowledgement before those of records in front of it (I-13). */
const REGRESSIONS = [235];
/** Seeds within which a bug must be found. */
const FOUND_WITHIN = 50;
/** Times that each fault must have been felt: far fewer than they are, so that only one that strikes no more is told. */
const FELT_MIN = 30;
const LONG_MS = 900_000;
const metrics = new AgentMetrics();

test('the invariants hold whatever goes wrong', { timeout: LONG_MS }, async () => {
  const faults = new FaultCounts();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violation, counts } = await simulate({ seed, metrics, faultsMs: FAULTS_MS });
    expect(violation, `seed ${seed}`).toBeUndefined();
    faults.add(counts);
  }
  for (const [fault, { felt }] of Object.entries(faults.toJSON()))
    expect(felt, `${fault} was felt`).toBeGreaterThanOrEqual(FELT_MIN);
});

test.each(REGRESSIONS)('seed %i finds no more what it found', async (seed) => {
  expect((await simulate({ seed, metrics })).violation).toBeUndefined();
});

test('the same seed twice gives the same bytes', { timeout: LONG_MS }, async () => {
  const run = () => simulate({ seed: 7, metrics, traceLinesMax: Number.MAX_SAFE_INTEGER });
  const [first, second] = [await run(), await run()];
  expect(second.trace).toEqual(first.trace);
  expect(second.digest).toBe(first.digest);
  expect((await simulate({ seed: 8, metrics })).digest).not.toBe(first.digest);
});

describe('a bug is found', () => {
  const bugs: readonly PlantedBug[] = [
    'publish-without-fence',
    'publish-without-epoch',
    'publish-forgets-keys',
    'takeover-keeps-epoch',
    'release-forgets-epoch',
    'producers-in-memory',
    'acknowledged-early',
    'unknown-told-as-failed',
  ];
  test.each(bugs)('%s', { timeout: LONG_MS }, async (bug) => {
    let found: string | undefined;
    for (let seed = 1; seed <= FOUND_WITHIN && found === undefined; seed++) {
      const { violation } = await simulate({ seed, metrics, bug, faultsMs: FAULTS_MS });
      if (violation !== undefined)
        found = `${violation.invariant} by seed ${seed}: ${violation.message}`;
    }
    expect(found).toBeDefined();
  });
});
