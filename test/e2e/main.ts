/**
 * `npm run e2e [-- --losses N]`: installs the chart with the image of this tree on a real node, applies the samples, and
 * produces and consumes while agents are scaled, rolled, evicted and killed. Needs root on Linux, containerd and Go; elsewhere
 * it says what is missing and is skipped, which is a failure where `CI` is set.
 */
import { parseArgs } from 'node:util';
import { findBinaries } from '../../hack/kube/binaries.ts';
import { nodeObstacle } from '../../hack/kube/node.ts';
import { Installation } from './installation.ts';
import { runScenes } from './scenes.ts';

const LOSSES = '20';
const RUN_MS_MAX = 60 * 60_000;

function say(line: string): void {
  console.error(`e2e: ${(performance.now() / 1_000).toFixed(1).padStart(6)} s  ${line}`);
}

async function missing(signal: AbortSignal): Promise<{ reason: string } | { folder: string }> {
  const reason = await nodeObstacle();
  if (reason !== undefined) return { reason };
  return await findBinaries({ env: process.env, sets: ['controlPlane', 'node'], signal, log: say });
}

/** Resolves whether everything held. */
async function main(losses: number, signal: AbortSignal): Promise<boolean> {
  const found = await missing(signal);
  if ('reason' in found) {
    say(`SKIPPED: ${found.reason}`);
    return (process.env['CI'] ?? '') === '';
  }
  await using installation = await Installation.make({ binaries: found.folder, signal, say });
  try {
    const findings = await runScenes(installation, { losses, signal, say });
    for (const finding of findings) say(`FAILED: ${finding}`);
    if (findings.length > 0) say(await installation.evidence());
    return findings.length === 0;
  } catch (error) {
    say(await installation.evidence());
    throw error;
  }
}

const { values } = parseArgs({ options: { losses: { type: 'string', default: LOSSES } } });
const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => ending.abort());
const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(RUN_MS_MAX)]);
try {
  if (!(await main(Number(values.losses), signal))) process.exitCode = 1;
} catch (error) {
  say(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
