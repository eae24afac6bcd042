/** What `run.json` has. Pure. */
import { FAULT_KINDS, type FaultKind } from './faults/fault.ts';
import { failoverGaps, type GapFigure, recoveries } from './figures.ts';
import type { FaultRecord } from './nemesis.ts';
import type { Played } from './run.ts';
import type { Summary } from './summary.ts';
import type { ZombieFigures } from './zombies.ts';
import { type Verdict, verdictOf, voidReasons } from './verdict.ts';

export interface Finished extends Played {
  readonly seed: number;
  readonly runMs: number;
  readonly kinds: readonly FaultKind[];
  readonly commit: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly folder: string;
  /** Its figures. */
  readonly checker: unknown;
  readonly summary: Summary;
  /** Of checker and audit. */
  readonly findings: readonly string[];
}

export interface RunReport extends Omit<Finished, 'summary'> {
  readonly verdict: Verdict;
  readonly voidReasons: readonly string[];
  readonly counts: Omit<Summary, 'partitions'>;
  readonly faultCounts: Readonly<Record<string, FaultCount>>;
  /** Last ok to first ok of each partition that changed its holder. */
  readonly failovers: readonly GapFigure[];
  /** Milliseconds from when Postgres accepts again to the first ok of each partition. */
  readonly postgresRecoveriesMs: readonly number[];
}

export interface FaultCount {
  readonly scheduled: number;
  readonly felt: number;
  /** Of those: nobody met it at first, but another victim did. */
  readonly secondTries: number;
}

export function report(finished: Finished): RunReport {
  const { summary, ...rest } = finished;
  const { partitions: _, ...counts } = summary;
  return {
    verdict: verdictOf(finished),
    voidReasons: voidReasons(finished),
    ...rest,
    counts,
    faultCounts: countFaults(finished.faults),
    failovers: failoverGaps(finished.faults, summary),
    postgresRecoveriesMs: recoveries(finished.faults, 'postgres-kill', summary),
  };
}

function countFaults(faults: readonly FaultRecord[]): Record<string, FaultCount> {
  const counts: Record<string, FaultCount> = {};
  for (const kind of FAULT_KINDS) {
    const those = faults.filter((fault) => fault.kind === kind);
    const felt = those.filter(({ evidence }) => evidence !== undefined);
    const secondTries = felt.filter(({ unfelt }) => unfelt.length > 0).length;
    if (those.length > 0)
      counts[kind] = { scheduled: those.length, felt: felt.length, secondTries };
  }
  return counts;
}

function renderZombies(zombies: ZombieFigures): string {
  const { wanted, fenced, inPut, refused, publishesRefused, publishesAccepted } = zombies;
  return (
    `  pauses: ${wanted} wanted, ${fenced} fenced asleep, ${inPut} of them in a PUT; ${refused} tried to publish afterwards: ` +
    `${publishesRefused} publishes refused, ${publishesAccepted} accepted, ${zombies.overwrites} overwrites tried`
  );
}

/** For people. */
export function renderReport(run: RunReport): string {
  const { records, operations, calm } = run.counts;
  const lines = [
    `seed ${run.seed}: ${run.verdict.toUpperCase()}`,
    ...run.findings.map((finding) => `  violation: ${finding}`),
    ...run.voidReasons.map((reason) => `  void: ${reason}`),
    `  records: ${records.acknowledged} acknowledged, ${records.failed} failed, ${records.unknown} unknown; ${run.counts.read} read`,
    `  group: ${run.counts.group.read} records read, ${run.counts.group.commits} commits, generation ${run.audit.generation}`,
    `  operations: ${operations.ok} ok, ${operations.fail} failed, ${operations.info} unknown; ${Math.round(calm.ok / calm.seconds)} ok/s before the first fault`,
    `  of ${run.counts.retried.operations} operations with default retries ${run.counts.retried.okWithin30s} were ok within 30 s`,
    `  store: ${run.audit.runs} runs in ${run.audit.objects} objects, ${run.audit.orphans} orphans`,
    ...Object.entries(run.faultCounts).map(
      ([kind, { scheduled, felt, secondTries }]) =>
        `  ${kind}: ${scheduled} scheduled, ${felt} felt${secondTries > 0 ? `, ${secondTries} at the second try` : ''}`,
    ),
    ...(run.zombies === undefined ? [] : [renderZombies(run.zombies)]),
    ...run.failovers.map(
      ({ kind, target, gapsMs }) => `  ${kind} of ${target}: gaps up to ${Math.max(...gapsMs)} ms`,
    ),
    `  ${run.folder}`,
  ];
  return `${lines.join('\n')}\n`;
}
