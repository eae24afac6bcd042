/** What consumer groups cost, and how long a rebalance takes: their parts one after the other, each in a cluster of its own. */
import type { BenchContext } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { benchGroupCommits } from './commits.ts';
import { benchGroupConsume } from './consume.ts';
import { benchGroupGaps } from './gaps.ts';
import { benchIdleGroups } from './idle.ts';
import { benchRebalance } from './rebalance.ts';

export async function benchGroups(context: BenchContext): Promise<Figure[]> {
  return [
    ...(await benchGroupConsume(context)),
    ...(await benchRebalance(context)),
    ...(await benchGroupGaps(context)),
    ...(await benchGroupCommits(context)),
    ...(await benchIdleGroups(context)),
  ];
}
