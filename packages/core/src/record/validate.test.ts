import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writeInt16, writeInt32, writeInt64, writeInt8 } from '../bytes/fixed.ts';
import { producerId } from '../ids.ts';
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
} from '../testing/batches.test-support.ts';
import { restampBatch, TIMESTAMP_MS_MAX } from './batch-builder.ts';
import { BATCH_HEADER_BYTES, FIELD } from './batch-header.ts';
import { validateBatch, validateBatchRecords, validateRecords } from './validate.ts';

const { port, crc32c } = CODECS;

function refusalOf(batch: Uint8Array): string {
  const error = thrownBy(() => {
    const header = validateBatch(batch, crc32c);
    validateBatchRecords(batch, header, port);
  });
  return `${error.kind} ${error.reason}`;
}

test('what a builder makes is accepted, whatever its records', () => {
  fc.assert(
    fc.property(recordInputs, fc.constantFrom('none', 'gzip'), (records, compression) => {
      // A builder's base is its first record's time, and the wire needs no order of the others.
      const batch = buildBatch(records, { compression });
      const header = validateBatch(batch, crc32c);
      validateBatchRecords(batch, header, port);
      expect(header.recordCount).toBe(records.length);
      expect(header.maxTimestampMs).toBe(Math.max(...records.map((of) => of.timestampMs)));
    }),
  );
});

const GOOD = buildBatch(plainRecords(3));

const int = (position: number, value: number) => (bytes: Uint8Array) =>
  writeInt32(bytes, position, value);
const long = (position: number, value: number) => (bytes: Uint8Array) =>
  writeInt64(bytes, position, value);
const attributes = (value: number) => (bytes: Uint8Array) =>
  writeInt16(bytes, FIELD.attributes, value);

test.each([
  ['a wrong magic', (bytes: Uint8Array) => writeInt8(bytes, FIELD.magic, 1), 'invalid BATCH_MAGIC'],
  ['a length that is longer', int(FIELD.batchLength, GOOD.length - 11), 'invalid BATCH_TRUNCATED'],
  ['a length that is shorter', int(FIELD.batchLength, GOOD.length - 13), 'invalid BATCH_LENGTH'],
  ['a negative length', int(FIELD.batchLength, -1), 'invalid BATCH_LENGTH'],
  ['the transactional bit', attributes(0x10), 'invalid BATCH_ATTRIBUTES'],
  ['the control bit', attributes(0x20), 'invalid BATCH_ATTRIBUTES'],
  ['append time', attributes(0x08), 'invalid BATCH_ATTRIBUTES'],
  ['a delete horizon', attributes(0x40), 'invalid BATCH_ATTRIBUTES'],
  ['a bit without a meaning', attributes(0x8000), 'invalid BATCH_ATTRIBUTES'],
  ['compression 5', attributes(5), 'invalid BATCH_ATTRIBUTES'],
  ['compression 7', attributes(7), 'invalid BATCH_ATTRIBUTES'],
  ['bytes that are not of their compression', attributes(1), 'invalid COMPRESSED_BYTES'],
  ['a last offset that does not fit', int(FIELD.lastOffsetDelta, 3), 'invalid BATCH_RECORD_COUNT'],
  ['no records', int(FIELD.recordCount, 0), 'invalid BATCH_RECORD_COUNT'],
  ['-1 records', int(FIELD.recordCount, -1), 'invalid BATCH_RECORD_COUNT'],
  ['2^31 - 1 records', int(FIELD.recordCount, 0x7fff_ffff), 'invalid BATCH_RECORD_COUNT'],
  ['a negative base timestamp', long(FIELD.baseTimestamp, -1), 'invalid BATCH_TIMESTAMP'],
  ['a negative max timestamp', long(FIELD.maxTimestamp, -1), 'invalid BATCH_TIMESTAMP'],
  ['the year 10000', long(FIELD.maxTimestamp, TIMESTAMP_MS_MAX + 1), 'invalid BATCH_TIMESTAMP'],
  [
    'a max timestamp of no record',
    long(FIELD.maxTimestamp, TIMESTAMP_MS_MAX),
    'invalid BATCH_TIMESTAMP',
  ],
  ['a producer without epoch', long(FIELD.producerId, 7), 'invalid BATCH_SEQUENCE'],
  ['producer -2', long(FIELD.producerId, -2), 'invalid OUT_OF_BOUNDS'],
  ['a negative base offset', long(FIELD.baseOffset, -1), 'invalid OUT_OF_BOUNDS'],
] as const)('a batch with %s is refused', (_name, change, refusal) => {
  expect(refusalOf(forge(GOOD, change))).toBe(refusal);
});

