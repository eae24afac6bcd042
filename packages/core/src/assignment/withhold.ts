import { StreamError } from '../errors.ts';
import { type Assignment, partitionName, type TopicPartitionName } from './assignor.ts';

/** What one generation hands out of a target. */
export interface GenerationAssignment {
  readonly assigned: Assignment;
  /** What nobody owns in this generation. Its old owners revoke it and join again, and the next generation has it. */
  readonly withheld: readonly TopicPartitionName[];
}

/**
 * Takes out of `target` what moves: a partition whose valid owner is another member is given to nobody, since that member
 * may read it until it has seen that it is missing. So no partition has two owners, and what does not move does not stop.
 *
 * @param owners Of `ownersOf`.
 * @throws StreamError `invalid` ASSIGNED_TWICE when an own assignor gives a partition twice.
 */
export function withholdMoving(
  target: Assignment,
  owners: ReadonlyMap<string, string>,
): GenerationAssignment {
  const assigned = new Map<string, readonly TopicPartitionName[]>();
  const withheld: TopicPartitionName[] = [];
  const seen = new Set<string>();
  for (const [memberId, partitions] of target) {
    const own: TopicPartitionName[] = [];
    for (const partition of partitions) {
      const name = partitionName(partition);
      if (seen.has(name)) throw assignedTwice(name);
      seen.add(name);
      const isMoving = (owners.get(name) ?? memberId) !== memberId;
      (isMoving ? withheld : own).push(partition);
    }
    assigned.set(memberId, own);
  }
  return { assigned, withheld };
}

function assignedTwice(name: string): StreamError {
  return new StreamError('invalid', 'ASSIGNED_TWICE', `the assignor gives ${name} twice`);
}
