/** Passed, violated or void: what a run proves. Pure. */
import { FAMILY } from './faults/fault.ts';
import type { FaultRecord } from './nemesis.ts';
import type { Summary } from './summary.ts';
import { type ZombieFigures, zombieVoidReasons } from './zombies.ts';

export type Verdict = 'passed' | 'violated' | 'void';

export const EXIT_CODES: Readonly<Record<Verdict, number>> = { passed: 0, violated: 1, void: 3 };

/** Operations a second right before the first fault, at least: what did not work cannot be broken. */
export const OK_PER_SECOND_MIN = 100;
/** Of the operations whose end is known to have come. */
const UNKNOWN_SHARE_MAX = 0.2;

export interface Outcome {
  readonly summary: Summary;
  readonly faults: readonly FaultRecord[];
  /** Partitions, as `topic/partition`, of the topics that there are at the end. */
  readonly livePartitions: readonly string[];
  /** What the checker and the audit found. */
  readonly findings: readonly string[];
  /** Of a run of pauses. */
  readonly zombies: ZombieFigures | undefined;
  /** What kept the run from its end, one sentence each. */
  readonly troubles: readonly string[];
}

/** Why a run proves nothing, even if nothing was found. */
export function voidReasons(outcome: Outcome): string[] {
  const { summary, faults, livePartitions, troubles, zombies } = outcome;
  const reasons = [...troubles, ...(zombies === undefined ? [] : zombieVoidReasons(zombies))];
  const { ok, seconds } = summary.calm;
  if (ok < OK_PER_SECOND_MIN * seconds || seconds <= 0)
    reasons.push(`${ok} ok operations in ${seconds.toFixed(1)} s before the first fault`);
  for (const { kind, target, evidence, isOver } of faults) {
    if (evidence === undefined) reasons.push(`${kind} was not felt by ${target}`);
    else if (!isOver) reasons.push(`${target} did not recover from ${kind}`);
  }
  const { read, commits } = summary.group;
  if (read === 0 || commits === 0)
    reasons.push(`the group read ${read} records and committed ${commits} times`);
  // After a fault of an agent's process its partitions are with others.
  const failovers = faults.filter(({ kind }) => FAMILY[kind] === 'agents');
  if (failovers.length > 0 && failovers.every(({ moved }) => moved.length === 0))
    reasons.push('no partition changed its holder');
  for (const key of livePartitions) {
    const last = summary.partitions.get(key)?.last ?? 'missing';
    if (last !== 'ok') reasons.push(`the last operation of ${key} is ${last}`);
  }
  const { ok: good, fail, info } = summary.operations;
  if (info > UNKNOWN_SHARE_MAX * (good + fail + info))
    reasons.push(`${info} of ${good + fail + info} operations have an unknown outcome`);
  return reasons;
}

/** What was found counts even in a run that is void otherwise. */
export function verdictOf(outcome: Outcome): Verdict {
  if (outcome.findings.length > 0) return 'violated';
  return voidReasons(outcome).length > 0 ? 'void' : 'passed';
}
