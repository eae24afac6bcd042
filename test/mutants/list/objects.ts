/** Bugs in what is written to the object store and in how it is read back. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const KEY = 'packages/core/src/object/object-key.ts';
const DIRECTORY = 'packages/store/src/objects/directory.ts';
const DIRECTORY_TEST = 'packages/store/src/objects/directory.test.ts';
const S3 = 'packages/store/src/objects/s3.ts';
const S3_TEST = 'test/scenario/object-stores.test.ts';
const RUN_CRC = 'packages/core/src/object/run-crc.ts';
const RUN_CRC_TEST = 'packages/core/src/object/run-crc.test.ts';
const READER = 'agent/src/read/partition-reader.ts';
const READER_TEST = 'agent/src/read/partition-reader.test.ts';

const OVERWRITING_DIRECTORY = [
  {
    file: DIRECTORY,
    find: 'import { type FileHandle, link, mkdir,',
    replace: 'import { type FileHandle, copyFile as link, mkdir,',
  },
];
const OVERWRITING_S3 = [{ file: S3, find: ", IfNoneMatch: '*' }", replace: ' }' }];

export const OBJECT_MUTANTS: readonly Mutant[] = [
  {
    id: 'key-without-incarnation',
    bug: 'two lives of an agent use the same keys, and the store overwrites',
    invariants: ['I-07'],
    patches: [
      {
        file: KEY,
        find: '${hashPrefix(life, sequence)}/${life}/${last}`',
        replace: '${hashPrefix(0 as Incarnation, sequence)}/0/${last}`',
      },
      ...OVERWRITING_DIRECTORY,
      ...OVERWRITING_S3,
    ],
    killedBy: [tests('packages/core/src/object/object-key.test.ts')],
  },
  {
    id: 'plain-put-directory',
    bug: 'the directory store overwrites an object that is there',
    invariants: ['I-07'],
    patches: OVERWRITING_DIRECTORY,
    killedBy: [tests(DIRECTORY_TEST)],
  },
  {
    id: 'plain-put-s3',
    bug: 'the S3 store overwrites an object that is there',
    invariants: ['I-07'],
    patches: OVERWRITING_S3,
    killedBy: [tests(S3_TEST, 'proves once that the server is write-once'), tests(S3_TEST)],
  },
  {
    id: 'key-reused-after-a-timeout',
    bug: 'an upload that is tried again takes the key of the attempt that may still land',
    invariants: ['I-07', 'I-10'],
    patches: [
      {
        file: 'agent/src/flush/flusher.ts',
        find: 'const key = this.#key(sequence, attempt);',
        replace: 'const key = this.#key(sequence, 0);',
      },
    ],
    killedBy: [tests('agent/src/flush/flusher.test.ts', 'I-07')],
  },
  {
    id: 'no-checksum-on-read',
    bug: 'an agent serves what the store gives it, whatever that is',
    invariants: ['I-14', 'I-21'],
    patches: [{ file: READER, find: 'verifyRun(partition, run, bytes, crc32c);', replace: '' }],
    killedBy: [tests(READER_TEST, 'I-21'), tests(READER_TEST, 'I-14')],
  },
  {
    id: 'checksum-without-owner',
    bug: 'the checksum of a run does not cover whose it is',
    invariants: ['I-14'],
    patches: [
      {
        file: RUN_CRC,
        find: 'return crc32c(runBytes, crc32c(owner));',
        replace: 'return crc32c(runBytes);',
      },
    ],
    killedBy: [tests(RUN_CRC_TEST)],
  },
  {
    id: 'corruption-spreads',
    bug: 'what was read before a corrupt run is lost with it',
    invariants: ['I-21'],
    patches: [
      { file: READER, find: 'if (chunks.length > 0) break;\n        throw', replace: 'throw' },
    ],
    killedBy: [tests(READER_TEST, 'I-21')],
  },
  {
    id: 'missing-object-untyped',
    bug: 'an object that is gone is not told as lost data with its offsets',
    invariants: ['I-21'],
    patches: [
      {
        file: READER,
        find: "error.reason === 'OBJECT_MISSING')",
        replace: "error.reason === 'OBJECT_GONE')",
      },
    ],
    killedBy: [tests(READER_TEST, 'I-21')],
  },
  {
    id: 'consumer-without-checksum',
    bug: 'a consumer returns records of a batch whose checksum is wrong',
    invariants: ['I-21'],
    patches: [
      {
        file: 'packages/core/src/record/decode.ts',
        find: 'verifyBatchCrc(bytes, position, header, options.crc32c);',
        replace: '',
      },
    ],
    killedBy: [
      tests('packages/client/src/consumer/partition-reader.test.ts', 'I-21'),
      tests('packages/core/src/record/decode.test.ts'),
    ],
  },
];
