/** Carries a fault out from its start to the moment when its victim serves again, and writes it down. */
import { pause } from '@streamhouse/standalone/process.ts';
import type { HolderFact } from '../harness/facts.ts';
import { FAULTS } from './faults/catalogue.ts';
import { FAMILY, type FaultKind, type Random } from './faults/fault.ts';
import type { Stage } from './stage/stage.ts';

export interface FaultRecord {
  readonly kind: FaultKind;
  readonly target: string;
  /** Nanoseconds since the run began at which it was broken, and at which it was mended. */
  readonly brokenNs: number;
  readonly mendedNs: number;
  /** What the victim showed; undefined: the run is void. */
  readonly evidence: string | undefined;
  /** Whether the victim served again in time; if not, the run is void. */
  readonly isOver: boolean;
  /** Victims that did not feel it, before the one that was tried instead of them. */
  readonly unfelt: readonly string[];
  /** Partitions, as `topic/partition`, that had another holder afterwards. */
  readonly moved: readonly string[];
}

/**
 * Whether nobody may come by: such a fault waits for requests of its victim, who may have left, or may have nothing to ask
 * for. What the product must do about other faults has no second try.
 */
function waitsForTraffic(kind: FaultKind): boolean {
  return FAMILY[kind] === 'links' || FAMILY[kind] === 's3';
}

/** Bounded by the waits of the stage. Never throws: what fails here makes the run void. */
export async function inflict(stage: Stage, kind: FaultKind, random: Random): Promise<FaultRecord> {
  const first = await attempt(stage, kind, random);
  if (first.evidence !== undefined || !waitsForTraffic(kind) || stage.signal.aborted) return first;
  stage.say(`${kind} of ${first.target} met nobody; once more`);
  return { ...(await attempt(stage, kind, random)), unfelt: [first.target] };
}

async function attempt(stage: Stage, kind: FaultKind, random: Random): Promise<FaultRecord> {
  const { recorder } = stage;
  const write = (type: 'invoke' | 'ok' | 'info', change: 'start' | 'stop', target: string): void =>
    recorder.write('nemesis', type, 'fault', { kind, change, target });
  write('invoke', 'start', 'not yet chosen');
  let record: FaultRecord = {
    kind,
    target: 'nobody',
    brokenNs: recorder.now(),
    mendedNs: recorder.now(),
    evidence: undefined,
    isOver: false,
    unfelt: [],
    moved: [],
  };
  try {
    const before = await holdersOf(stage);
    const running = await FAULTS[kind](stage, random);
    const { target } = running;
    record = { ...record, target, brokenNs: recorder.now() };
    try {
      record = { ...record, evidence: await stage.untilGiven(running.felt) };
      write('ok', 'start', target);
      await pause(running.holdMs, stage.signal);
    } finally {
      write('invoke', 'stop', target);
      await running.stop();
      write('ok', 'stop', target);
      record = { ...record, mendedNs: recorder.now() };
    }
    await stage.untilGiven(async () => (await running.isOver()) || undefined);
    return { ...record, isOver: true, moved: movedPartitions(before, await holdersOf(stage)) };
  } catch (error) {
    write('info', 'start', record.target);
    stage.say(`${kind} of ${record.target} failed: ${describe(error)}`);
    return record;
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
