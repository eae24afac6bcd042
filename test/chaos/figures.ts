/** How long partitions took no records when something failed, from what was acknowledged when. Pure. */
import { FAMILY, type FaultKind } from './faults/fault.ts';
import type { FaultRecord } from './nemesis.ts';
import type { Summary } from './summary.ts';

export interface GapFigure {
  readonly kind: FaultKind;
  readonly target: string;
  /** Milliseconds from the last acknowledgement to the next one, of each partition that the fault concerned. */
  readonly gapsMs: readonly number[];
}

/** A gap may begin a little after the mending: what was on its way is acknowledged before. */
const AFTERMATH_NS = 1e9;

/**
 * Last ok to first ok of each partition that changed its holder: the widest gap between two acknowledgements that follow
 * each other, of those that the time from the break to the mending meets.
 */
export function failoverGaps(faults: readonly FaultRecord[], summary: Summary): GapFigure[] {
  return faults.filter(changesHolders).flatMap((fault) => {
    const gapsMs = fault.moved.flatMap((key) => gapOf(summary, key, fault));
    return gapsMs.length === 0 ? [] : [{ kind: fault.kind, target: fault.target, gapsMs }];
  });
}

/** After other faults partitions move only by coincidence. */
function changesHolders({ kind }: FaultRecord): boolean {
  return FAMILY[kind] === 'agents' || kind === 'partition-postgres';
}

function gapOf(summary: Summary, key: string, { brokenNs, mendedNs }: FaultRecord): number[] {
  const times = summary.partitions.get(key)?.acknowledgedNs ?? [];
  let widestNs = 0;
  for (let index = 1; index < times.length; index++) {
    const [from, to] = [times[index - 1]!, times[index]!];
    if (to <= brokenNs || from > mendedNs + AFTERMATH_NS) continue;
    widestNs = Math.max(widestNs, to - from);
  }
  return widestNs === 0 ? [] : [Math.round(widestNs / 1e6)];
}

/** Milliseconds from the moment when something serves again to the first ok of each partition. */
export function recoveries(
  faults: readonly FaultRecord[],
  kind: FaultKind,
  summary: Summary,
): readonly number[] {
  return faults
    .filter((fault) => fault.kind === kind)
    .flatMap(({ mendedNs }) =>
      [...summary.partitions.values()].flatMap(({ acknowledgedNs }) => {
        const first = acknowledgedNs.find((t) => t > mendedNs);
        const isKnown = acknowledgedNs.some((t) => t < mendedNs);
        return first === undefined || !isKnown ? [] : [Math.round((first - mendedNs) / 1e6)];
      }),
    );
}
