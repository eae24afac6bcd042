/** Bugs in what members of consumer groups do: what they own, what they give up, and what they commit. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const TRACKER = 'packages/client/src/consumer/offset-tracker.ts';
const TRACKER_TEST = 'packages/client/src/consumer/offset-tracker.test.ts';
const MEMBERSHIP = 'packages/client/src/group/membership.ts';
const MEMBERSHIP_TEST = 'packages/client/src/group/membership.test.ts';
const PARTITIONS = 'packages/client/src/group/group-partitions.ts';
const GROUPS_TEST = 'test/scenario/groups.test.ts';
const PROGRESS_TEST = 'test/scenario/group-progress.test.ts';

export const CLIENT_GROUP_MUTANTS: readonly Mutant[] = [
  {
    id: 'auto-commit-of-what-was-polled',
    bug: 'a consumer commits by itself what its program still works on',
    invariants: ['I-26'],
    patches: [
      {
        file: TRACKER,
        find: 'if (begin === undefined) return partition.position;\n',
        replace: 'if (begin === undefined || begin >= 0) return partition.position;\n',
      },
    ],
    killedBy: [tests(TRACKER_TEST, 'I-26'), tests(PROGRESS_TEST, 'I-26')],
  },
  {
    id: 'auto-commit-of-the-record-in-hand',
    bug: 'an iteration over records commits the one that the program works on',
    invariants: ['I-26'],
    patches: [
      {
        file: TRACKER,
        find: 'this.#endOf(partition, (this.#cursor?.handed ?? 0) - 1) ?? begin',
        replace: 'this.#endOf(partition, this.#cursor?.handed ?? 0) ?? begin',
      },
    ],
    killedBy: [tests(TRACKER_TEST, 'I-26'), tests(PROGRESS_TEST, 'I-26')],
  },
  {
    id: 'failed-handler-goes-on',
    bug: 'records whose handler failed are passed over',
    invariants: ['I-26'],
    patches: [
      {
        file: 'packages/client/src/consumer/handler-run.ts',
        find: 'else reads.seek(reader, next);',
        replace: 'else reads.tracker.forget(reader);',
      },
    ],
    killedBy: [tests(PROGRESS_TEST, 'G-06')],
  },
  {
    id: 'revoked-from-a-busy-program',
    bug: 'a partition goes to another member while the program works on its records',
    invariants: ['I-26'],
    patches: [
      {
        file: PARTITIONS,
        find: 'reader !== undefined && reads.tracker.isOut(reader)',
        replace: 'reader === undefined',
      },
    ],
    killedBy: [tests(GROUPS_TEST, 'waits for the program')],
  },
  {
    id: 'released-before-it-is',
    bug: 'a member gives a partition up in its claims and reads it on',
    invariants: ['I-25'],
    patches: [
      {
        file: MEMBERSHIP,
        find: "  for (const key of revoked) state.owned.set(key, 'revoking');\n  return [\n",
        replace: '  for (const key of revoked) state.claimed.delete(key);\n  return [\n',
      },
    ],
    killedBy: [tests(MEMBERSHIP_TEST)],
  },
  {
    id: 'given-up-and-goes-on',
    bug: 'a member that its group has given up keeps what it had',
    invariants: ['I-25'],
    patches: [
      {
        file: MEMBERSHIP,
        find: 'return [...loseAll(state), ...enter(state, newMemberId, false)];',
        replace: 'return enter(state, newMemberId, false);',
      },
    ],
    killedBy: [tests(MEMBERSHIP_TEST, 'given up')],
  },
  {
    id: 'moved-at-once',
    bug: 'the leader gives a partition to its new owner before the old one has released it',
    invariants: ['I-25'],
    patches: [
      {
        file: 'packages/client/src/group/leader.ts',
        find: 'ownersOf(members));',
        replace: 'ownersOf([]));',
      },
    ],
    killedBy: [tests(MEMBERSHIP_TEST, 'I-25')],
  },
  {
    id: 'answer-to-an-earlier-join',
    bug: 'a member takes the assignment of a generation that is over',
    invariants: ['I-25'],
    patches: [
      {
        file: MEMBERSHIP,
        find: "return event.round === state.round && state.phase === 'syncing'",
        replace: "return state.phase === 'syncing' || state.phase === 'joining'",
      },
    ],
    killedBy: [tests(MEMBERSHIP_TEST, 'earlier join')],
  },
  {
    id: 'added-partition-from-its-end',
    bug: 'records of a partition that came later are passed over by a group that begins at the end',
    invariants: ['I-29'],
    patches: [{ file: PARTITIONS, find: "isAdded ? 'earliest' : undefined", replace: 'undefined' }],
    killedBy: [tests(PROGRESS_TEST, 'I-29')],
  },
  {
    id: 'group-goes-on-in-a-deleted-topic',
    bug: 'members do not see that a topic was made again under its name',
    invariants: ['I-28'],
    patches: [
      {
        file: 'packages/client/src/group/topic-watch.ts',
        find: 'return known?.topicId !== topic.topicId || known.partitions',
        replace: 'return known === undefined || known.partitions',
      },
      {
        file: 'packages/client/src/group/topic-watch.ts',
        find: 'if (this.#known.delete(name)) this.#options.onChange();',
        replace: '',
      },
    ],
    killedBy: [tests(PROGRESS_TEST, 'I-28')],
  },
];
