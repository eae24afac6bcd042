/** Bugs in how a coordinator steers a consumer group, and in how partitions move between its members. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const GROUP = 'packages/core/src/group/group.ts';
const STATE = 'packages/core/src/group/group-state.ts';
const GROUP_TEST = 'packages/core/src/group/group.test.ts';
const SCENARIOS_TEST = 'packages/core/src/group/scenarios.test.ts';
const WITHHOLD_TEST = 'packages/core/src/assignment/withhold.test.ts';
const OWNERS_TEST = 'packages/core/src/assignment/owners.test.ts';
const AGENT_TEST = 'agent/src/group/groups.test.ts';

export const COORDINATOR_MUTANTS: readonly Mutant[] = [
  {
    id: 'join-answered-before-it-is-stored',
    bug: 'members work in a generation that the next coordinator has never heard of',
    invariants: ['I-24', 'I-25'],
    patches: [
      {
        file: GROUP,
        find: "return [{ type: 'SaveGeneration', next }];",
        replace:
          "return [{ type: 'SaveGeneration', next }, ...generationSaved(state, next.generation, 1e15)];",
      },
      {
        file: GROUP,
        find: 'throw new Error(`generation ${saved} is not being saved`);',
        replace: 'return [];',
      },
    ],
    killedBy: [tests(GROUP_TEST, 'keeps I-24 and I-25')],
  },
  {
    id: 'sync-answered-before-it-is-stored',
    bug: 'members own what the next coordinator gives to others',
    invariants: ['I-25'],
    patches: [
      {
        file: GROUP,
        find: "return [...superseded, { type: 'SaveAssignment', generation, assignments, topics }];",
        replace:
          "return [...superseded, { type: 'SaveAssignment', generation, assignments, topics }, ...assignmentSaved(state, generation)];",
      },
    ],
    killedBy: [tests(GROUP_TEST, 'keeps I-24 and I-25')],
  },
  {
    id: 'expelled-member-is-not-told',
    bug: 'a member that its group has given up hears that all is well',
    invariants: ['I-25'],
    patches: [
      {
        file: GROUP,
        find: "effects.push(tell(state, memberId, 'unknownMember'));",
        replace: "effects.push(tell(state, memberId, 'stable'));",
      },
    ],
    killedBy: [tests(SCENARIOS_TEST)],
  },
  {
    id: 'silent-member-is-kept',
    bug: 'partitions of a member that died are never given to others',
    invariants: ['I-25'],
    patches: [
      {
        file: GROUP,
        find: 'Math.min(expiresMs, awaitedUntilMs) <= nowMs)',
        replace: 'Math.min(expiresMs + 1e9, awaitedUntilMs) <= nowMs)',
      },
    ],
    killedBy: [tests(SCENARIOS_TEST), tests(GROUP_TEST)],
  },
  {
    id: 'member-that-does-not-join-is-waited-for',
    bug: 'one member that does not join holds up its whole group',
    invariants: ['I-25'],
    patches: [
      {
        file: GROUP,
        find: 'Math.min(expiresMs, awaitedUntilMs) <= nowMs)',
        replace: 'Math.min(expiresMs, awaitedUntilMs + 1e9) <= nowMs)',
      },
    ],
    killedBy: [tests(SCENARIOS_TEST), tests(GROUP_TEST)],
  },
  {
    id: 'assignment-is-not-checked',
    bug: 'an assignor with a bug gives a partition two owners',
    invariants: ['I-25'],
    patches: [
      {
        file: GROUP,
        find: '!isAssignment(state, event.assignments))',
        replace: '!isAssignment(state, new Map()))',
      },
    ],
    killedBy: [tests(GROUP_TEST, 'keeps I-24 and I-25')],
  },
  {
    id: 'takeover-of-half-a-rebalance',
    bug: 'a coordinator takes a generation for assigned whose assignment was never stored',
    invariants: ['I-25'],
    patches: [
      {
        file: STATE,
        find: "stored.isAssigned ? { kind: 'stable' }",
        replace: "stored.isAssigned || stored ? { kind: 'stable' }",
      },
    ],
    killedBy: [tests(SCENARIOS_TEST), tests(GROUP_TEST)],
  },
  {
    id: 'coordinator-takes-commits-of-any-generation',
    bug: 'a coordinator asks the store for what it knows to be over',
    invariants: ['I-24'],
    patches: [
      {
        file: STATE,
        find: "return committedIn === state.generation ? undefined : 'illegalGeneration';",
        replace: 'return undefined;',
      },
    ],
    killedBy: [tests(GROUP_TEST, 'keeps I-24 and I-25')],
  },
  {
    id: 'nothing-is-withheld',
    bug: 'a partition goes to its new owner while the old one reads it',
    invariants: ['I-25'],
    patches: [
      {
        file: 'packages/core/src/assignment/withhold.ts',
        find: '(isMoving ? withheld : own).push(partition);',
        replace: '(isMoving ? own : own).push(partition);',
      },
    ],
    killedBy: [tests(WITHHOLD_TEST)],
  },
  {
    id: 'old-claims-count',
    bug: 'a member that was away is taken for the owner of what others were given since',
    invariants: ['I-25'],
    patches: [
      {
        file: 'packages/core/src/assignment/owners.ts',
        find: 'other === undefined || other.generation < generation)',
        replace: 'other === undefined || other.generation > generation)',
      },
    ],
    killedBy: [tests(OWNERS_TEST)],
  },
  {
    id: 'commits-side-by-side',
    bug: 'a later commit of a member is stored before an earlier one, and the group goes back',
    invariants: ['I-26'],
    patches: [
      {
        file: 'agent/src/group/commit-batcher.ts',
        find: 'while (this.#waiting.length > 0) await this.#store(this.#take());',
        replace: 'while (this.#waiting.length > 0) void this.#store(this.#take());',
      },
    ],
    killedBy: [tests(AGENT_TEST, 'I-26')],
  },
];
