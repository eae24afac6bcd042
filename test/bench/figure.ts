/** One measured thing: all its runs, what they come to, and what they should. */
import { type Spread, spreadOf } from './stats.ts';

export interface Target {
  readonly kind: 'atLeast' | 'atMost';
  readonly value: number;
  /** Beyond it the whole command fails. */
  readonly fail?: number;
}

export interface Figure extends Spread {
  readonly name: string;
  readonly unit: string;
  readonly runs: readonly number[];
  readonly target: Target | undefined;
  /** Whether the median meets the target; undefined without one. */
  readonly isMet: boolean | undefined;
}

export function figure(
  name: string,
  unit: string,
  runs: readonly number[],
  target?: Target,
): Figure {
  const spread = spreadOf(runs);
  return { name, unit, ...spread, runs: runs.map(rounded), target, isMet: isMet(spread, target) };
}

/** Whether it is so far from its target that it is a fault. */
export function isFault({ median, target }: Figure): boolean {
  if (target?.fail === undefined) return false;
  return target.kind === 'atLeast' ? median < target.fail : median > target.fail;
}

function isMet({ median }: Spread, target: Target | undefined): boolean | undefined {
  if (target === undefined) return undefined;
  return target.kind === 'atLeast' ? median >= target.value : median <= target.value;
}

/** Three places are more than any of these measurements can tell. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
