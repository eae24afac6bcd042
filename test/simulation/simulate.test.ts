import { AgentMetrics } from '@streamhouse/agent/metrics.ts';
import { describe, expect, test } from 'vitest';
import { simulate } from './simulate.ts';
import type { PlantedBug } from './sim-world.ts';

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);
/** Found a fault once. 235: an acknowledgement before those of records in front of it (I-13). */
const REGRESSIONS = [235];
/** Seeds within which a bug must be found. */
const FOUND_WITHIN = 50;
const LONG_MS = 240_000;
const metrics = new AgentMetrics();

test('the invariants hold whatever goes wrong', { timeout: LONG_MS }, async () => {
  for (const seed of [...SEEDS, ...REGRESSIONS]) {
    const { violation } = await simulate({ seed, metrics });
    expect(violation, `seed ${seed}`).toBeUndefined();
  }
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
      const { violation } = await simulate({ seed, metrics, bug });
      if (violation !== undefined)
        found = `${violation.invariant} by seed ${seed}: ${violation.message}`;
    }
    expect(found).toBeDefined();
  });
});
