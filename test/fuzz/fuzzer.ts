/** Runs one target: its corpus as it is, then mutations of it, until the time or the number is over. */
import { readCorpus } from './corpus.ts';
import { mutate, seededRandom } from './mutate.ts';
import type { Finding, FuzzTarget, Subject } from './target.ts';

/** After so many findings a target has told enough. */
const FINDINGS_MAX = 10;

export interface FuzzBounds {
  readonly seed: number;
  /** Mutations at most. */
  readonly executions: number;
  readonly seconds: number;
}

export interface FuzzOutcome {
  readonly target: string;
  readonly executions: number;
  readonly executionsPerSecond: number;
  readonly findings: readonly Finding[];
}

export async function fuzz(target: FuzzTarget, bounds: FuzzBounds): Promise<FuzzOutcome> {
  const corpus = await readCorpus(target);
  const random = seededRandom(bounds.seed);
  const findings: Finding[] = [];
  let executions = 0;
  await using subject = await target.open();
  const startMs = performance.now();
  const seconds = (): number => (performance.now() - startMs) / 1_000;
  for (let start = 0; start < corpus.length; start += target.roundInputs) {
    const inputs = corpus.slice(start, start + target.roundInputs);
    findings.push(...(await subject.round(inputs)));
    executions += inputs.length;
  }
  const end = executions + bounds.executions;
  while (executions < end && seconds() < bounds.seconds && findings.length < FINDINGS_MAX) {
    const length = Math.min(target.roundInputs, end - executions);
    findings.push(...(await subject.round(Array.from({ length }, () => mutate(corpus, random)))));
    executions += length;
  }
  const { name } = target;
  return { target: name, executions, executionsPerSecond: executions / seconds(), findings };
}

/** Gives a target exactly these inputs, as one round. */
export async function replay(
  target: FuzzTarget,
  inputs: readonly Uint8Array[],
): Promise<FuzzOutcome> {
  await using subject: Subject = await target.open();
  const findings = await subject.round(inputs);
  const executions = inputs.length;
  return { target: target.name, executions, executionsPerSecond: 0, findings };
}
