import { expect, test } from 'vitest';
import { offset, partitionIndex } from '../ids.ts';
import { bitFlips, CODECS, thrownBy } from '../testing/batches.test-support.ts';
import { batchFrom, runOf, TOPIC_A, TOPIC_B } from '../testing/runs.test-support.ts';
import { runCrc, verifyRun } from './run-crc.ts';
import { encodeObject } from './wal-object.ts';

const { crc32c } = CODECS;
const { bytes, runs } = encodeObject([runOf([batchFrom(2, 0), batchFrom(1, 2)])], crc32c);
const layout = runs[0]!;
const run = bytes.subarray(layout.position, layout.position + layout.length);
const expected = { ...layout, lastOffset: offset(1_002) };

test('the run that was written is accepted', () => {
  expect(() => verifyRun(layout, expected, run, crc32c)).not.toThrow();
});

test('the crc is that of topic id, partition and bytes in a row', () => {
  const row = Buffer.concat([Buffer.from('00112233445566778899aabbccddeeff00000003', 'hex'), run]);
  expect(runCrc(TOPIC_A, partitionIndex(3), run, crc32c)).toBe(crc32c(row));
});

test('every bit flip is found, also in the offset and epoch that the batch itself does not cover (I-21)', () => {
  for (const { position, flipped } of bitFlips(run)) {
    const error = thrownBy(() => verifyRun(layout, expected, flipped, crc32c));
    expect([error.kind, error.reason], `byte ${position}`).toEqual(['corrupt', 'RUN_CRC']);
  }
});

test('every truncation is found, and bytes too many', () => {
  for (let length = 0; length < run.length; length++) {
    expect(
      thrownBy(() => verifyRun(layout, expected, run.subarray(0, length), crc32c)).reason,
    ).toBe('RUN_CRC');
  }
  expect(
    thrownBy(() => verifyRun(layout, expected, Buffer.concat([run, run]), crc32c)).reason,
  ).toBe('RUN_CRC');
});

test.each([
  ['topic', TOPIC_B, partitionIndex(3)],
  ['partition', TOPIC_A, partitionIndex(4)],
] as const)(
  'the bytes of one %s are corrupt as those of another, and the error names the range (I-14)',
  (_of, topicId, partition) => {
    const error = thrownBy(() => verifyRun({ topicId, partition }, expected, run, crc32c));
    expect([error.kind, error.reason]).toEqual(['corrupt', 'RUN_CRC']);
    expect(error.details).toEqual({
      topicId,
      partition: String(partition),
      baseOffset: '1000',
      lastOffset: '1002',
    });
  },
);
