import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { writeInt8, writeInt16, writeInt32, writeInt64 } from '../bytes/fixed.ts';
import { StreamError } from '../errors.ts';
import { producerId } from '../ids.ts';
import type { BatchStamp, Content, FinishOptions, HeaderInput } from '../record/batch-builder.ts';
import { RecordBatchBuilder } from '../record/batch-builder.ts';
import { BATCH_HEADER_BYTES, FIELD } from '../record/batch-header.ts';
import type { CompressionPort, Crc32c } from '../record/compression.ts';
import { tableCrc32c } from './crc32c.test-support.ts';

/** `none` and gzip are enough to test what core does around a compression. */
const gzipPort: CompressionPort = {
  compress(compression, bytes) {
    return compression === 'gzip' ? gzipSync(bytes) : bytes;
  },
  decompress(compression, bytes, bytesMax) {
    if (compression === 'none') return bytes;
    try {
      return gunzipSync(bytes, { maxOutputLength: bytesMax });
    } catch (cause) {
      throw new StreamError('corrupt', 'COMPRESSED_BYTES', 'not gzip', { cause });
    }
  },
};

export const CODECS: { readonly port: CompressionPort; readonly crc32c: Crc32c } = {
  port: gzipPort,
  crc32c: tableCrc32c,
};

export const NO_PRODUCER: BatchStamp = {
  producerId: producerId(-1),
  producerEpoch: -1,
  baseSequence: -1,
};

export interface RecordInput {
  readonly key: Content;
  readonly value: Content;
  readonly headers: readonly HeaderInput[];
  readonly timestampMs: number;
}

export function buildBatch(
  records: readonly RecordInput[],
  options: Partial<FinishOptions> = {},
): Uint8Array<ArrayBuffer> {
  const builder = new RecordBatchBuilder();
  for (const { key, value, headers, timestampMs } of records) {
    builder.append(key, value, headers, timestampMs);
  }
  return builder.finish({ compression: 'none', ...NO_PRODUCER, ...CODECS, ...options });
}

/** Records with nothing in them but their number. */
export function plainRecords(count: number, timestampMs = 1_700_000_000_000): RecordInput[] {
  return Array.from({ length: count }, (_, index) => ({
    key: null,
    value: `record ${index}`,
    headers: [],
    timestampMs: timestampMs + index,
  }));
}

/** Changes a copy of a batch and gives it the CRC that fits, as one who means harm would. */
export function forge(
  batch: Uint8Array,
  change: (bytes: Uint8Array) => void,
): Uint8Array<ArrayBuffer> {
  const forged = Uint8Array.from(batch);
  change(forged);
  writeInt32(forged, FIELD.crc, tableCrc32c(forged.subarray(FIELD.attributes)));
  return forged;
}

/** An uncompressed batch of hand-made record bytes. */
export function batchOf(records: Uint8Array, recordCount: number): Uint8Array<ArrayBuffer> {
  const batch = new Uint8Array(BATCH_HEADER_BYTES + records.length);
  batch.set(records, BATCH_HEADER_BYTES);
  return forge(batch, (bytes) => {
    writeInt32(bytes, FIELD.batchLength, bytes.length - 12);
    writeInt8(bytes, FIELD.magic, 2);
    writeInt32(bytes, FIELD.lastOffsetDelta, recordCount - 1);
    writeInt64(bytes, FIELD.producerId, -1);
    writeInt16(bytes, FIELD.producerEpoch, -1);
    writeInt32(bytes, FIELD.baseSequence, -1);
    writeInt32(bytes, FIELD.recordCount, recordCount);
  });
}

const content = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 100 }),
);

/** Records of every shape, their strings around the lengths where a varint grows. */
export const recordInputs: fc.Arbitrary<RecordInput[]> = fc.array(
  fc.record({
    key: content,
    value: content,
    headers: fc.array(
      fc.record({
        name: fc
          .string({ unit: 'binary', maxLength: 70 })
          .map((name) => name.replace(/[\r\n\0]/g, '_')),
        value: content,
      }),
      { maxLength: 4 },
    ),
    timestampMs: fc.integer({ min: 0, max: 253_402_300_799_999 }),
  }),
  { minLength: 1, maxLength: 8 },
);

export function utf8(value: Content): Uint8Array | null {
  return typeof value === 'string' ? new TextEncoder().encode(value) : value;
}

/** What `run` throws. */
export function thrownBy(run: () => unknown): StreamError {
  try {
    run();
  } catch (error) {
    if (error instanceof StreamError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Every copy of `bytes` with one bit turned over, and which. */
export function* bitFlips(
  bytes: Uint8Array,
): Generator<{ position: number; flipped: Uint8Array<ArrayBuffer> }> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const position = bit >> 3;
    const flipped = Uint8Array.from(bytes);
    flipped[position] = (flipped[position] as number) ^ (1 << (bit & 7));
    yield { position, flipped };
  }
}
