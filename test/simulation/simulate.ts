/** One run: a world, faults, healing, and the judgement. The seed is all of it. */
import type { AgentMetrics } from '@streamhouse/agent/metrics.ts';
import type { Violation } from './check/history.ts';
import { FaultSchedule } from './fault-schedule.ts';
import { type PlantedBug, SimWorld } from './sim-world.ts';
import type { CountsByFault } from './world/fault-counts.ts';

export interface RunOptions {
  readonly seed: number;
  readonly metrics: AgentMetrics;
  readonly bug?: PlantedBug | undefined;
  /** Lines of the trace to keep, the newest ones. */
  readonly traceLinesMax?: number;
  /** Milliseconds during which things go wrong. */
  readonly faultsMs?: { readonly min: number; readonly max: number };
}

export interface RunResult {
  readonly seed: number;
  readonly simulatedMs: number;
  readonly steps: number;
  /** Of the whole trace: the same for the same seed. */
  readonly digest: string;
  readonly trace: readonly string[];
  readonly counts: CountsByFault;
  readonly sends: { readonly ok: number; readonly fail: number; readonly unknown: number };
  readonly reads: number;
  readonly violation: Violation | undefined;
}

const FAULTS_MS = { min: 10_000, max: 25_000 };
/** Milliseconds after the healing until everything is told and read. */
const QUIET_MS_MAX = 90_000;
const TRACE_LINES = 200;

export async function simulate(options: RunOptions): Promise<RunResult> {
  const { stackTraceLimit } = Error;
  // Refusals by the thousand, and nobody reads where they were thrown: a seed can be run again.
  Error.stackTraceLimit = 0;
  try {
    return await run(options);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

async function run(options: RunOptions): Promise<RunResult> {
  const { seed, metrics, bug, traceLinesMax = TRACE_LINES, faultsMs = FAULTS_MS } = options;
  const world = new SimWorld({ seed, metrics, bug, traceLinesMax });
  const { scheduler, history } = world;
  const faults = new FaultSchedule(world);
  const isViolated = (): boolean => history.violation !== undefined;
  await scheduler.runUntil(world.random.between(faultsMs.min, faultsMs.max), isViolated);
  if (!isViolated()) {
    faults.heal();
    world.stopSending();
    const endMs = scheduler.nowMs + QUIET_MS_MAX;
    await scheduler.runUntil(endMs, () => isViolated() || world.isQuiet());
    if (!isViolated() && !world.isQuiet()) history.violate('liveness', unfinished(world));
    if (!isViolated()) world.check();
  }
  const outcomes = Map.groupBy(history.sends, ({ outcome }) => outcome?.type);
  const count = (type: 'ok' | 'fail' | 'unknown'): number => outcomes.get(type)?.length ?? 0;
  return {
    seed,
    simulatedMs: scheduler.nowMs,
    steps: scheduler.steps,
    trace: world.trace.tail(traceLinesMax),
    digest: world.trace.digest(),
    counts: world.weather.counts.toJSON(),
    sends: { ok: count('ok'), fail: count('fail'), unknown: count('unknown') },
    reads: history.reads,
    violation: history.violation,
  };
}

function unfinished(world: SimWorld): string {
  const open = world.history.sends.filter(({ outcome }) => outcome === undefined);
  const values = open
    .slice(0, 5)
    .map(({ value, topic, partition }) => `${value} ${topic}/${partition}`);
  return `${open.length} sends without an outcome (${values.join(', ')}), ${world.lag()} records unread`;
}
