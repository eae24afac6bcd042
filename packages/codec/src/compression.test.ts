import { StreamError } from '@streamhouse/core/errors.ts';
import { producerId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { RecordBatchBuilder } from '@streamhouse/core/record/batch-builder.ts';
import { readBatchHeader } from '@streamhouse/core/record/batch-header.ts';
import type { Compression } from '@streamhouse/core/record/compression.ts';
import { COMPRESSIONS } from '@streamhouse/core/record/compression.ts';
import { decodeBatch } from '@streamhouse/core/record/decode.ts';
import { validateBatch, validateBatchRecords } from '@streamhouse/core/record/validate.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nativeCompression as port } from './compression.ts';
import { crc32c } from './crc32c.ts';

const CAP = LIMITS.batchUncompressedBytesMax;
const PACKED = ['gzip', 'snappy', 'lz4', 'zstd'] as const;

function refusalOf(compression: Compression, bytes: Uint8Array, bytesMax: number = CAP): string {
  try {
    port.decompress(compression, bytes, bytesMax);
  } catch (error) {
    if (error instanceof StreamError) return `${error.kind} ${error.reason}`;
    throw error;
  }
  return 'accepted';
}

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5_000 }))
    .map(repeat),
);

function repeat([part, times]: [Uint8Array, number]): Uint8Array {
  return Buffer.concat(Array(times).fill(part));
}

test.each(COMPRESSIONS)('bytes come back as they were, by %s', (compression) => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const packed = port.compress(compression, bytes);
      const plain = port.decompress(compression, packed, Math.max(1, bytes.length));
      expect(Buffer.compare(plain, bytes)).toBe(0);
    }),
  );
});

test.each(PACKED)('the bound is exact: %s of one byte more is refused', (compression) => {
  const bytes = Buffer.alloc(100_000, 'some text that packs well, ');
  const packed = port.compress(compression, bytes);
  expect(refusalOf(compression, packed, bytes.length)).toBe('accepted');
  expect(refusalOf(compression, packed, bytes.length - 1)).toBe('corrupt COMPRESSED_BYTES');
});

/** One record, value 40 x "a", as @platformatic/kafka 2.12.1 writes it; its Snappy is raw, without the framing. */
const GOLDEN = {
  gzip: '00000000000000000000004f0000000002c6ae8a5c0001000000000000018bcfe568000000018bcfe568000000000000000007000300000000000000011f8b08000000000000038b616060600c4824123000008c006b2c2f000000',
  snappy:
    '00000000000000000000003f000000000293959eb10002000000000000018bcfe568000000018bcfe568000000000000000007000300000000000000012f185c0000000150619a01000000',
  lz4: '00000000000000000000005200000000023096ec410003000000000000018bcfe568000000018bcfe5680000000000000000070003000000000000000104224d18604082120000007f5c00000001506101000f6061616161610000000000',
  zstd: '0000000000000000000000480000000002111aac120004000000000000018bcfe568000000018bcfe5680000000000000000070003000000000000000128b52ffd202f750000405c0000000150610001004a6004',
} as const;

test.each(PACKED)('a batch that another client packed by %s is read', (compression) => {
  const batch = Buffer.from(GOLDEN[compression], 'hex');
  expect(validateBatch(batch, crc32c).compression).toBe(compression);
  validateBatchRecords(batch, readBatchHeader(batch), port);
  const [record] = decodeBatch(batch, 0, { port, crc32c });
  expect(Buffer.from(record?.value ?? []).toString()).toBe('a'.repeat(40));
  expect([record?.timestampMs, record?.headers]).toEqual([1_700_000_000_000, []]);
});

test.each(COMPRESSIONS)('a batch is built, checked and read by %s', (compression) => {
  const builder = new RecordBatchBuilder();
  for (let index = 0; index < 1_000; index++)
    builder.append(`key ${index % 7}`, `value ${index}`, [], index);
  const stamp = { producerId: producerId(1), producerEpoch: 0, baseSequence: 0 };
  const batch = builder.finish({ compression, ...stamp, port, crc32c });
  const header = validateBatch(batch, crc32c);
  validateBatchRecords(batch, header, port);
  expect(header.compression).toBe(compression);
  const records = decodeBatch(batch, 0, { port, crc32c });
  expect(records.map((of) => Buffer.from(of.value ?? []).toString())).toEqual(
    Array.from({ length: 1_000 }, (_, index) => `value ${index}`),
  );
});

