/** Bugs that let something grow, leak or cost more than it may, or that cost clients an error. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const DATABASE = 'packages/store/src/metadata/pg/database.ts';
const METADATA_TEST = 'packages/store/src/metadata/pg/metadata.test.ts';
const PLAN = 'packages/core/src/placement/plan.ts';
const PLAN_TEST = 'packages/core/src/placement/plan.test.ts';
const FLUSHER_TEST = 'agent/src/flush/flusher.test.ts';

export const BOUND_MUTANTS: readonly Mutant[] = [
  {
    id: 'unbounded-high-watermark-cache',
    bug: 'an agent that lost Postgres goes on telling where the log ended when it last knew',
    invariants: ['I-16', 'I-40'],
    patches: [
      {
        file: 'agent/src/grpc/fetch.ts',
        find: 'if (asked.offset > held.highWatermark) life.checkServing();',
        replace: '',
      },
    ],
    killedBy: [tests('test/scenario/cut-off.test.ts')],
  },
  {
    id: 'handover-to-nobody',
    bug: 'a partition that moves is released before there is anybody to take it',
    invariants: ['I-31'],
    patches: [
      {
        file: PLAN,
        find: 'return heir !== undefined && planned < input.movesMax;',
        replace: 'return planned < input.movesMax;',
      },
    ],
    killedBy: [tests(PLAN_TEST)],
  },
  {
    id: 'connections-leak-after-an-error',
    bug: 'a statement that fails keeps its connection for ever',
    invariants: ['I-40'],
    patches: [{ file: DATABASE, find: 'client.release(!isConnectionUsable(error));', replace: '' }],
    killedBy: [tests(METADATA_TEST, 'I-40'), tests(METADATA_TEST)],
  },
  {
    id: 'connections-leak-after-an-abort',
    bug: 'a caller that stopped waiting for its turn keeps the connection that it gets later',
    invariants: ['I-40'],
    patches: [
      {
        file: DATABASE,
        find: '        client.release();\n        throw interrupted',
        replace: '        throw interrupted',
      },
    ],
    killedBy: [tests(METADATA_TEST, 'I-40')],
  },
  {
    id: 'unpublished-bytes-unbounded',
    bug: 'an agent accepts whatever comes, however much is not published yet',
    invariants: ['I-41'],
    patches: [
      {
        file: 'agent/src/flush/byte-budget.ts',
        find: 'return this.#used === 0 || this.#used + bytes <= this.#bytesMax;',
        replace: 'return bytes >= 0;',
      },
    ],
    killedBy: [tests('agent/src/flush/byte-budget.test.ts')],
  },
  {
    id: 'runs-remembered-for-ever',
    bug: 'an agent remembers every run that it has ever published',
    invariants: ['I-41'],
    patches: [
      {
        file: 'agent/src/partition/recent-runs.ts',
        find: 'this.#runs = this.#runs.slice(-LIMITS.partitionRunsMax);',
        replace: 'return;',
      },
    ],
    killedBy: [tests('agent/src/partition/recent-runs.test.ts', 'I-41')],
  },
  {
    id: 'bomb-decompressed',
    bug: 'what a batch decompresses to is not bounded',
    invariants: ['I-41'],
    patches: [
      {
        file: 'packages/core/src/record/decode.ts',
        find: 'stored, batchUncompressedBytesMax);',
        replace: 'stored, 64 * batchUncompressedBytesMax);',
      },
    ],
    killedBy: [tests('packages/core/src/record/decode.test.ts', 'I-41')],
  },
  {
    id: 'flush-per-partition',
    bug: 'each partition is flushed into an object of its own',
    invariants: ['I-42'],
    patches: [
      {
        file: 'agent/src/flush/flusher.ts',
        find: 'if (this.#isFeedScheduled) return;\n    this.#isFeedScheduled = true;\n',
        replace: 'this.#feedAppended();\n    if (bytes > 0) return;\n',
      },
    ],
    killedBy: [tests(FLUSHER_TEST, 'I-42')],
  },
];
