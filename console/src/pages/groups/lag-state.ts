import type { LagThresholds } from '@streamhouse/api/rest/session.ts';

export type LagState = 'caught up' | 'normal' | 'lagging';

/** What to call a lag, in records. */
export function lagState(lag: number, { caughtUpMax, normalMax }: LagThresholds): LagState {
  if (lag <= caughtUpMax) return 'caught up';
  return lag <= normalMax ? 'normal' : 'lagging';
}