test.each(PACKED)('every truncation of %s is corrupt', (compression) => {
  const packed = port.compress(
    compression,
    Buffer.from('a text of some length, a text of some length'),
  );
  // The framing of Snappy has no end: after its 16 bytes it holds nothing yet, as it does when nothing was packed.
  const whole = compression === 'snappy' ? [16] : [];
  for (let length = 0; length < packed.length; length++) {
    const refusal = refusalOf(compression, packed.subarray(0, length));
    expect(refusal, `${length} bytes`).toBe(
      whole.includes(length) ? 'accepted' : 'corrupt COMPRESSED_BYTES',
    );
  }
});

test.each(PACKED)('bytes after what %s packed are corrupt, not lost in silence', (compression) => {
  const packed = port.compress(
    compression,
    Buffer.from('a text of some length, a text of some length'),
  );
  expect(refusalOf(compression, Buffer.concat([packed, Buffer.from('tail')]))).toBe(
    'corrupt COMPRESSED_BYTES',
  );
});

test.each(PACKED)('random bytes are not %s', (compression) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      // A few bytes can be raw Snappy by chance; then they hold no more than they can.
      const refusal = refusalOf(compression, bytes);
      if (compression !== 'snappy') expect(refusal).toBe('corrupt COMPRESSED_BYTES');
    }),
  );
});

const forged = {
  'a zstd frame that says 2^63 bytes': [
    'zstd',
    Buffer.from('28b52ffde00000000000000080010000', 'hex'),
  ],
  'raw Snappy that says 4 GiB': ['snappy', Buffer.from('ffffffff0f00610000', 'hex')],
  'raw Snappy that says what is allowed, but not in its few bytes': [
    'snappy',
    Buffer.from('808080080061', 'hex'),
  ],
  'framed Snappy of two such blocks': [
    'snappy',
    Buffer.from('82534e4150505900000000010000000100000006ffffffff0f0000000006ffffffff0f00', 'hex'),
  ],
  'an lz4 bomb of 256 MiB': ['lz4', lz4Bomb()],
  'a zstd bomb of 256 MiB that does not say so': ['zstd', zstdBomb(2_048)],
  'a Snappy bomb of 256 MiB': ['snappy', snappyBomb()],
  'a gzip bomb of 256 MiB': ['gzip', gzipBomb()],
} as const;

/** Each bomb repeats one packed part, so that making it takes no memory that would hide what reading it takes. */
function lz4Bomb(): Buffer {
  const frame = Buffer.from(port.compress('lz4', Buffer.alloc(4 << 20)));
  const block = frame.subarray(7, frame.length - 4);
  return Buffer.concat([frame.subarray(0, 7), ...Array(64).fill(block), frame.subarray(-4)]);
}

/** RLE blocks of 128 KiB in a window of 128 KiB; no content size. */
function zstdBomb(blocks: number): Buffer {
  const header = Buffer.from('28b52ffd0038', 'hex');
  const block = Buffer.from('02001061', 'hex');
  const last = Buffer.from('03001061', 'hex');
  return Buffer.concat([header, ...Array(blocks - 1).fill(block), last]);
}

function snappyBomb(): Buffer {
  const frame = Buffer.from(port.compress('snappy', Buffer.alloc(32 << 10)));
  return Buffer.concat([frame.subarray(0, 16), ...Array(8_192).fill(frame.subarray(16))]);
}

function gzipBomb(): Buffer {
  return Buffer.concat(Array(64).fill(port.compress('gzip', Buffer.alloc(4 << 20))));
}

test.each(Object.entries(forged))(
  '%s is refused and memory stays flat',
  (_name, [compression, bytes]) => {
    // The highest ever, so that what is allocated and freed at once is seen too.
    const before = process.resourceUsage().maxRSS;
    expect(refusalOf(compression, bytes)).toBe('corrupt COMPRESSED_BYTES');
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(64 << 10);
  },
);

test('a zstd frame that does not say its size is read up to the bound', () => {
  expect(port.decompress('zstd', zstdBomb(128), CAP).length).toBe(CAP);
  expect(refusalOf('zstd', zstdBomb(129))).toBe('corrupt COMPRESSED_BYTES');
});

test.each([
  [1, 200],
  [2, 300],
  [4, 70_000],
])(
  'a zstd frame whose size takes %d bytes is read up to its own size, and not below',
  (_bytes, size) => {
    const frame = port.compress('zstd', Buffer.alloc(size, 'streamhouse'));
    expect(port.decompress('zstd', frame, size)).toHaveLength(size);
    expect(() => port.decompress('zstd', frame, size - 1)).toThrow(`expands to ${size} bytes`);
  },
);
