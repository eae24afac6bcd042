/** Bugs in whose a topic is, in which operator may say so, and in what is left of a topic that was deleted. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const SQL = 'packages/store/migrations/0006-operator.sql';
/** Has the later `purge_topic`. */
const GROUPS_SQL = 'packages/store/migrations/0007-groups.sql';
const CLAIM_TEST = 'packages/store/src/metadata/pg/operator-claim.test.ts';
const LIFECYCLE_TEST = 'packages/store/src/metadata/pg/operator-lifecycle.test.ts';
const OWNERS_TEST = 'packages/store/src/metadata/pg/operator-owners.test.ts';
const PURGE_TEST = 'packages/store/src/metadata/pg/operator-purge.test.ts';

export const OPERATOR_MUTANTS: readonly Mutant[] = [
  {
    id: 'old-operator-claims-on',
    bug: 'a leader of the operators that was replaced can go on to change topics',
    invariants: ['I-28'],
    patches: [{ file: SQL, find: 'WHERE l.epoch = term FOR SHARE', replace: 'FOR SHARE' }],
    killedBy: [tests(LIFECYCLE_TEST, 'ends every earlier one')],
  },
  {
    id: 'new-operator-does-not-wait',
    bug: 'a leader begins while the one before it is in the middle of a change',
    invariants: ['I-28'],
    patches: [
      { file: SQL, find: 'WHERE l.epoch = term FOR SHARE', replace: 'WHERE l.epoch = term' },
    ],
    killedBy: [tests(LIFECYCLE_TEST, 'begins once')],
  },
  {
    id: 'claim-takes-from-another-owner',
    bug: 'a resource gets a topic that another resource has',
    invariants: ['I-28'],
    patches: [
      {
        file: SQL,
        find: "ELSIF present.owner_uid IS NOT NULL OR present.name <> wish ->> 'topicName' THEN",
        replace: "ELSIF present.name <> wish ->> 'topicName' THEN",
      },
    ],
    killedBy: [tests(CLAIM_TEST, 'by another resource'), tests(OWNERS_TEST)],
  },
  {
    id: 'claim-locks-in-any-order',
    bug: 'a claim and a takeover can wait for each other',
    invariants: ['I-28'],
    patches: [
      {
        file: SQL,
        find: 'ORDER BY (topic_of_wish(w.wish)).topic_id NULLS LAST, w.place',
        replace: 'ORDER BY w.place',
      },
    ],
    killedBy: [tests(CLAIM_TEST, 'order of their ids')],
  },
  {
    id: 'claim-shrinks-a-topic',
    bug: 'a spec with fewer partitions than the topic has makes the topic smaller',
    invariants: ['I-29'],
    patches: [
      {
        file: SQL,
        find: 'partitions = greatest(t.partitions, excluded.partitions),',
        replace: 'partitions = excluded.partitions,',
      },
    ],
    killedBy: [tests(CLAIM_TEST, 'I-29')],
  },
  {
    id: 'lost-topic-made-again-unasked',
    bug: 'a resource whose records are gone silently gets an empty topic',
    invariants: ['I-28'],
    patches: [
      { file: SQL, find: "    IF is_bound THEN RETURN 'dataLost'; END IF;\n", replace: '' },
    ],
    killedBy: [tests(CLAIM_TEST, 'stays free')],
  },
  {
    id: 'api-deletes-a-managed-topic',
    bug: 'the API deletes a topic that a resource manages',
    invariants: ['I-28'],
    patches: [
      {
        file: SQL,
        find: '  PERFORM refuse_managed(present);\n  PERFORM hide_topic(id, NULL);\n',
        replace: '  PERFORM hide_topic(id, NULL);\n',
      },
    ],
    killedBy: [tests(CLAIM_TEST, 'cannot be altered or deleted'), tests(OWNERS_TEST)],
  },
  {
    id: 'late-delete-of-a-former-owner',
    bug: 'a deletion that was asked for a resource long gone hides the topic of the one that has it now',
    invariants: ['I-28'],
    patches: [
      {
        file: SQL,
        find: "  IF present.owner_uid IS DISTINCT FROM uid THEN RETURN 'notOwned'; END IF;\n",
        replace: '',
      },
    ],
    killedBy: [tests(LIFECYCLE_TEST, 'is deleted once'), tests(OWNERS_TEST)],
  },
  {
    id: 'half-purged-topic-restored',
    bug: 'a topic of which records are gone already comes back as if it were whole',
    invariants: ['I-01'],
    patches: [
      {
        file: GROUPS_SQL,
        find: '    WHERE t.topic_id = id AND t.owner_uid IS NOT NULL;\n',
        replace: '    WHERE false;\n',
      },
    ],
    killedBy: [tests(PURGE_TEST, 'half gone')],
  },
  {
    id: 'purge-takes-objects-in-use',
    bug: 'an object becomes garbage when the first of the topics in it is purged',
    invariants: ['I-01'],
    patches: [
      {
        file: SQL,
        find: 'CASE WHEN o.refs = locked.refs THEN clock_timestamp() END',
        replace: 'clock_timestamp()',
      },
    ],
    killedBy: [tests(PURGE_TEST, 'bounded steps')],
  },
  {
    id: 'forgets-an-object-in-use',
    bug: 'an object that others refer to is forgotten with the garbage',
    invariants: ['I-01', 'I-09'],
    patches: [
      {
        file: SQL,
        find: 'AND o.refs = 0 AND o.unreferenced_at IS NOT NULL',
        replace: '',
      },
    ],
    killedBy: [tests(PURGE_TEST, 'I-30'), tests(PURGE_TEST, 'I-09')],
  },
];
