/** Bugs in what producers and consumers make of the answers that they get. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const QUEUE = 'packages/client/src/producer/partition-queue.ts';
const QUEUE_TEST = 'packages/client/src/producer/partition-queue.test.ts';
const MODEL_TEST = 'packages/client/src/producer/partition-queue.model.test.ts';
const READER = 'packages/client/src/consumer/partition-reader.ts';
const READER_TEST = 'packages/client/src/consumer/partition-reader.test.ts';

export const CLIENT_MUTANTS: readonly Mutant[] = [
  {
    id: 'every-failure-is-definite',
    bug: 'a producer takes every failure for a proof that nothing was written',
    invariants: ['I-11', 'I-12'],
    patches: [
      {
        file: QUEUE,
        find: 'if (isDefinite(error)) entry.unresolved--;',
        replace: 'if (isDefinite(error) || entry) entry.unresolved--;',
      },
    ],
    killedBy: [tests(QUEUE_TEST, 'I-11'), tests(MODEL_TEST)],
  },
  {
    id: 'client-timeout-told-as-definite',
    bug: 'a batch that was sent and never answered is told as not written',
    invariants: ['I-11'],
    patches: [
      {
        file: QUEUE,
        find: 'const mayBeWritten = entry.unresolved > 0 || entry.mayBeInOldLog;',
        replace: 'const mayBeWritten = false;',
      },
    ],
    killedBy: [tests(QUEUE_TEST, 'I-11'), tests(MODEL_TEST)],
  },
  {
    id: 'old-log-forgotten',
    bug: 'a batch that a deleted topic may have had is told as not written',
    invariants: ['I-11', 'I-28'],
    patches: [
      {
        file: QUEUE,
        find: 'const mayBeWritten = entry.unresolved > 0 || entry.mayBeInOldLog;',
        replace: 'const mayBeWritten = entry.unresolved > 0;',
      },
    ],
    killedBy: [tests(QUEUE_TEST), tests(MODEL_TEST)],
  },
  {
    id: 'partial-batch-told-as-failed',
    bug: 'a call of which some records are written is told as failed',
    invariants: ['I-11'],
    patches: [
      {
        file: 'packages/client/src/producer/batch-call.ts',
        find: 'else if (this.#failed === this.#results.length) this.#reject',
        replace: 'else if (this.#failed > 0) this.#reject',
      },
    ],
    killedBy: [tests('packages/client/src/producer/batch-call.test.ts', 'I-11')],
  },
  {
    id: 'retry-under-a-new-sequence',
    bug: 'a batch that is sent again takes a new sequence, and so is another batch',
    invariants: ['I-12'],
    patches: [
      {
        file: QUEUE,
        find: 'if (entry.identity === undefined && !giveSequence(state, entry)) break;',
        replace: 'if (!giveSequence(state, entry)) break;',
      },
    ],
    killedBy: [tests(QUEUE_TEST), tests(MODEL_TEST)],
  },
  {
    id: 'retry-alone',
    bug: 'a batch that is refused is sent again behind those that follow it',
    invariants: ['I-13'],
    patches: [
      {
        file: QUEUE,
        find: '  state.inFlight = index;\n  state.round++;\n  state.failures++;\n',
        replace:
          '  state.entries.push(...state.entries.splice(index, 1));\n' +
          '  state.inFlight--;\n  state.round++;\n  state.failures++;\n',
      },
    ],
    killedBy: [tests(MODEL_TEST, 'I-13')],
  },
  {
    id: 'identities-mixed',
    bug: 'a producer uses its new identity while batches of the old one are under way',
    invariants: ['I-13'],
    patches: [
      {
        file: QUEUE,
        find: 'if (before !== undefined && before.identity !== state.identity) return false;',
        replace: '',
      },
    ],
    killedBy: [tests(QUEUE_TEST, 'I-13')],
  },
  {
    id: 'consumer-skips-gaps',
    bug: 'a consumer does not notice that batches do not follow each other',
    invariants: ['I-16'],
    patches: [
      {
        file: READER,
        find: 'if (isHere && baseOffset + lastOffsetDelta >= expected) return true;',
        replace: 'if (isHere || expected >= 0) return true;',
      },
    ],
    killedBy: [tests(READER_TEST)],
  },
  {
    id: 'consumer-repeats',
    bug: 'a consumer returns the records of a batch that lie before its position',
    invariants: ['I-16'],
    patches: [
      {
        file: READER,
        find: 'fromOffset: offset(this.#position) }',
        replace: 'fromOffset: offset(0) }',
      },
    ],
    killedBy: [tests(READER_TEST, 'I-16')],
  },
  {
    id: 'seek-keeps-what-was-read-ahead',
    bug: 'after a seek a consumer first returns what it had read ahead of the place where it was',
    invariants: ['I-16'],
    patches: [
      {
        file: READER,
        find: '    this.bufferedBytes = 0;\n    this.#chunks.length = 0;\n    this.#decoded = [];\n',
        replace: '    this.#decoded = [];\n',
      },
    ],
    killedBy: [tests(READER_TEST, 'a seek drops what was read ahead')],
  },
];