test.each([
  ['base', FIELD.baseTimestamp, -1],
  ['base', FIELD.baseTimestamp, 1_700_000_000_003],
  ['max', FIELD.maxTimestamp, -1],
  ['max', FIELD.maxTimestamp, TIMESTAMP_MS_MAX + 1],
])('a %s timestamp at %d of %d is refused before the walk', (_name, position, timestampMs) => {
  const error = thrownBy(() => validateBatch(forge(GOOD, long(position, timestampMs)), crc32c));
  expect(error.reason).toBe('BATCH_TIMESTAMP');
});

test('a record of before 1970 is refused where the header cannot tell', () => {
  const records = [1_000, 0].map((timestampMs) => ({
    key: null,
    value: null,
    headers: [],
    timestampMs,
  }));
  const batch = buildBatch(records);
  validateBatchRecords(batch, validateBatch(batch, crc32c), port);
  // The first record's delta stays 0: the second is now 1 ms before 1970.
  const early = forge(batch, (bytes) => {
    writeInt64(bytes, FIELD.baseTimestamp, 999);
    writeInt64(bytes, FIELD.maxTimestamp, 999);
  });
  expect(refusalOf(early)).toBe('invalid BATCH_TIMESTAMP');
});

test('counts that agree with each other but not with the bytes are refused before the walk', () => {
  const count = (recordCount: number) => (bytes: Uint8Array) => {
    writeInt32(bytes, FIELD.recordCount, recordCount);
    writeInt32(bytes, FIELD.lastOffsetDelta, recordCount - 1);
  };
  for (const recordCount of [10, LIMITS.batchRecordsMax + 1, 0x7fff_ffff]) {
    const error = thrownBy(() => validateBatch(forge(GOOD, count(recordCount)), crc32c));
    expect(error.reason).toBe('BATCH_RECORD_COUNT');
  }
  expect(refusalOf(forge(GOOD, count(2)))).toBe('invalid BATCH_RECORD_COUNT');
  expect(refusalOf(forge(GOOD, count(4)))).toBe('invalid BYTES_TRUNCATED');
});

test('epoch and sequence count only with a producer id', () => {
  const plain = Uint8Array.from(GOOD);
  restampBatch(plain, { producerId: producerId(-1), producerEpoch: 0, baseSequence: 0 }, crc32c);
  expect(validateBatch(plain, crc32c).producerId).toBe(-1);
  for (const stamp of [
    { producerEpoch: -1, baseSequence: 0 },
    { producerEpoch: 0, baseSequence: -1 },
  ]) {
    const batch = Uint8Array.from(GOOD);
    restampBatch(batch, { producerId: producerId(7), ...stamp }, crc32c);
    expect(refusalOf(batch)).toBe('invalid BATCH_SEQUENCE');
  }
});

test('a batch past the bound in bytes is refused, with both figures, before its CRC is taken', () => {
  const batch = new Uint8Array(LIMITS.batchBytesMax + 1);
  const error = thrownBy(() => validateBatch(batch, () => expect.fail('the CRC was taken')));
  expect([error.kind, error.reason]).toEqual(['overloaded', 'BATCH_TOO_LARGE']);
  expect(error.details).toEqual({ limit: '2097152', actual: '2097153' });
});

test('bytes of a compression that expand past the bound are refused', () => {
  const records = new Uint8Array(LIMITS.batchUncompressedBytesMax + 1);
  const packed = port.compress('gzip', records);
  const bomb = forge(batchOf(packed, 1), attributes(1));
  expect(refusalOf(bomb)).toBe('invalid COMPRESSED_BYTES');
});

test('every truncation is refused', () => {
  for (let length = 0; length < GOOD.length; length++) {
    expect(refusalOf(GOOD.subarray(0, length))).toBe('invalid BATCH_TRUNCATED');
  }
});

