import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writeInt16, writeInt32, writeInt64 } from '../bytes/fixed.ts';
import { epoch, offset } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import {
  batchOf,
  bitFlips,
  buildBatch,
  CODECS,
  forge,
  plainRecords,
  recordInputs,
  thrownBy,
  utf8,
} from '../testing/batches.test-support.ts';
import { FIELD, iterateBatches, readBatchHeader, writeBaseOffset } from './batch-header.ts';
import { decodeBatch, decodeBatches } from './decode.ts';

test.each(['none', 'gzip'] as const)('records come back as they were, by %s', (compression) => {
  fc.assert(
    fc.property(
      recordInputs,
      fc.maxSafeInteger().filter((at) => at >= 0 && at < 2 ** 53 - 10),
      (records, base) => {
        const batch = buildBatch(records, { compression });
        writeBaseOffset(batch, 0, offset(base), epoch(3));
        const expected = records.map(({ key, value, headers, timestampMs }, index) => ({
          offset: base + index,
          timestampMs,
          key: utf8(key),
          value: utf8(value),
          headers: headers.map(({ name, value: of }) => ({
            name: name.toWellFormed(),
            value: utf8(of),
          })),
        }));
        expect(decodeBatch(batch, 0, CODECS)).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});

test('batches in a row are read one after the other, from an offset on', () => {
  const first = buildBatch(plainRecords(3));
  const second = buildBatch(plainRecords(4), { compression: 'gzip' });
  writeBaseOffset(first, 0, offset(10), epoch(1));
  writeBaseOffset(second, 0, offset(13), epoch(1));
  const row = Buffer.concat([first, second]);
  const offsets = (from?: number) =>
    decodeBatches(row, from === undefined ? CODECS : { ...CODECS, fromOffset: offset(from) }).map(
      (of) => of.offset,
    );
  expect(offsets()).toEqual([10, 11, 12, 13, 14, 15, 16]);
  expect(offsets(12)).toEqual([12, 13, 14, 15, 16]);
  expect(offsets(15)).toEqual([15, 16]);
  expect(offsets(17)).toEqual([]);
  expect(
    [...iterateBatches(row)].map(({ position, header }) => [position, header.baseOffset]),
  ).toEqual([
    [0, 10],
    [first.length, 13],
  ]);
  expect(decodeBatch(row, first.length, CODECS).map((of) => of.offset)).toEqual([13, 14, 15, 16]);
});

test('offset and epoch are assigned without a change to what the CRC covers', () => {
  const batch = buildBatch(plainRecords(1));
  const before = Uint8Array.from(batch);
  writeBaseOffset(batch, 0, offset(2 ** 40), epoch(0x7fff_ffff));
  expect(batch.subarray(FIELD.magic)).toEqual(before.subarray(FIELD.magic));
  expect(readBatchHeader(batch)).toMatchObject({ baseOffset: 2 ** 40, leaderEpoch: 0x7fff_ffff });
  const error = thrownBy(() => writeBaseOffset(batch, 0, offset(0), epoch(0x8000_0000)));
  expect(error.reason).toBe('EPOCH_RANGE');
});

test.each(['none', 'gzip'] as const)(
  'every truncation of a batch is corrupt (%s)',
  (compression) => {
    const batch = buildBatch(plainRecords(20), { compression });
    for (let length = 0; length < batch.length; length++) {
      const error = thrownBy(() => decodeBatch(batch.subarray(0, length), 0, CODECS));
      expect([error.kind, error.reason]).toEqual(['corrupt', 'BATCH_TRUNCATED']);
    }
  },
);

test.each(['none', 'gzip'] as const)(
  'every bit flip under the CRC or in the frame is corrupt (%s)',
  (compression) => {
    const batch = buildBatch(plainRecords(20), { compression });
    for (const { position, flipped } of bitFlips(batch)) {
      // The run's CRC covers these two (object/run-crc.test.ts).
      if (position < FIELD.batchLength || (position >= FIELD.leaderEpoch && position < FIELD.magic))
        continue;
      expect(thrownBy(() => decodeBatch(flipped, 0, CODECS)).kind, `byte ${position}`).toBe(
        'corrupt',
      );
    }
  },
);

test('records of append time have the time of their batch; control batches have no records', () => {
  const appendTime = forge(buildBatch(plainRecords(2)), (bytes) =>
    writeInt16(bytes, FIELD.attributes, 0x08),
  );
  expect(decodeBatch(appendTime, 0, CODECS).map((of) => of.timestampMs)).toEqual([
    1_700_000_000_001, 1_700_000_000_001,
  ]);
  const control = forge(buildBatch(plainRecords(2)), (bytes) =>
    writeInt16(bytes, FIELD.attributes, 0x20),
  );
  expect(decodeBatch(control, 0, CODECS)).toEqual([]);
});

test('offsets may have gaps, as compaction leaves them', () => {
  // Two records, at +1 and +4 of a batch that spans 5.
  const gaps = forge(
    batchOf(Uint8Array.of(12, 0, 0, 2, 1, 1, 0, 12, 0, 0, 8, 1, 1, 0), 2),
    (bytes) => writeInt32(bytes, FIELD.lastOffsetDelta, 4),
  );
  expect(decodeBatch(gaps, 0, CODECS).map((of) => of.offset)).toEqual([1, 4]);
});

// A record: length, attributes, time, offset, key, value, header count; numbers zig-zag, so 12 is 6 and 1 is -1.
test.each([
  ['length too short', [10, 0, 0, 0, 1, 1, 0], 1, 'RECORD_LENGTH'],
  ['length too long', [14, 0, 0, 0, 1, 1, 0, 0], 1, 'RECORD_LENGTH'],
  ['offset repeated', [12, 0, 0, 0, 1, 1, 0, 12, 0, 0, 0, 1, 1, 0], 2, 'RECORD_OFFSET'],
  ['offset past the last', [12, 0, 0, 2, 1, 1, 0], 1, 'RECORD_OFFSET'],
  ['negative offset', [12, 0, 0, 1, 1, 1, 0], 1, 'RECORD_OFFSET'],
  ['key past the end', [12, 0, 0, 0, 40, 1, 0], 1, 'BYTES_TRUNCATED'],
  ['key of length -2', [12, 0, 0, 0, 3, 1, 0], 1, 'BYTES_TRUNCATED'],
  ['-1 headers', [12, 0, 0, 0, 1, 1, 1], 1, 'RECORD_HEADERS'],
  ['more headers than may be', [14, 0, 0, 0, 1, 1, 0xd2, 0x0f], 1, 'RECORD_HEADERS'],
  ['headers that are not there', [14, 0, 0, 0, 1, 1, 0xd0, 0x0f], 1, 'BYTES_TRUNCATED'],
  ['more records than may be', [12, 0, 0, 0, 1, 1, 0], 100_001, 'BATCH_RECORD_COUNT'],
  ['fewer records than told', [12, 0, 0, 0, 1, 1, 0], 2, 'BYTES_TRUNCATED'],
  ['more records than told', [12, 0, 0, 0, 1, 1, 0, 12, 0, 0, 2, 1, 1, 0], 1, 'BATCH_RECORD_COUNT'],
  ['an endless varint', [12, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 1, 'VARINT'],
  ['an endless varlong', [40, 0, ...Array(12).fill(0xff)], 1, 'VARLONG'],
] as const)(
  'a record with %s is corrupt even under a CRC that fits',
  (_name, bytes, recordCount, reason) => {
    const error = thrownBy(() =>
      decodeBatch(batchOf(Uint8Array.from(bytes), recordCount), 0, CODECS),
    );
    expect([error.kind, error.reason]).toEqual(['corrupt', reason]);
  },
);

test('bytes that expand past the bound are refused before they are decoded (I-41)', () => {
  const records = new Uint8Array(LIMITS.batchUncompressedBytesMax + 1);
  const bomb = forge(batchOf(CODECS.port.compress('gzip', records), 1), (bytes) =>
    writeInt16(bytes, FIELD.attributes, 1),
  );
  expect(thrownBy(() => decodeBatch(bomb, 0, CODECS))).toMatchObject({
    kind: 'corrupt',
    reason: 'COMPRESSED_BYTES',
  });
});

test('a record that is skipped is bounded like one that is read', () => {
  const bytes = Uint8Array.of(100, 0, 0, 0, 1, 1, 0, 12, 0, 0, 2, 1, 1, 0);
  const options = { ...CODECS, fromOffset: offset(1) };
  expect(thrownBy(() => decodeBatch(batchOf(bytes, 2), 0, options)).reason).toBe('BYTES_TRUNCATED');
});

test('an offset or a base that is no safe integer is corrupt', () => {
  const batch = forge(buildBatch(plainRecords(2)), (bytes) =>
    writeInt64(bytes, 0, Number.MAX_SAFE_INTEGER),
  );
  expect(thrownBy(() => decodeBatch(batch, 0, CODECS)).kind).toBe('corrupt');
  batch.fill(0x7f, 0, 8);
  expect(thrownBy(() => decodeBatch(batch, 0, CODECS)).reason).toBe('INT64_RANGE');
  batch.fill(0xff, 0, 8);
  expect(thrownBy(() => decodeBatch(batch, 0, CODECS)).kind).toBe('corrupt');
});

test('a timestamp that is no safe integer is corrupt', () => {
  // A base of 2^53 - 1 and a delta of 1.
  const batch = forge(batchOf(Uint8Array.of(12, 0, 2, 0, 1, 1, 0), 1), (bytes) =>
    writeInt64(bytes, FIELD.baseTimestamp, Number.MAX_SAFE_INTEGER),
  );
  expect(thrownBy(() => decodeBatch(batch, 0, CODECS)).reason).toBe('RECORD_TIMESTAMP');
});

test.each([-0x8000_0000, -13, -12, -1, 0, 48])(
  'a batch that says %d bytes follow its length is corrupt',
  (length) => {
    const batch = buildBatch(plainRecords(1));
    writeInt32(batch, FIELD.batchLength, length);
    // Were it believed, whoever walks the batches would stand still or go back.
    const error = thrownBy(() => iterateBatches(batch).next());
    expect([error.kind, error.reason]).toEqual(['corrupt', 'BATCH_TRUNCATED']);
  },
);
