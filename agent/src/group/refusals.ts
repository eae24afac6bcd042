import { StreamError } from '@streamhouse/core/errors.ts';
import type { GroupRefusal } from '@streamhouse/core/group/group.ts';
import type { CommitFault } from '@streamhouse/core/group/group-state.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';

/** Milliseconds after which a slot that changes hands may be found again. */
const HANDED_OVER_MS = 50;
const FULL_MS = 1000;

const REFUSALS: Readonly<Record<GroupRefusal | CommitFault, () => StreamError>> = {
  unknownMember: () =>
    new StreamError(
      'conflict',
      'UNKNOWN_MEMBER',
      'the group does not know this member, or has given it up: join again',
    ),
  illegalGeneration: () =>
    new StreamError(
      'conflict',
      'ILLEGAL_GENERATION',
      'the group is in another generation: join it first',
    ),
  rebalanceInProgress: () =>
    new StreamError('conflict', 'REBALANCE_IN_PROGRESS', 'a new generation begins: join it'),
  fencedInstance: () =>
    new StreamError(
      'fenced',
      'FENCED_INSTANCE',
      'a newer member has come under this group instance id: close this one',
    ),
  inconsistentAssignors: () =>
    new StreamError(
      'conflict',
      'INCONSISTENT_ASSIGNORS',
      'the member has no assignor in common with the others',
    ),
  groupFull: () =>
    new StreamError(
      'overloaded',
      'GROUP_FULL',
      `a group has at most ${LIMITS.groupMembersMax} members, who claim ${LIMITS.groupClaimsMax} partitions`,
      { retryAfterMs: FULL_MS },
    ),
  invalidAssignment: () =>
    new StreamError(
      'invalid',
      'INVALID_ASSIGNMENT',
      'the assignment names a partition twice, or somebody who is not in this generation',
    ),
  superseded: () =>
    new StreamError('unavailable', 'SUPERSEDED', 'the member has made this call again'),
  hasMembers: () =>
    new StreamError(
      'conflict',
      'GROUP_HAS_MEMBERS',
      'the group has members: only they may do this',
    ),
};

/** The error that tells a member why not. */
export function groupError(refusal: GroupRefusal | CommitFault): StreamError {
  return REFUSALS[refusal]();
}

export function groupNotFound(groupId: string): StreamError {
  return new StreamError('notFound', 'GROUP_NOT_FOUND', `there is no group "${groupId}"`);
}

/** @param address of the agent that coordinates the group, as far as it is known. */
export function notCoordinator(address: string | undefined): StreamError {
  return new StreamError(
    'notHolder',
    'NOT_COORDINATOR',
    address === undefined
      ? 'the group has no coordinator at this moment: ask again'
      : `the group is coordinated by ${address}`,
    address === undefined ? { retryAfterMs: HANDED_OVER_MS } : { details: { address } },
  );
}
