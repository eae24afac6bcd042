/** Bugs on the way of a batch: what is admitted, remembered, flushed, published and answered. */
import type { Mutant } from '../mutant.ts';
import { SIMULATION, tests } from '../trial.ts';

const PARTITION_LOG = 'packages/core/src/log/partition-log.ts';
const PARTITION_LOG_TEST = 'packages/core/src/log/partition-log.test.ts';
const SEQUENCES = 'packages/core/src/log/producer-state.ts';
const SEQUENCES_TEST = 'packages/core/src/log/producer-state.test.ts';
const SCENARIOS = 'packages/core/src/log/scenarios.test.ts';
const LOG_TEST = 'packages/core/src/log/log.test.ts';
const PIPELINE = 'packages/core/src/log/flush-pipeline.ts';
const PIPELINE_TEST = 'packages/core/src/log/flush-pipeline.test.ts';
const FLUSHER = 'agent/src/flush/flusher.ts';
const FLUSHER_TEST = 'agent/src/flush/flusher.test.ts';

export const LOG_MUTANTS: readonly Mutant[] = [
  {
    id: 'acknowledge-before-publish',
    bug: 'a batch is acknowledged when it is accepted, whatever was asked for',
    invariants: ['I-01'],
    patches: [
      {
        file: PARTITION_LOG,
        find: "const isAcknowledged = event.acknowledge === 'accepted';",
        replace: 'const isAcknowledged = true;',
      },
    ],
    killedBy: [tests(SCENARIOS), tests(FLUSHER_TEST, 'I-01'), SIMULATION],
  },
  {
    id: 'repeat-acknowledged-at-once',
    bug: 'a repeat is acknowledged while its original is not durable',
    invariants: ['I-01', 'I-12'],
    patches: [
      {
        file: PARTITION_LOG,
        find: 'if (batch.baseOffset < state.highWatermark) {',
        replace: 'if (batch.baseOffset >= 0) {',
      },
    ],
    killedBy: [tests(SCENARIOS), tests(LOG_TEST), SIMULATION],
  },
  {
    id: 'repeat-appended-again',
    bug: 'a repeat is taken for a new batch',
    invariants: ['I-12'],
    patches: [
      {
        file: SEQUENCES,
        find: "if (repeated !== undefined) return { type: 'duplicate', batch: repeated };",
        replace: "if (repeated !== undefined) return { type: 'next' };",
      },
    ],
    killedBy: [tests(SEQUENCES_TEST), SIMULATION],
  },
  {
    id: 'sequence-gaps-accepted',
    bug: 'a batch is accepted although one before it is missing',
    invariants: ['I-12', 'I-13'],
    patches: [
      {
        file: SEQUENCES,
        find: 'if (distance === 1) return',
        replace: 'if (distance > 0 && distance < SEQUENCES / 2) return',
      },
    ],
    killedBy: [tests(SEQUENCES_TEST)],
  },
  {
    id: 'old-producers-accepted',
    bug: 'a producer goes on although a newer epoch of it has written',
    invariants: ['I-12'],
    patches: [
      {
        file: SEQUENCES,
        find: 'if (batch.producerEpoch < producer.producerEpoch)\n',
        replace: 'if (batch.producerEpoch < 0)\n',
      },
    ],
    killedBy: [tests(SEQUENCES_TEST)],
  },
  {
    id: 'producers-only-in-memory',
    bug: 'what a partition knows of its producers is not published with their batches',
    invariants: ['I-12'],
    patches: [
      {
        file: PARTITION_LOG,
        find: 'if (producer !== undefined) sealed.push(producer);',
        replace: 'void producer;',
      },
    ],
    killedBy: [tests(SCENARIOS), tests(LOG_TEST), SIMULATION],
  },
  {
    id: 'producers-forgotten-at-takeover',
    bug: 'a new holder does not take up what the last one knew of producers',
    invariants: ['I-12'],
    patches: [
      {
        file: PARTITION_LOG,
        find: 'new Map(start.producers.map((producer) => [producer.producerId, producer]))',
        replace: 'new Map()',
      },
    ],
    killedBy: [tests(SCENARIOS), tests(LOG_TEST), SIMULATION],
  },
  {
    id: 'high-watermark-falls',
    bug: 'a publish that is told late takes the high watermark back',
    invariants: ['I-03', 'I-16'],
    patches: [
      {
        file: PARTITION_LOG,
        find: "if (state.status === 'lost' || endOffset <= state.highWatermark) return [];",
        replace: "if (state.status === 'lost') return [];",
      },
    ],
    killedBy: [tests(PARTITION_LOG_TEST, 'I-03')],
  },
  {
    id: 'unpublished-is-readable',
    bug: 'a holder lets readers see what it has accepted and not published',
    invariants: ['I-16'],
    patches: [
      {
        file: PARTITION_LOG,
        find: '  state.nextOffset = endOffset;\n',
        replace: '  state.nextOffset = endOffset;\n  state.highWatermark = endOffset;\n',
      },
    ],
    killedBy: [tests(SCENARIOS), tests(LOG_TEST)],
  },
  {
    id: 'read-past-the-high-watermark',
    bug: 'a fetch hands out what Postgres has and its holder has not heard of yet, and refuses who goes on from there',
    invariants: ['I-16'],
    patches: [
      {
        file: 'agent/src/read/partition-reader.ts',
        find: 'stored.filter((run) => run.baseOffset < end)',
        replace: 'stored',
      },
    ],
    killedBy: [tests('agent/src/read/partition-reader.test.ts', 'I-16')],
  },
  {
    id: 'timeout-told-as-definite',
    bug: 'an agent that stops in the middle of a publish tells its producers that nothing was written',
    invariants: ['I-11'],
    patches: [
      {
        file: PARTITION_LOG,
        find: "event.isPublishUnknown ? 'outcomeUnknown' : 'stopped'",
        replace: "'stopped'",
      },
    ],
    killedBy: [tests(FLUSHER_TEST, 'I-11')],
  },
  {
    id: 'lost-answer-told-as-definite',
    bug: 'a statement whose answer was lost counts as one that did nothing',
    invariants: ['I-09', 'I-11'],
    patches: [
      {
        file: 'packages/store/src/metadata/pg/errors.ts',
        find: "streamError(effect === 'read' ? LOST : UNKNOWN, message, error)",
        replace: 'streamError(LOST, message, error)',
      },
    ],
    killedBy: [tests('packages/store/src/metadata/pg/errors.test.ts', 'I-11')],
  },
  {
    id: 'unknown-publish-given-up',
    bug: 'a publish whose outcome is unknown counts as refused',
    invariants: ['I-09', 'I-11'],
    patches: [
      {
        file: FLUSHER,
        find: "if (known.kind === 'fenced') {",
        replace: "if (known.kind === 'fenced' || known.kind === 'indefinite') {",
      },
    ],
    killedBy: [tests(FLUSHER_TEST, 'I-09')],
  },
  {
    id: 'flusher-ignores-the-fence',
    bug: 'a flusher whose publish was fenced asks again and again and answers nobody',
    invariants: ['I-04', 'I-11'],
    patches: [{ file: FLUSHER, find: "if (known.kind === 'fenced') {", replace: 'if (!known) {' }],
    killedBy: [tests(FLUSHER_TEST, 'I-04 I-11')],
  },
  {
    id: 'refused-run-acknowledged',
    bug: 'a flusher takes a publish for accepted as a whole, whatever was refused of it',
    invariants: ['I-01', 'I-04'],
    patches: [{ file: FLUSHER, find: 'if (!accepted.has(index)) {', replace: 'if (!accepted) {' }],
    killedBy: [tests(FLUSHER_TEST, 'I-04 refuses what belongs')],
  },
  {
    id: 'publish-out-of-sequence',
    bug: 'objects are published in the order in which their uploads end',
    invariants: ['I-03', 'I-13'],
    patches: [
      {
        file: PIPELINE,
        find: '  const first = state.objects[0];\n',
        replace: "  const first = state.objects.find(({ stage }) => stage === 'uploaded');\n",
      },
    ],
    killedBy: [tests(PIPELINE_TEST, 'I-03, I-13')],
  },
  {
    id: 'publish-side-by-side',
    bug: 'an object is published before the publish of the one before it is known',
    invariants: ['I-03', 'I-13'],
    patches: [
      {
        file: PIPELINE,
        find: '  const first = state.objects[0];\n',
        replace: "  const first = state.objects.find(({ stage }) => stage !== 'publishing');\n",
      },
    ],
    killedBy: [tests(PIPELINE_TEST, 'I-03, I-13')],
  },
  {
    id: 'handover-without-drain',
    bug: 'a partition is given to its heir while batches that it accepted are not published',
    invariants: ['I-31'],
    patches: [
      {
        file: PARTITION_LOG,
        find: "return state.pending.length === 0 ? [{ type: 'drained' }] : [];",
        replace: "return [{ type: 'drained' }];",
      },
    ],
    killedBy: [tests(SCENARIOS)],
  },
  {
    id: 'draining-still-admits',
    bug: 'a partition that is being handed over goes on to accept batches',
    invariants: ['I-31'],
    patches: [
      {
        file: PARTITION_LOG,
        find: "    case 'draining':\n      return 'draining';",
        replace: "    case 'draining':\n      return undefined;",
      },
    ],
    killedBy: [tests(SCENARIOS)],
  },
];
