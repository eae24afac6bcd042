/** Bugs in who may write what is kept of a consumer group, and in what of it belongs to which topic. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const SQL = 'packages/store/migrations/0007-groups.sql';
const STORE = 'packages/store/src/metadata/pg/groups.ts';
const CONFORMANCE_TEST = 'packages/store/src/metadata/pg/conformance.test.ts';
const GROUPS_TEST = 'packages/store/src/metadata/pg/groups.test.ts';

const SESSION = {
  file: SQL,
  find: 'AND NOT a.fenced FOR SHARE;\n  IF NOT FOUND THEN RAISE',
};

export const GROUP_MUTANTS: readonly Mutant[] = [
  {
    id: 'commit-without-generation',
    bug: 'a member commits whatever generation it is from',
    invariants: ['I-24'],
    patches: [
      {
        file: SQL,
        find: "      WHEN g.generation <> w.generation THEN 'staleGeneration'\n",
        replace: '',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-24')],
  },
  {
    id: 'commit-without-member',
    bug: 'who was expelled from a group, or never was in it, commits',
    invariants: ['I-24'],
    patches: [
      {
        file: SQL,
        find: 'AND m.member_id = w.member)\n        THEN',
        replace: ')\n        THEN',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-24')],
  },
  {
    id: 'commit-without-slot-fence',
    bug: 'a coordinator commits for groups whose slot went to another one',
    invariants: ['I-24'],
    patches: [{ file: SQL, find: 'WHEN NOT w.held OR ', replace: 'WHEN ' }],
    killedBy: [tests(CONFORMANCE_TEST, 'I-24')],
  },
  {
    id: 'commit-without-slot-epoch',
    bug: 'a commit under an epoch that its coordinator had before counts',
    invariants: ['I-05', 'I-24'],
    patches: [
      {
        file: SQL,
        find: 'ON s.slot = w.slot AND s.epoch = w.epoch AND s.holder',
        replace: 'ON s.slot = w.slot AND s.holder',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-24')],
  },
  {
    id: 'commit-without-fence',
    bug: 'a fenced incarnation commits for groups that nobody has taken over yet',
    invariants: ['I-24'],
    patches: [{ ...SESSION, replace: 'FOR SHARE;\n  IF NOT FOUND THEN RAISE' }],
    killedBy: [tests(CONFORMANCE_TEST, 'I-24')],
  },
  {
    id: 'commit-beside-fence',
    bug: 'a commit does not hold the session that it found live, so that a fence does not wait for it',
    invariants: ['I-24'],
    patches: [{ ...SESSION, replace: 'AND NOT a.fenced;\n  IF NOT FOUND THEN RAISE' }],
    killedBy: [tests(GROUPS_TEST, 'I-24')],
  },
  {
    id: 'commit-beside-handover',
    bug: 'a commit does not hold its slot, so that the next coordinator starts from less',
    invariants: ['I-24'],
    patches: [
      {
        file: SQL,
        find: '  PERFORM FROM group_slots s WHERE s.slot = ANY (slots) ORDER BY s.slot FOR SHARE;\n',
        replace: '',
      },
    ],
    killedBy: [tests(GROUPS_TEST, 'I-24')],
  },
  {
    id: 'commit-beside-generation',
    bug: 'a commit does not wait for a generation that is being saved',
    invariants: ['I-24'],
    patches: [
      {
        file: SQL,
        find: 'WHERE g.group_id = ANY (ids) ORDER BY g.group_id FOR NO KEY UPDATE;',
        replace: 'WHERE g.group_id = ANY (ids);',
      },
    ],
    killedBy: [tests(GROUPS_TEST, 'I-24')],
  },
  {
    id: 'own-commit-beside-members',
    bug: 'a consumer that assigns partitions to itself commits over the members of a group',
    invariants: ['I-24'],
    patches: [
      {
        file: SQL,
        find: "THEN 'hasMembers' ELSE 'committed' END\n",
        replace: "THEN 'committed' ELSE 'committed' END\n",
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'without membership')],
  },
  {
    id: 'group-written-by-an-old-coordinator',
    bug: 'a coordinator that lost the slot of a group and has it again goes on from what it knew before',
    invariants: ['I-05', 'I-24'],
    patches: [
      {
        file: SQL,
        find: 'AND s.holder_incarnation = me AND s.epoch = my_epoch FOR SHARE;',
        replace: 'AND s.holder_incarnation = me FOR SHARE;',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-24')],
  },
  {
    id: 'slot-taken-at-the-old-epoch',
    bug: 'a coordinator takes a slot over at the epoch of the last one',
    invariants: ['I-05', 'I-24'],
    patches: [
      {
        file: SQL,
        find: 'SET holder_incarnation = me, epoch = s.epoch + 1\n  FROM free WHERE s.slot',
        replace: 'SET holder_incarnation = me\n  FROM free WHERE s.slot',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-05')],
  },
  {
    id: 'generation-saved-over-a-newer-one',
    bug: 'a coordinator that is behind takes a group back to an old generation',
    invariants: ['I-24'],
    patches: [
      {
        file: SQL,
        find: 'IF present.generation NOT IN (0, wanted - 1) THEN',
        replace: 'IF false THEN',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'only the next one')],
  },
  {
    id: 'generation-assigned-twice',
    bug: 'a second assignment of a generation takes the place of the one that members were told',
    invariants: ['I-25'],
    patches: [{ file: SQL, find: 'IF present.is_assigned THEN', replace: 'IF false THEN' }],
    killedBy: [tests(CONFORMANCE_TEST, 'I-25')],
  },
  {
    id: 'reset-keeps-the-members',
    bug: 'members of a group go on to commit after its offsets were reset',
    invariants: ['I-24'],
    patches: [
      {
        file: SQL,
        find: '  DELETE FROM group_members m WHERE m.group_id = id;\n  DELETE FROM group_offsets o USING',
        replace: '  DELETE FROM group_offsets o USING',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'a reset expels')],
  },
  {
    id: 'group-offsets-by-topic-name',
    bug: 'a group reads a topic that was made again from where it was in the deleted one',
    invariants: ['I-28'],
    patches: [
      {
        file: STORE,
        find: 'AND o.topic_id = t.topic_id AND o.part = w.part',
        replace:
          'AND o.part = w.part AND o.topic_id IN\n' +
          '      (SELECT old.topic_id FROM topics old WHERE old.name = t.name)',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-28')],
  },
  {
    id: 'group-offsets-of-deleted-topics',
    bug: 'offsets of a deleted topic are shown on',
    invariants: ['I-28'],
    patches: [
      {
        file: STORE,
        find: 'FROM group_offsets o JOIN topics t ON t.topic_id = o.topic_id AND t.deleted_at IS NULL',
        replace: 'FROM group_offsets o JOIN topics t ON t.topic_id = o.topic_id',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-28')],
  },
  {
    id: 'purge-forgets-the-groups',
    bug: 'what groups have committed of a topic stays for ever when the topic is purged',
    invariants: ['I-28'],
    patches: [
      {
        file: SQL,
        find: 'SELECT o.ctid FROM group_offsets o WHERE o.topic_id = id LIMIT row_max - removed',
        replace: 'SELECT o.ctid FROM group_offsets o WHERE false',
      },
    ],
    killedBy: [tests(GROUPS_TEST, 'I-28')],
  },
  {
    id: 'commit-beside-purge',
    bug: 'a commit leaves offsets of a topic that is purged meanwhile',
    invariants: ['I-28'],
    patches: [{ file: SQL, find: '  PERFORM share_topics(offset_topics);\n', replace: '' }],
    killedBy: [tests(GROUPS_TEST, 'I-28')],
  },
  {
    id: 'group-counts-partitions-anew',
    bug: 'partitions that were added count as known, and what came to them before is skipped',
    invariants: ['I-29'],
    patches: [
      {
        file: SQL,
        find: 'AND t.deleted_at IS NULL\n  ON CONFLICT DO NOTHING;',
        replace:
          'AND t.deleted_at IS NULL\n' +
          '  ON CONFLICT (group_id, topic_id) DO UPDATE SET partitions = excluded.partitions;',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-29')],
  },
];
