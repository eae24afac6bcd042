/** The short form of `npm run e2e`: fewer pods are lost. */
import { expect, test } from 'vitest';
import { findNode, runEndToEnd } from './end-to-end.ts';

const LOSSES = 3;
/** For the programs of Kubernetes, on a machine that has none yet. */
const BUILD_MS_MAX = 20 * 60_000;
const RUN_MS_MAX = 7 * 60_000;
/** To remove everything. */
const END_MS_MAX = 60_000;

function say(line: string): void {
  console.log(line);
}

test('records flow while the agents of an installation are scaled, rolled, evicted and killed', {
  timeout: BUILD_MS_MAX + RUN_MS_MAX + END_MS_MAX,
}, async (context) => {
  const found = await findNode({ signal: context.signal, log: say });
  if ('reason' in found) return context.skip(found.reason);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(RUN_MS_MAX)]);
  expect(await runEndToEnd(found.folder, { losses: LOSSES, signal, say })).toEqual([]);
});
