/** Bugs in what makes an object visible. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const SQL = 'packages/store/migrations/0005-publish.sql';
const CONFORMANCE_TEST = 'packages/store/src/metadata/pg/conformance.test.ts';
const LOG_TEST = 'packages/store/src/metadata/pg/log.test.ts';

const F1 = {
  file: SQL,
  find: 'WHERE s.incarnation = me AND NOT s.fenced FOR SHARE;',
  replace: 'WHERE s.incarnation = me FOR SHARE;',
};
const F2 = {
  file: SQL,
  find: 'AND p.holder_incarnation = me AND p.epoch = r.epoch -- F2',
  replace: '-- F2',
};
const F3 = { file: SQL, find: 'AND p.next_offset = r.base -- F3', replace: '-- F3' };

export const PUBLISH_MUTANTS: readonly Mutant[] = [
  {
    id: 'publish-without-fence',
    bug: 'a fenced incarnation may publish to what nobody has taken over yet (F1)',
    invariants: ['I-04'],
    patches: [F1],
    killedBy: [tests(CONFORMANCE_TEST, 'I-04')],
  },
  {
    id: 'publish-without-epoch',
    bug: 'the publish does not ask for the epoch (half of F2)',
    invariants: ['I-04'],
    patches: [{ ...F2, replace: 'AND p.holder_incarnation = me -- F2' }],
    killedBy: [tests(CONFORMANCE_TEST, 'I-04')],
  },
  {
    id: 'publish-without-holder',
    bug: 'the publish does not ask who holds the partition (the other half of F2)',
    invariants: ['I-04'],
    patches: [{ ...F2, replace: 'AND p.epoch = r.epoch -- F2' }],
    killedBy: [tests(CONFORMANCE_TEST, 'I-04')],
  },
  {
    id: 'publish-without-offset',
    bug: 'the publish takes a run at whatever offset the partition has (F3)',
    invariants: ['I-02', 'I-03'],
    patches: [F3],
    killedBy: [tests(CONFORMANCE_TEST, 'I-03')],
  },
  {
    id: 'publish-without-any-fence',
    bug: 'the publish believes whoever calls it (F1, F2 and F3)',
    invariants: ['I-02', 'I-03', 'I-04'],
    patches: [F1, F2, F3],
    killedBy: [tests(CONFORMANCE_TEST, 'I-04')],
  },
  {
    id: 'publish-beside-fence',
    bug: 'a publish does not hold the session that it found live, so that a fence does not wait for it',
    invariants: ['I-04'],
    patches: [{ ...F1, replace: 'WHERE s.incarnation = me AND NOT s.fenced;' }],
    killedBy: [tests(LOG_TEST, 'I-04')],
  },
  {
    id: 'publish-not-durable',
    bug: 'a publish is told before it is on the disk where the server is set so',
    invariants: ['I-01'],
    patches: [
      {
        file: SQL,
        find: "PERFORM set_config('synchronous_commit', 'on', true);",
        replace: 'NULL;',
      },
    ],
    killedBy: [tests(LOG_TEST, 'I-01')],
  },
  {
    id: 'blind-publish-retry',
    bug: 'a publish that comes again is judged anew, and not told what the first one did',
    invariants: ['I-09', 'I-11'],
    patches: [
      {
        file: SQL,
        find: 'IF NOT is_first THEN',
        replace: 'IF NOT is_first AND NOT is_live THEN',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-09')],
  },
  {
    id: 'refused-run-remembered',
    bug: 'what a refused run says of its producers is remembered as if it were in the log',
    invariants: ['I-12'],
    patches: [{ file: SQL, find: 'WHERE w.run - 1 <> ALL (refused)', replace: '' }],
    killedBy: [tests(CONFORMANCE_TEST, 'changes with an accepted run only')],
  },
  {
    id: 'refused-run-referenced',
    bug: 'an object counts references that were refused, so that nobody will ever collect it',
    invariants: ['I-08'],
    patches: [
      {
        file: SQL,
        find: 'SET refs = o.refs - cardinality(refused), rejected',
        replace: 'SET rejected',
      },
    ],
    killedBy: [tests(LOG_TEST, 'I-08')],
  },
  {
    id: 'refused-run-stored',
    bug: 'an object of which nothing was accepted is visible all the same',
    invariants: ['I-04', 'I-08'],
    patches: [
      {
        file: SQL,
        find: 'FROM advanced a\n  )',
        replace:
          'FROM unnest(run_topics, run_parts, run_epochs, run_bases, run_counts,\n' +
          '                run_positions, run_lengths, run_crcs, run_timestamps)\n' +
          '      a (topic_id, part, epoch, base, count, position, length, crc, max_timestamp)\n' +
          '    ON CONFLICT DO NOTHING\n  )',
      },
    ],
    killedBy: [tests(LOG_TEST, 'I-08')],
  },
];
