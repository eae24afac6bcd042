import { expect, test } from 'vitest';
import { writeInt32, writeInt64 } from '../bytes/fixed.ts';
import { epoch, partitionIndex } from '../ids.ts';
import { bitFlips, CODECS, thrownBy } from '../testing/batches.test-support.ts';
import { batchFrom, runOf, TOPIC_B } from '../testing/runs.test-support.ts';
import { decodeFooter, footerTailBytes, TRAILER_BYTES } from './object-footer.ts';
import { encodeObject } from './wal-object.ts';

const { crc32c } = CODECS;
const { bytes, runs } = encodeObject(
  [
    runOf([batchFrom(2, 0), batchFrom(1, 2)]),
    runOf([batchFrom(1)], { partition: partitionIndex(4) }),
    runOf([batchFrom(1, 5, 9)], { topicId: TOPIC_B, epoch: epoch(2) }),
  ],
  crc32c,
);
const tailBytes = footerTailBytes(bytes, bytes.length);
const footerStart = bytes.length - tailBytes;

test('any tail that holds the footer is enough, and one byte less is told', () => {
  expect(footerTailBytes(bytes.subarray(-TRAILER_BYTES), bytes.length)).toBe(tailBytes);
  expect(decodeFooter(bytes.subarray(-tailBytes), bytes.length, crc32c)).toEqual(runs);
  expect(decodeFooter(bytes.subarray(-tailBytes - 7), bytes.length, crc32c)).toEqual(runs);
  const error = thrownBy(() => decodeFooter(bytes.subarray(1 - tailBytes), bytes.length, crc32c));
  expect([error.kind, error.reason]).toEqual(['corrupt', 'FOOTER_TRUNCATED']);
});

test('every truncation of the object is corrupt', () => {
  for (let length = 0; length < bytes.length; length++) {
    expect(thrownBy(() => decodeFooter(bytes.subarray(0, length), length, crc32c)).kind).toBe(
      'corrupt',
    );
  }
});

test('every bit flip of footer and trailer is corrupt', () => {
  for (const { position, flipped } of bitFlips(bytes.subarray(footerStart))) {
    const error = thrownBy(() => decodeFooter(flipped, bytes.length, crc32c));
    expect([error.kind, error.reason.slice(0, 7)], `byte ${position}`).toEqual([
      'corrupt',
      'FOOTER_',
    ]);
  }
});

test('a footer does not fit an object of another size', () => {
  for (const objectBytes of [bytes.length - 1, bytes.length + 1]) {
    expect(thrownBy(() => decodeFooter(bytes, objectBytes, crc32c)).reason).toBe('FOOTER_RUNS');
  }
  expect(thrownBy(() => decodeFooter(bytes, tailBytes - 1, crc32c)).reason).toBe('FOOTER_LENGTH');
});

// Positions in the footer: the run count, then the first run, whose fields stand in the comment of object-footer.ts.
const FIRST_RUN = 4;
const SECOND_RUN = FIRST_RUN + 64 + 14 + 2 * 16;

test.each([
  ['another version', tailBytes - 12, 2, 'FOOTER_VERSION'],
  ['another magic', tailBytes - 8, 0x53_48_57_50, 'FOOTER_MAGIC'],
  ['a footer longer than the object', tailBytes - 16, 0x7fff_ffff, 'FOOTER_LENGTH'],
  ['a footer shorter than it is', tailBytes - 16, 3, 'FOOTER_'],
  ['four billion runs', 0, 0xffff_ffff, 'FOOTER_RUNS'],
  ['one run less', 0, 2, 'FOOTER_RUNS'],
  ['four billion producers', FIRST_RUN + 60, 0xffff_ffff, 'FOOTER_RUNS'],
  ['four billion batches of a producer', FIRST_RUN + 74, 0xffff_ffff, 'FOOTER_RUNS'],
  ['more batches of a producer than are kept', FIRST_RUN + 74, 6, 'FOOTER_RUNS'],
  ['no batches of a producer', FIRST_RUN + 74, 0, 'FOOTER_RUNS'],
  ['a negative partition', FIRST_RUN + 16, -1, 'OUT_OF_BOUNDS'],
  ['a run elsewhere', FIRST_RUN + 40, 1, 'FOOTER_RUNS'],
  ['a run of another length', FIRST_RUN + 44, 1, 'FOOTER_RUNS'],
  ['a partition twice', SECOND_RUN + 16, 3, 'FOOTER_RUNS'],
] as const)('%s is corrupt even under a CRC that fits', (_name, position, value, reason) => {
  const tail = Uint8Array.from(bytes.subarray(footerStart));
  writeInt32(tail, position, value);
  writeInt32(tail, tailBytes - 4, crc32c(tail.subarray(0, tailBytes - 4)));
  const error = thrownBy(() => decodeFooter(tail, bytes.length, crc32c));
  expect(error.kind).toBe('corrupt');
  expect(error.reason).toMatch(reason);
});

test.each([
  ['epoch', FIRST_RUN + 20],
  ['base offset', FIRST_RUN + 28],
])('a negative %s is corrupt', (_name, position) => {
  const tail = Uint8Array.from(bytes.subarray(footerStart));
  writeInt64(tail, position, -1);
  writeInt32(tail, tailBytes - 4, crc32c(tail.subarray(0, tailBytes - 4)));
  expect(thrownBy(() => decodeFooter(tail, bytes.length, crc32c)).reason).toBe('OUT_OF_BOUNDS');
});
