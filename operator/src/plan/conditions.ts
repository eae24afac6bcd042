import type { Condition } from '@streamhouse/api/crd/resource.ts';

/** A condition as a plan finds it; `Finding` of the API is narrower. */
export type Found = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/**
 * The conditions of a status after `found`: the time of a transition stays while the status of its condition does, and
 * what nothing was found about stays as it was. `nowMs` is wall time.
 */
export function withFindings(
  before: readonly Condition[] | undefined,
  found: readonly Found[],
  generation: number,
  nowMs: number,
): readonly Condition[] {
  const known = new Map((before ?? []).map((condition) => [condition.type, condition]));
  for (const finding of found) {
    const previous = known.get(finding.type);
    const hasChanged = previous?.status !== finding.status;
    known.set(finding.type, {
      ...finding,
      lastTransitionTime: hasChanged ? timeOf(nowMs) : previous.lastTransitionTime,
      observedGeneration: generation,
    });
  }
  return [...known.values()];
}

export function conditionOf(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** RFC 3339 in whole seconds, as `metav1.Time`. */
function timeOf(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
