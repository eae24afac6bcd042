/**
 * One Kubernetes control plane for all tests of a run that need one. It comes up, and on a new machine is built, while
 * other tests run, so this resolves at once: where the outcome will be is what the tests get.
 */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { findBinaries } from '../../hack/kube/binaries.ts';
import type { RunningControlPlane } from '../../hack/kube/control-plane.ts';
import { startSimulatedCluster } from '../../hack/kube/simulated-nodes.ts';
import { tiedFolder } from '../../hack/tied.ts';

/** Of a build on a machine that runs the other tests at the same time. */
const BUILD_MS_MAX = 20 * 60_000;
const HOW_TO_GET_ONE =
  'install Go 1.26 or later, or name a folder with the programs in KUBEBUILDER_ASSETS';

/** What the file holds: the control plane, why this machine has none, or how it failed. */
export type ControlPlaneOutcome =
  | { readonly plane: Omit<RunningControlPlane, typeof Symbol.asyncDispose> }
  | { readonly missing: string }
  | { readonly fault: string };

declare module 'vitest' {
  export interface ProvidedContext {
    /** The path of a file that appears with the `ControlPlaneOutcome` in it. */
    controlPlaneOutcome: string;
  }
}

/** Begins, and resolves how to end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await tiedFolder('streamhouse-test-kube-');
  const path = join(folder.path, 'outcome.json');
  const ending = new AbortController();
  const parts = new AsyncDisposableStack();
  parts.use(folder);
  const told = begin(ending.signal, parts).then(async (outcome) => {
    await writeFile(`${path}.new`, JSON.stringify(outcome));
    await rename(`${path}.new`, path);
  });
  project.provide('controlPlaneOutcome', path);
  return async () => {
    ending.abort();
    await told;
    await parts.disposeAsync();
  };
}

async function begin(
  ending: AbortSignal,
  parts: AsyncDisposableStack,
): Promise<ControlPlaneOutcome> {
  const { env } = process;
  const signal = AbortSignal.any([ending, AbortSignal.timeout(BUILD_MS_MAX)]);
  const log = (line: string): void => console.error(`tests on Kubernetes: ${line}`);
  try {
    const found = await findBinaries({
      env,
      sets: ['controlPlane'],
      signal,
      log,
      isLowPriority: true,
    });
    if ('reason' in found) {
      const missing = `no Kubernetes control plane (${found.reason}); to get one, ${HOW_TO_GET_ONE}`;
      log(`SKIPPED: ${missing}`);
      return { missing };
    }
    return { plane: parts.use(await startSimulatedCluster({ binaries: found.folder, signal })) };
  } catch (error) {
    return { fault: String(error) };
  }
}
