import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { epoch, offset, producerId } from '@streamhouse/core/ids.ts';
import { RecordBatchBuilder } from '@streamhouse/core/record/batch-builder.ts';
import { writeBaseOffset } from '@streamhouse/core/record/batch-header.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ConsumerRecord } from '../public/record.ts';
import { PartitionReader } from './partition-reader.ts';

const HIGH_WATERMARK = 1_000;

/** A batch of `count` records at `baseOffset`, each with its offset as its value. */
function batchAt(baseOffset: number, count: number): Uint8Array {
  const builder = new RecordBatchBuilder();
  for (let index = 0; index < count; index++) builder.append(null, `${baseOffset + index}`, [], 1);
  const bytes = builder.finish({
    compression: 'lz4',
    port: nativeCompression,
    crc32c,
    producerId: producerId(-1),
    producerEpoch: -1,
    baseSequence: -1,
  });
  writeBaseOffset(bytes, 0, offset(baseOffset), epoch(1));
  return bytes;
}

function openReader(position: number): PartitionReader {
  const place = { topic: 'orders', topicIdBytes: new Uint8Array(16), partition: 3 };
  const reader = new PartitionReader(place, { port: nativeCompression, crc32c });
  reader.seek(position);
  return reader;
}

function take(reader: PartitionReader, count = 1_000): ConsumerRecord[] {
  const records: ConsumerRecord[] = [];
  reader.take(records, count);
  return records;
}

const offsetsOf = (records: readonly ConsumerRecord[]) => records.map((record) => record.offset);

test('I-16: batches in any cut give every offset once, in order, from the position on', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(counts, fc.nat(5), fc.integer({ min: 1, max: 9 }), (sizes, skip, pollMax) => {
      const end = sizes.reduce((sum, size) => sum + size, 0);
      const position = Math.min(skip, sizes[0]! - 1);
      const reader = openReader(position);
      let baseOffset = 0;
      const offsets: number[] = [];
      for (const size of sizes) {
        reader.receive(batchAt(baseOffset, size), HIGH_WATERMARK);
        baseOffset += size;
        const polled = take(reader, pollMax);
        expect(polled.length).toBeLessThanOrEqual(pollMax);
        for (const { value, offset: at } of polled)
          expect(`${at}`).toBe(Buffer.from(value!).toString());
        offsets.push(...offsetsOf(polled));
      }
      offsets.push(...offsetsOf(take(reader)));
      expect(offsets).toEqual(
        Array.from({ length: end - position }, (_, index) => position + index),
      );
      expect(reader).toMatchObject({ position: end, fetchOffset: end, bufferedBytes: 0 });
      expect(reader.failure).toBeUndefined();
    }),
  );
});

test('a gap between batches is corrupt, after the records before it', () => {
  const reader = openReader(0);
  reader.receive(Buffer.concat([batchAt(0, 2), batchAt(5, 2)]), HIGH_WATERMARK);
  expect(offsetsOf(take(reader))).toEqual([0, 1]);
  expect(reader.failure).toMatchObject({
    kind: 'corrupt',
    reason: 'OFFSET_GAP',
    details: { topic: 'orders', partition: '3', baseOffset: '2', lastOffset: '4' },
  });
  reader.seek(5);
  reader.receive(batchAt(5, 2), HIGH_WATERMARK);
  expect(offsetsOf(take(reader))).toEqual([5, 6]);
});

test('a batch that begins after what was asked for, or ends before it, is corrupt', () => {
  for (const baseOffset of [3, 0]) {
    const reader = openReader(2);
    reader.receive(batchAt(baseOffset, 2), HIGH_WATERMARK);
    expect(take(reader)).toEqual([]);
    expect(reader.failure).toMatchObject({ kind: 'corrupt', reason: 'OFFSET_GAP' });
  }
});

test('a batch that repeats offsets of the one before it is corrupt', () => {
  const reader = openReader(0);
  reader.receive(Buffer.concat([batchAt(0, 3), batchAt(2, 3)]), HIGH_WATERMARK);
  expect(offsetsOf(take(reader))).toEqual([0, 1, 2]);
  expect(reader.failure).toMatchObject({ kind: 'corrupt', reason: 'OFFSET_GAP' });
});

test('I-21: a flipped bit is corrupt and names the batch; what came before is returned', () => {
  const first = batchAt(0, 2);
  const flips = fc.nat((first.length - 21) * 8 - 1);
  fc.assert(
    fc.property(flips, (bit) => {
      const second = batchAt(2, 2);
      second[21 + (bit >> 3)]! ^= 1 << (bit & 7);
      const reader = openReader(0);
      reader.receive(Buffer.concat([first, second]), HIGH_WATERMARK);
      expect(offsetsOf(take(reader))).toEqual([0, 1]);
      expect(take(reader)).toEqual([]);
      expect(reader.failure).toMatchObject({ kind: 'corrupt', details: { baseOffset: '2' } });
    }),
  );
});

test('bytes that are cut off are corrupt up to the high watermark', () => {
  const reader = openReader(0);
  reader.receive(batchAt(0, 2).subarray(0, 70), HIGH_WATERMARK);
  expect(reader.failure).toMatchObject({
    kind: 'corrupt',
    reason: 'BATCH_TRUNCATED',
    details: { baseOffset: '0', lastOffset: '999' },
  });
});

test('a seek drops what was read ahead and counts, so that a late answer is known', () => {
  const reader = openReader(0);
  reader.receive(batchAt(0, 5), HIGH_WATERMARK);
  const { generation } = reader;
  reader.seek('latest');
  expect(reader.generation).not.toBe(generation);
  expect(reader).toMatchObject({ position: undefined, bufferedBytes: 0 });
  expect(take(reader)).toEqual([]);
});

test('a paused partition keeps what it has and returns nothing', () => {
  const reader = openReader(0);
  reader.receive(batchAt(0, 2), HIGH_WATERMARK);
  reader.isPaused = true;
  expect(take(reader)).toEqual([]);
  reader.isPaused = false;
  expect(offsetsOf(take(reader))).toEqual([0, 1]);
});

test('a position that is found after a failure does not undo it; a seek does', () => {
  const place = { topic: 'orders', topicIdBytes: new Uint8Array(16), partition: 3 };
  const reader = new PartitionReader(place, { port: nativeCompression, crc32c });
  reader.seek('earliest');
  reader.failure = new StreamError('internal', 'UNEXPECTED', 'a callback failed');
  reader.found(7);
  expect([reader.position, reader.failure?.reason]).toEqual([7, 'UNEXPECTED']);
  reader.seek(7);
  expect(reader.failure).toBeUndefined();
});
