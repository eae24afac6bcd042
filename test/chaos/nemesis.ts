/** Carries a fault out from its start to the moment when its victim serves again, and writes it down. */
import { pause } from '@streamhouse/standalone/process.ts';
import type { HolderFact } from '../harness/facts.ts';
import { FAULTS } from './faults/catalogue.ts';
import type { FaultKind, Random } from './faults/fault.ts';
import type { Stage } from './stage/stage.ts';

export interface FaultRecord {
  readonly kind: FaultKind;
  readonly target: string;
  /** Nanoseconds since the run began at which it was broken, and at which it was mended. */
  readonly brokenNs: number;
  readonly mendedNs: number;
  /** What the victim showed; undefined: the run is void. */
  readonly evidence: string | undefined;
  /** Partitions, as `topic/partition`, that had another holder afterwards. */
  readonly moved: readonly string[];
}

/** Bounded by the waits of the stage. Never throws: what fails here makes the run void. */
export async function inflict(stage: Stage, kind: FaultKind, random: Random): Promise<FaultRecord> {
  const { recorder } = stage;
  const before = await holdersOf(stage);
  const write = (type: 'invoke' | 'ok' | 'info', change: 'start' | 'stop', target: string): void =>
    recorder.write('nemesis', type, 'fault', { kind, change, target });
  write('invoke', 'start', 'not yet chosen');
  let target = 'nobody';
  let brokenNs = recorder.now();
  let evidence: string | undefined;
  try {
    const running = await FAULTS[kind](stage, random);
    brokenNs = recorder.now();
    target = running.target;
    try {
      evidence = await stage.untilGiven(running.felt);
      write('ok', 'start', target);
      await pause(running.holdMs, stage.signal);
    } finally {
      write('invoke', 'stop', target);
      await running.stop();
      write('ok', 'stop', target);
    }
    const mendedNs = recorder.now();
    await stage.untilGiven(async () => (await running.isOver()) || undefined);
    const moved = movedPartitions(before, await holdersOf(stage));
    return { kind, target, brokenNs, mendedNs, evidence, moved };
  } catch (error) {
    write('info', 'start', target);
    const mendedNs = recorder.now();
    stage.say(`${kind} of ${target} failed: ${describe(error)}`);
    return { kind, target, brokenNs, mendedNs, evidence: undefined, moved: [] };
  }
}

function holdersOf(stage: Stage): Promise<readonly HolderFact[]> {
  return stage.untilGiven(() => stage.facts.holders());
}

function movedPartitions(before: readonly HolderFact[], after: readonly HolderFact[]): string[] {
  const keyOf = ({ topic, partition }: HolderFact): string => `${topic}/${partition}`;
  const old = new Map(before.map((fact) => [keyOf(fact), fact.incarnation]));
  return after
    .filter((fact) => old.has(keyOf(fact)) && old.get(keyOf(fact)) !== fact.incarnation)
    .map(keyOf);
}

function describe(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
