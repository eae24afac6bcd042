/**
 * `npm run e2e [-- --losses N]`: installs the chart with the image of this tree on a real node, applies the samples, and
 * produces and consumes while agents are scaled, rolled, evicted and killed. Needs root on Linux, containerd and Go; elsewhere
 * it says what is missing and is skipped. Ctrl-C ends it and removes the node. `npm test` has a short form of it.
 */
import { parseArgs } from 'node:util';
import { findNode, runEndToEnd } from './end-to-end.ts';

const LOSSES = '20';
const RUN_MS_MAX = 60 * 60_000;

function say(line: string): void {
  console.error(`e2e: ${(performance.now() / 1_000).toFixed(1).padStart(6)} s  ${line}`);
}

/** Resolves whether everything held. */
async function main(losses: number, signal: AbortSignal): Promise<boolean> {
  const found = await findNode({ signal, log: say });
  if ('reason' in found) {
    say(`SKIPPED: ${found.reason}`);
    return true;
  }
  return (await runEndToEnd(found.folder, { losses, signal, say })).length === 0;
}

const { values } = parseArgs({ options: { losses: { type: 'string', default: LOSSES } } });
const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => ending.abort(new Error(`stopped by ${name}`)));
const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(RUN_MS_MAX)]);
try {
  if (!(await main(Number(values.losses), signal))) process.exitCode = 1;
} catch (error) {
  const reason: unknown = signal.aborted ? signal.reason : error;
  say(`FAILED: ${reason instanceof Error ? reason.message : String(reason)}`);
  process.exitCode = 1;
}
