/**
 * `npm run kube`: a Kubernetes control plane with three simulated nodes, until Ctrl-C. `-- --node` gives one real node
 * instead, where pods run (root on Linux, containerd); `--image FILE` imports an image archive there.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { type BinarySet, findBinaries } from './kube/binaries.ts';
import { nodeObstacle, startNodeCluster } from './kube/node.ts';
import { startSimulatedCluster } from './kube/simulated-nodes.ts';

const OPTIONS = {
  node: { type: 'boolean', default: false },
  image: { type: 'string', multiple: true, default: [] as string[] },
} as const;

function log(line: string): void {
  console.error(`kube: ${line}`);
}

async function serve(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const obstacle = values.node ? await nodeObstacle() : undefined;
  if (obstacle !== undefined) throw new Error(obstacle);
  const sets: readonly BinarySet[] = values.node ? ['controlPlane', 'node'] : ['controlPlane'];
  const found = await findBinaries({ env: process.env, sets, signal, log });
  if ('reason' in found) throw new Error(`no Kubernetes: ${found.reason}`);
  const beganMs = performance.now();
  const binaries = found.folder;
  await using plane = values.node
    ? await startNodeCluster({ binaries, signal, images: values.image })
    : await startSimulatedCluster({ binaries, signal });
  log(`up after ${((performance.now() - beganMs) / 1_000).toFixed(1)} s; logs in ${plane.folder}`);
  log(`kubectl and helm are in ${binaries}; Ctrl-C ends it`);
  console.log(`export KUBECONFIG=${plane.kubeconfigs.admin}`);
  if (!signal.aborted) await once(signal, 'abort');
}

const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => ending.abort());
try {
  await serve(process.argv.slice(2), ending.signal);
} catch (error) {
  if (!ending.signal.aborted) {
    log(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