test.each(['none', 'gzip'] as const)(
  'every bit flip is refused but in what the holder assigns (%s)',
  (compression) => {
    for (const { position, flipped } of bitFlips(buildBatch(plainRecords(20), { compression }))) {
      if (position < FIELD.batchLength || (position >= FIELD.leaderEpoch && position < FIELD.magic))
        continue;
      expect(refusalOf(flipped), `byte ${position}`).toMatch(
        /^invalid BATCH_(CRC|MAGIC|TRUNCATED|LENGTH)$/,
      );
    }
  },
);

const name = (text: string) => [
  12 + 2 * (text.length + 2),
  0,
  0,
  0,
  1,
  1,
  2,
  2 * text.length,
  ...Buffer.from(text),
  1,
];

// A record: length, attributes, time, offset, key, value, header count; numbers zig-zag, so 12 is 6 and 1 is -1.
test.each([
  ['length too short', [10, 0, 0, 0, 1, 1, 0], 'invalid RECORD_LENGTH'],
  ['length too long', [14, 0, 0, 0, 1, 1, 0, 0], 'invalid RECORD_LENGTH'],
  ['a negative length', [1, 0, 0, 0, 1, 1, 0], 'invalid RECORD_LENGTH'],
  ['an offset that is not its place', [12, 0, 0, 2, 1, 1, 0], 'invalid RECORD_OFFSET'],
  ['a key past the end', [12, 0, 0, 0, 40, 1, 0], 'invalid BYTES_TRUNCATED'],
  ['a key of length -2', [12, 0, 0, 0, 3, 1, 0], 'invalid BYTES_TRUNCATED'],
  ['-1 headers', [12, 0, 0, 0, 1, 1, 1], 'invalid RECORD_HEADERS'],
  ['a million headers', [16, 0, 0, 0, 1, 1, 0x80, 0x89, 0x7a], 'invalid RECORD_HEADERS'],
  ['an endless varint', [14, 0, 0, ...Array(11).fill(0xff)], 'invalid VARINT'],
  ['an endless varlong', [40, 0, ...Array(12).fill(0xff)], 'invalid VARLONG'],
  ['CR in a header', name('a\r'), 'invalid RECORD_HEADERS'],
  ['LF in a header', name('\nb'), 'invalid RECORD_HEADERS'],
  ['NUL in a header', name('a\0b'), 'invalid RECORD_HEADERS'],
] as const)('a record with %s is refused', (_what, bytes, refusal) => {
  expect(refusalOf(batchOf(Uint8Array.from(bytes), 1))).toBe(refusal);
});

test('a record and a header name at their bounds pass, one byte more does not', () => {
  const sized = (valueBytes: number, nameBytes: number) => {
    const batch = buildBatch([
      { key: null, value: 'v', headers: [{ name: 'h', value: null }], timestampMs: 0 },
    ]);
    expect(validateRecords(batch.subarray(BATCH_HEADER_BYTES), 1)).toEqual({
      minTimestampDeltaMs: 0,
      maxTimestampDeltaMs: 0,
      largestRecordBytes: 2,
    });
    const value = varint(valueBytes);
    const label = varint(nameBytes);
    const body = 4 + value.length + valueBytes + 1 + label.length + nameBytes + 1;
    return Buffer.concat([
      Uint8Array.from([...varint(body), 0, 0, 0, 1, ...value]),
      new Uint8Array(valueBytes),
      Uint8Array.from([2, ...label]),
      new Uint8Array(nameBytes).fill(0x78),
      Uint8Array.of(1),
    ]);
  };
  const { recordBytesMax, headerNameBytesMax } = LIMITS;
  const most = recordBytesMax - headerNameBytesMax;
  validateRecords(sized(most, headerNameBytesMax), 1);
  const large = thrownBy(() => validateRecords(sized(most + 1, headerNameBytesMax), 1));
  expect([large.kind, large.reason]).toEqual(['overloaded', 'RECORD_TOO_LARGE']);
  const long = thrownBy(() => validateRecords(sized(1, headerNameBytesMax + 1), 1));
  expect([long.kind, long.reason]).toEqual(['invalid', 'RECORD_HEADERS']);
});

/** Zig-zag varint of a number that is not negative. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value * 2;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
