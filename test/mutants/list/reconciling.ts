/** Bugs in what the operator does about Topic resources: whose topics it gives away, deletes, or takes for those that were lost. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const PLAN = 'operator/src/plan/topic.ts';
const PLAN_TEST = 'operator/src/plan/topic.test.ts';
const TERM = 'operator/src/controllers/topic-term.ts';
const BUFFER = 'operator/src/controllers/claim-buffer.ts';
const BUFFER_TEST = 'operator/src/controllers/claim-buffer.test.ts';
const TERMS_TEST = 'test/scenario/operator-terms.test.ts';
const FAULTS_TEST = 'test/scenario/operator-faults.test.ts';

export const RECONCILING_MUTANTS: readonly Mutant[] = [
  {
    id: 'loser-of-a-name-holds-its-resource',
    bug: 'a resource that got no topic has a finalizer all the same',
    invariants: [],
    patches: [
      {
        file: PLAN,
        find: 'const hasFinalizer = owns && wantsFinalizer(resource);',
        replace: 'const hasFinalizer = wantsFinalizer(resource);',
      },
    ],
    killedBy: [tests(PLAN_TEST, 'holds a resource by a finalizer')],
  },
  {
    id: 'empty-topic-for-a-lost-one',
    bug: 'a resource forgets which topic it lost, and takes an empty one in its place unasked',
    invariants: ['I-28'],
    patches: [
      {
        file: PLAN,
        find: 'topicId: status.topicId, topicName: wish.topicName };',
        replace: 'topicName: wish.topicName };',
      },
    ],
    killedBy: [tests(PLAN_TEST, 'never binds a resource to another topic')],
  },
  {
    id: 'pause-does-not-stop-deletion',
    bug: 'the topic of a paused resource is deleted',
    invariants: [],
    patches: [
      {
        file: PLAN,
        find: `  if (resource.spec.paused) return settle(resource, pausedFindings(resource), nowMs);
  if (resource.spec.deletionPolicy`,
        replace: '  if (resource.spec.deletionPolicy',
      },
    ],
    killedBy: [tests(PLAN_TEST, 'deletes the topic of a resource that is deleted')],
  },
  {
    id: 'new-spec-passes-for-the-old-one',
    bug: 'a resource that was ready once counts as applied whatever its spec says now',
    invariants: [],
    patches: [{ file: PLAN, find: 'status.specHash === wish.specHash &&', replace: '' }],
    killedBy: [tests(PLAN_TEST, 'asks nothing of Postgres when the spec is applied')],
  },
  {
    id: 'outage-changes-every-status',
    bug: 'while Postgres is away, topics that are as they should be say that they are not known',
    invariants: [],
    patches: [
      {
        file: PLAN,
        find: 'if (!isDeleting && hasVerdict(resource)) return undefined;',
        replace: '',
      },
    ],
    killedBy: [tests(PLAN_TEST, 'keeps what is known while Postgres is away')],
  },
  {
    id: 'one-bad-wish-fails-all',
    bug: 'a wish that the database chokes on takes all that share its statement with it',
    invariants: [],
    patches: [{ file: BUFFER, find: 'if (isOfOne) for', replace: 'if (!isOfOne && isOfOne) for' }],
    killedBy: [tests(BUFFER_TEST, 'keeps a wish that the database chokes on')],
  },
  {
    id: 'sweep-believes-the-cache',
    bug: 'a topic whose resource the cache lacks is released without asking for the list of now',
    invariants: [],
    patches: [
      {
        file: TERM,
        find: 'if (!uids.has(owner.uid)) await',
        replace: 'if (uids.size >= 0) await',
      },
    ],
    killedBy: [tests(FAULTS_TEST, 'an owner is gone only when')],
  },
  {
    id: 'fenced-leader-stays',
    bug: 'an operator whose term was ended in Postgres tries its writes for ever and begins no other term',
    invariants: [],
    patches: [
      {
        file: TERM,
        find: "error.kind === 'fenced'",
        replace: "error.kind === 'corrupt'",
      },
    ],
    killedBy: [tests(TERMS_TEST, 'a leader whose term was ended')],
  },
];
