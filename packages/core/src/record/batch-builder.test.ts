import fc from 'fast-check';
import { expect, test } from 'vitest';
import { producerId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import {
  buildBatch,
  CODECS,
  NO_PRODUCER,
  plainRecords,
  recordInputs,
  thrownBy,
} from '../testing/batches.test-support.ts';
import {
  RecordBatchBuilder,
  recordBytesMax,
  restampBatch,
  TIMESTAMP_MS_MAX,
} from './batch-builder.ts';
import { lastSequence, readBatchHeader, verifyBatchCrc } from './batch-header.ts';
import { decodeBatch } from './decode.ts';

const FINISH = { compression: 'none', ...NO_PRODUCER, ...CODECS } as const;
const STAMP = { producerId: producerId(7), producerEpoch: 3, baseSequence: 42 };

/**
 * Three records as kafkajs 2.2.4 encodes them, but for partitionLeaderEpoch: it writes 0, and the CRC leaves it out.
 */
const GOLDEN = [
  '0000000000000000', // baseOffset 0
  '00000059', // batchLength 89 = 101 - 12
  'ffffffff', // partitionLeaderEpoch -1
  '02', // magic
  '648b083d', // crc of what follows
  '0000', // attributes: no compression
  '00000002', // lastOffsetDelta
  '0000018bcfe56800', // baseTimestamp 1_700_000_000_000
  '0000018bcfe56801', // maxTimestamp: that of record 1
  '0000000000000007', // producerId
  '0003', // producerEpoch
  '0000002a', // baseSequence 42
  '00000003', // records
  // length 17, attributes, time +0, offset +0, key (2) "k1", value (5) "hello", 1 header: (1) "h", (1) "v"
  '22 00 00 00 04 6b31 0a 68656c6c6f 02 02 68 02 76',
  // length 11, attributes, time +1, offset +1, null key, value (5) "world", no header
  '16 00 02 02 01 0a 776f726c64 00',
  // length 9, attributes, time -70, offset +2, key (2) "k3", null value, no header
  '12 00 8b01 04 04 6b33 01 00',
]
  .join('')
  .replaceAll(' ', '');

test('a batch is, byte for byte, what other implementations of the format write', () => {
  const builder = new RecordBatchBuilder();
  const headers = [{ name: 'h', value: 'v' }];
  builder.append('k1', 'hello', headers, 1_700_000_000_000);
  builder.append(null, Uint8Array.from(Buffer.from('world')), [], 1_700_000_000_001);
  builder.append('k3', null, [], 1_699_999_999_930);
  expect(builder.recordCount).toBe(3);
  expect(builder.sizeBytes).toBe(GOLDEN.length / 2);
  expect(Buffer.from(builder.finish({ ...FINISH, ...STAMP })).toString('hex')).toBe(GOLDEN);
});

test('the batch is exactly sized, its own, and the builder starts anew after a reset', () => {
  const builder = new RecordBatchBuilder();
  builder.append('first', 'a longer value', [], 9_000);
  const first = builder.finish(FINISH);
  expect(first.buffer.byteLength).toBe(first.length);
  builder.reset();
  expect([builder.recordCount, builder.sizeBytes]).toEqual([0, 61]);
  builder.append('k', 'v', [], 5);
  const second = builder.finish(FINISH);
  expect(second).toEqual(buildBatch([{ key: 'k', value: 'v', headers: [], timestampMs: 5 }]));
  expect(decodeBatch(first, 0, CODECS)[0]?.timestampMs).toBe(9_000);
});

test('a compressed form is kept only when it is smaller', () => {
  const small = buildBatch(plainRecords(1), { compression: 'gzip' });
  const large = buildBatch(plainRecords(500), { compression: 'gzip' });
  expect(readBatchHeader(small).compression).toBe('none');
  expect(readBatchHeader(large).compression).toBe('gzip');
  expect(large.length).toBeLessThan(buildBatch(plainRecords(500)).length / 2);
  expect(decodeBatch(large, 0, CODECS)).toHaveLength(500);
});

test('records of every shape stay within the bound told for them', () => {
  fc.assert(
    fc.property(recordInputs, (records) => {
      const builder = new RecordBatchBuilder();
      for (const { key, value, headers, timestampMs } of records) {
        const before = builder.sizeBytes;
        builder.append(key, value, headers, timestampMs);
        expect(builder.sizeBytes - before).toBeLessThanOrEqual(recordBytesMax(key, value, headers));
      }
    }),
  );
});

const LIMIT = LIMITS.recordBytesMax;
const ONE_HEADER = [{ name: 'n'.repeat(LIMITS.headerNameBytesMax), value: null }];

test.each([
  ['a value', null, 'v'.repeat(LIMIT), []],
  ['a value of bytes', null, new Uint8Array(LIMIT), []],
  ['a value whose characters take 2 bytes', null, 'é'.repeat(LIMIT / 2), []],
  ['key and value', 'k'.repeat(LIMIT / 2), 'v'.repeat(LIMIT / 2), []],
  ['headers too', null, 'v'.repeat(LIMIT - LIMITS.headerNameBytesMax), ONE_HEADER],
] as const)(
  '%s at the bound of a record is taken, one byte more is not',
  (_name, key, value, headers) => {
    const builder = new RecordBatchBuilder();
    builder.append(key, value, headers, 0);
    builder.reset();
    const more = key === null ? 'k' : `${key}k`;
    const error = thrownBy(() => builder.append(more, value, headers, 0));
    expect([error.kind, error.reason]).toEqual(['overloaded', 'RECORD_TOO_LARGE']);
    expect(error.details).toEqual({ limit: String(LIMIT), actual: String(LIMIT + 1) });
    expect([builder.recordCount, builder.sizeBytes]).toEqual([0, 61]);
  },
);

test.each([
  ['invalid', 'RECORD_TIMESTAMP', [], -1],
  ['invalid', 'RECORD_TIMESTAMP', [], 0.5],
  ['invalid', 'RECORD_TIMESTAMP', [], Number.NaN],
  ['invalid', 'RECORD_TIMESTAMP', [], TIMESTAMP_MS_MAX + 1],
  ['invalid', 'RECORD_HEADERS', Array(1_001).fill({ name: 'h', value: null }), 0],
  ['invalid', 'RECORD_HEADERS', [{ name: 'a\rb', value: null }], 0],
  ['invalid', 'RECORD_HEADERS', [{ name: 'a\nb', value: null }], 0],
  ['invalid', 'RECORD_HEADERS', [{ name: 'a\0b', value: null }], 0],
  ['invalid', 'RECORD_HEADERS', [{ name: 'n'.repeat(1_025), value: null }], 0],
  ['invalid', 'RECORD_HEADERS', [{ name: 'é'.repeat(513), value: null }], 0],
] as const)(
  '%s %s: the record is refused and the batch is as it was',
  (kind, reason, headers, timestampMs) => {
    const builder = new RecordBatchBuilder();
    builder.append('k', 'v', [], 1);
    const before = builder.finish(FINISH);
    const error = thrownBy(() => builder.append('k', 'v', headers, timestampMs));
    expect([error.kind, error.reason]).toEqual([kind, reason]);
    expect(builder.finish(FINISH)).toEqual(before);
  },
);

test('a record far past the bound is refused before there is room made for it', () => {
  const builder = new RecordBatchBuilder();
  const error = thrownBy(() => builder.append(null, new Uint8Array(64 << 20), [], 0));
  expect([error.kind, error.reason]).toEqual(['overloaded', 'RECORD_TOO_LARGE']);
});

test('a full batch refuses the record and stays as it was', () => {
  const builder = new RecordBatchBuilder(200);
  builder.append('k', 'v'.repeat(100), [], 1);
  const before = builder.finish(FINISH);
  const error = thrownBy(() => builder.append('k', 'v'.repeat(100), [], 2));
  expect([error.kind, error.reason]).toEqual(['overloaded', 'BATCH_FULL']);
  expect(builder.finish(FINISH)).toEqual(before);
  builder.append('k', 'v', [], 1);
  expect(builder.recordCount).toBe(2);
});

test('a batch takes no more records than a batch may have', () => {
  const builder = new RecordBatchBuilder();
  for (let index = 0; index < LIMITS.batchRecordsMax; index++) builder.append(null, null, [], 0);
  expect(thrownBy(() => builder.append(null, null, [], 0)).reason).toBe('BATCH_FULL');
});

test('an empty batch is a bug of the caller', () => {
  expect(thrownBy(() => new RecordBatchBuilder().finish(FINISH)).reason).toBe('BATCH_EMPTY');
});

test('a batch gets another producer without a change to its records', () => {
  const batch = buildBatch(plainRecords(3));
  restampBatch(batch, STAMP, CODECS.crc32c);
  const header = readBatchHeader(batch);
  verifyBatchCrc(batch, 0, header, CODECS.crc32c);
  expect(header).toMatchObject(STAMP);
  expect(decodeBatch(batch, 0, CODECS)).toEqual(
    decodeBatch(buildBatch(plainRecords(3)), 0, CODECS),
  );
});

test('sequences go on from 0 after 2^31 - 1', () => {
  expect(lastSequence(0, 1)).toBe(0);
  expect(lastSequence(0x7fff_ffff, 1)).toBe(0x7fff_ffff);
  expect(lastSequence(0x7fff_fffe, 4)).toBe(1);
});
