import fc from 'fast-check';
import { expect, test } from 'vitest';
import { epoch, offset, partitionIndex, topicId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { decodeBatches } from '../record/decode.ts';
import { readBatchHeader } from '../record/batch-header.ts';
import { CODECS, thrownBy } from '../testing/batches.test-support.ts';
import { batchFrom, runOf, TOPIC_A, TOPIC_B } from '../testing/runs.test-support.ts';
import { decodeFooter } from './object-footer.ts';
import { verifyRun } from './run-crc.ts';
import { encodeObject } from './wal-object.ts';

const { crc32c } = CODECS;

/** Version 1, taken apart by hand; a change of any byte is a new version. */
const GOLDEN = [
  // run of TOPIC_A/3: one batch of one record, whose first 16 bytes the holder wrote: offset 1000, epoch 5
  '00000000000003e8 00000040 00000005 02 8f719452 0000 00000000 0000018bcfe56800 0000018bcfe56800',
  '0000000000000007 0003 00000000 00000001 1c 00 00 00 01 10 7265636f72642030 00',
  // run of TOPIC_B/0: one batch of one record without a producer: offset 7, epoch 6
  '0000000000000007 00000040 00000006 02 dafa1ba4 0000 00000000 0000018bcfe56800 0000018bcfe56800',
  'ffffffffffffffff ffff ffffffff 00000001 1c 00 00 00 01 10 7265636f72642030 00',
  '00000002', // 2 runs
  '00112233445566778899aabbccddeeff 00000003', // topic id, partition
  '0000000000000005 00000000000003e8 00000001', // epoch, base offset, records
  '00000000 0000004c 0000018bcfe56800 36749995', // position, length, max timestamp, crc
  '00000001 0000000000000007 0003', // one producer: id, epoch
  '00000001 00000000 00000000 00000000000003e8', // its one batch: sequences 0..0, base offset
  'f0000000000040008000000000000001 00000000',
  '0000000000000006 0000000000000007 00000001',
  '0000004c 0000004c 0000018bcfe56800 799fbca3',
  '00000000', // no producer
  '000000a2 00000001 5348574f b3e60c3e', // footer length 162, version, magic, crc
]
  .join('')
  .replaceAll(' ', '');

test('version 1 of the object is these bytes', () => {
  const runs = [
    runOf([batchFrom(1)], {
      topicId: TOPIC_B,
      partition: partitionIndex(0),
      epoch: epoch(6),
      baseOffset: offset(7),
    }),
    runOf([batchFrom(1, 0)]),
  ];
  const { bytes } = encodeObject(runs, crc32c);
  expect(Buffer.from(bytes).toString('hex')).toBe(GOLDEN);
});

test('whatever the order of the runs, footer and layouts agree and every run is where they say', () => {
  const anyRun = fc.record({
    topicId: fc.constantFrom(TOPIC_A, TOPIC_B, topicId('00112233-4455-6677-8899-aabbccddeefe')),
    partition: fc.integer({ min: 0, max: 12 }).map(partitionIndex),
    epoch: fc.integer({ min: 1, max: 0x7fff_ffff }).map(epoch),
    baseOffset: fc
      .maxSafeInteger()
      .filter((at) => at >= 0 && at < 2 ** 52)
      .map(offset),
    batches: fc
      .array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 7 })
      .map(inSequence),
  });
  const runs = fc.uniqueArray(anyRun, {
    selector: (run) => `${run.topicId}/${run.partition}`,
    maxLength: 8,
  });
  fc.assert(
    fc.property(runs, (inputs) => {
      const { bytes, runs: layouts } = encodeObject(inputs, crc32c);
      expect(decodeFooter(bytes, bytes.length, crc32c)).toEqual(layouts);
      const order = layouts.map(
        (run) => `${run.topicId}/${String(run.partition).padStart(2, '0')}`,
      );
      expect(order).toEqual([...order].sort());
      for (const layout of layouts) {
        const input = inputs.find(
          (run) => run.topicId === layout.topicId && run.partition === layout.partition,
        );
        const run = bytes.subarray(layout.position, layout.position + layout.length);
        const lastOffset = offset(layout.baseOffset + layout.recordCount - 1);
        verifyRun(layout, { ...layout, lastOffset }, run, crc32c);
        expect(readBatchHeader(run).leaderEpoch).toBe(input?.epoch);
        const records = decodeBatches(run, CODECS);
        expect(records.map((record) => record.offset)).toEqual(
          Array.from(
            { length: layout.recordCount },
            (_, index) => (input?.baseOffset ?? 0) + index,
          ),
        );
        expect(layout.maxTimestampMs).toBe(
          Math.max(...records.map((record) => record.timestampMs)),
        );
      }
    }),
  );
});

function inSequence(counts: readonly number[]): Uint8Array[] {
  let sequence = 0;
  return counts.map((count) => {
    const batch = batchFrom(count, sequence);
    sequence += count;
    return batch;
  });
}

test('the footer has the last batches of each producer, with their offsets', () => {
  const batches = [...inSequence([1, 2, 1, 1, 1, 3]), batchFrom(4), batchFrom(2, 0x7fff_ffff, 8)];
  const { runs } = encodeObject([runOf(batches)], crc32c);
  expect(runs[0]?.producers).toEqual([
    {
      producerId: 7,
      producerEpoch: 3,
      batches: [
        { firstSequence: 1, lastSequence: 2, baseOffset: 1_001 },
        { firstSequence: 3, lastSequence: 3, baseOffset: 1_003 },
        { firstSequence: 4, lastSequence: 4, baseOffset: 1_004 },
        { firstSequence: 5, lastSequence: 5, baseOffset: 1_005 },
        { firstSequence: 6, lastSequence: 8, baseOffset: 1_006 },
      ],
    },
    {
      producerId: 8,
      producerEpoch: 3,
      batches: [{ firstSequence: 0x7fff_ffff, lastSequence: 0, baseOffset: 1_013 }],
    },
  ]);
});

test('batches of an older epoch of a producer are forgotten', () => {
  const { runs } = encodeObject([runOf([batchFrom(1, 9), batchFrom(1, 0, 7, 4)])], crc32c);
  expect(runs[0]?.producers).toEqual([
    {
      producerId: 7,
      producerEpoch: 4,
      batches: [{ firstSequence: 0, lastSequence: 0, baseOffset: 1_001 }],
    },
  ]);
});

test('the batches that went in are not changed', () => {
  const batch = batchFrom(2, 0);
  const before = Uint8Array.from(batch);
  encodeObject([runOf([batch])], crc32c);
  expect(batch).toEqual(before);
});

test('an object of no runs can be read', () => {
  const { bytes } = encodeObject([], crc32c);
  expect(decodeFooter(bytes, bytes.length, crc32c)).toEqual([]);
});

test.each([
  ['two runs of one partition', () => [runOf([batchFrom(1)]), runOf([batchFrom(1)])], 'RUN_TWICE'],
  ['a run without batches', () => [runOf([])], 'RUN_EMPTY'],
  [
    'more bytes than an object may have',
    () => {
      const batch = new Uint8Array(LIMITS.batchBytesMax);
      batch.set(batchFrom(1));
      return [runOf(Array(LIMITS.objectBytesMax / batch.length).fill(batch))];
    },
    'OBJECT_TOO_LARGE',
  ],
] as const)('%s are a bug of the caller', (_name, runs, reason) => {
  const error = thrownBy(() => encodeObject(runs(), crc32c));
  expect([error.kind, error.reason]).toEqual(['internal', reason]);
});
