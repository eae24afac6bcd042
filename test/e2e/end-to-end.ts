/** Whether a node can run on this machine, and the scenes on it. */
import { type Binaries, findBinaries } from '../../hack/kube/binaries.ts';
import { nodeObstacle } from '../../hack/kube/node.ts';
import { Installation } from './installation.ts';
import { runScenes, type SceneOptions } from './scenes.ts';

export interface SearchOptions {
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** Of a build, where one is needed. */
  readonly isLowPriority?: boolean;
}

/** The folder with the programs, or why there is no node to be had. */
export async function findNode(options: SearchOptions): Promise<Binaries> {
  const reason = await nodeObstacle();
  if (reason !== undefined) return { reason };
  return await findBinaries({ env: process.env, sets: ['controlPlane', 'node'], ...options });
}

/** Resolves what did not hold, and has removed what it made by then. Rejects when it could not come to its end. */
export async function runEndToEnd(
  binaries: string,
  options: SceneOptions,
): Promise<readonly string[]> {
  const { signal, say } = options;
  await using installation = await Installation.make({ binaries, signal, say });
  try {
    const findings = await runScenes(installation, options);
    for (const finding of findings) say(`FAILED: ${finding}`);
    if (findings.length > 0) say(await installation.evidence());
    return findings;
  } catch (error) {
    if (!signal.aborted) say(await installation.evidence());
    throw error;
  }
}
