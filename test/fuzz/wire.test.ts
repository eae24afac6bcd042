/** Ports and the SDK take their corpus and a fixed number of mutations of it, the same ones at each run. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type FuzzBounds, fuzz } from './fuzzer.ts';
import type { FuzzTarget } from './target.ts';
import { CLIENT_TARGET } from './targets/client.ts';
import { startHost, type WireHost, wireTargets } from './targets/wire.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const BOUNDS: FuzzBounds = { seed: 20_260_101, executions: 64, seconds: 30 };

let host: WireHost;

beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host?.[Symbol.asyncDispose]());

async function expectNoFinding(target: FuzzTarget, bounds: FuzzBounds): Promise<void> {
  const { executions, findings } = await fuzz(target, bounds);
  expect(findings.map(({ what }) => what)).toEqual([]);
  expect(executions).toBeGreaterThan(target.seeds().length);
}

/** The one agent, which outlives each of them. */
const lent = (): Promise<WireHost> =>
  Promise.resolve({ target: host.target, [Symbol.asyncDispose]: () => Promise.resolve() });

test.each(wireTargets(lent))('$name: answered, up, small and awake (I-41)', async (target) => {
  await expectNoFinding(target, BOUNDS);
});

test('client-responses: every failure is a StreamError that is given to who asked', async () => {
  await expectNoFinding(CLIENT_TARGET, { ...BOUNDS, executions: 16 });
});
