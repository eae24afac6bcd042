/** RecordBatches, as producers send them and as they are read back. */
import assert from 'node:assert/strict';
import { zstdCompressSync } from 'node:zlib';
import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { ByteReader } from '@streamhouse/core/bytes/byte-reader.ts';
import { readInt32, writeInt32 } from '@streamhouse/core/bytes/fixed.ts';
import { writeVarint, writeVarlong } from '@streamhouse/core/bytes/varint.ts';
import { producerId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { RecordBatchBuilder, TIMESTAMP_MS_MAX } from '@streamhouse/core/record/batch-builder.ts';
import {
  BATCH_HEADER_BYTES,
  BATCH_PREFIX_BYTES,
  FIELD,
} from '@streamhouse/core/record/batch-header.ts';
import { COMPRESSIONS } from '@streamhouse/core/record/compression.ts';
import { decodeBatch, decodeBatches } from '@streamhouse/core/record/decode.ts';
import type { Record } from '@streamhouse/core/record/record.ts';
import { validateBatch, validateBatchRecords } from '@streamhouse/core/record/validate.ts';
import {
  batchOf,
  buildBatch,
  plainRecords,
  type RecordInput,
} from '@streamhouse/core/testing/batches.test-support.ts';
import { compressedBatch } from '../../harness/target.ts';
import { type Decoder, decoded } from '../decoder.ts';
import type { Seed } from '../target.ts';

const CODECS = { port: nativeCompression, crc32c };

const MIXED: readonly RecordInput[] = [
  { key: null, value: null, headers: [], timestampMs: 1_700_000_000_000 },
  { key: 'key', value: 'value', headers: [], timestampMs: 0 },
  { key: '', value: new Uint8Array(200), headers: [], timestampMs: TIMESTAMP_MS_MAX },
  {
    key: 'é',
    value: '{"a":1}',
    headers: [
      { name: 'trace', value: '00ff' },
      { name: '', value: null },
    ],
    timestampMs: 1_700_000_000_001,
  },
];

/** A batch with the length and CRC that fit, as one who means harm would send it. */
export function sealed(batch: Uint8Array): Uint8Array {
  if (batch.length < BATCH_HEADER_BYTES) return batch;
  const copy = Uint8Array.from(batch);
  writeInt32(copy, FIELD.batchLength, copy.length - BATCH_PREFIX_BYTES);
  writeInt32(copy, FIELD.crc, crc32c(copy.subarray(FIELD.attributes)));
  return copy;
}

export function batchSeeds(): readonly Seed[] {
  const stamp = { producerId: producerId(7), producerEpoch: 3, baseSequence: 41 };
  const wide = Array.from({ length: 100 }, () => plainRecords(1)[0]!);
  return [
    ...COMPRESSIONS.map((compression) => ({
      name: `wide-${compression}`,
      bytes: buildBatch(wide, { ...CODECS, compression }),
    })),
    { name: 'mixed', bytes: buildBatch(MIXED) },
    { name: 'stamped', bytes: buildBatch(plainRecords(3), stamp) },
    { name: 'two', bytes: Buffer.concat([buildBatch(MIXED), buildBatch(plainRecords(2))]) },
  ];
}

/** Small batches of what takes the most memory: empty headers, two bytes each, and empty records. */
export function bombSeeds(): readonly Seed[] {
  const count = 4_000_000;
  const frame = new Uint8Array(20);
  let at = writeVarint(frame, 0, 2 * count + 9);
  // Attributes, time, offset, no key, no value; each header has no name and no value.
  frame.set([0, 0, 0, 1, 1], at);
  at = writeVarint(frame, at + 5, count);
  const headers = Buffer.alloc(2 * count, Buffer.from([0, 1]));
  const bytes = Buffer.concat([frame.subarray(0, at), headers]);
  return [{ name: 'headers', bytes: compressedBatch('zstd', zstdCompressSync(bytes), 1) }];
}

function checkBatch(input: Uint8Array): void {
  for (const batch of [input, sealed(input)]) {
    decoded(() => decodeBatches(batch, CODECS));
    checkAccepted(batch);
  }
}

/** What the agent accepts, every reader can read, and it says what the header says. */
function checkAccepted(batch: Uint8Array): void {
  const accepted = decoded(() => {
    const header = validateBatch(batch, crc32c);
    validateBatchRecords(batch, header, nativeCompression);
    return header;
  });
  if (accepted === undefined) return;
  const records = decodeBatch(batch, 0, CODECS);
  assert.equal(records.length, accepted.recordCount);
  for (const [index, { offset, timestampMs }] of records.entries()) {
    assert.equal(offset, accepted.baseOffset + index);
    assert(timestampMs >= 0 && timestampMs <= TIMESTAMP_MS_MAX, `timestamp ${timestampMs}`);
  }
  assert.equal(Math.max(...records.map(({ timestampMs }) => timestampMs)), accepted.maxTimestampMs);
  checkRoundTrip(records);
}

function checkRoundTrip(records: readonly Record[]): void {
  const builder = new RecordBatchBuilder(2 * LIMITS.batchUncompressedBytesMax);
  for (const { key, value, headers, timestampMs } of records) {
    builder.append(key, value, headers, timestampMs);
  }
  const none = { producerId: producerId(-1), producerEpoch: -1, baseSequence: -1 };
  const again = builder.finish({ compression: 'none', ...none, ...CODECS });
  const baseOffset = records[0]?.offset ?? 0;
  assert.deepEqual(
    decodeBatch(again, 0, CODECS).map((record) => ({
      ...record,
      offset: record.offset + baseOffset,
    })),
    records,
  );
}

/** uint8 record count, then the bytes of the records, in a batch that is otherwise right. */
function checkRecords(input: Uint8Array): void {
  const [count = 0] = input;
  if (input.length > 1) checkAccepted(batchOf(input.subarray(1), count));
}

function recordSeeds(): readonly Seed[] {
  return [
    { name: 'mixed', batch: buildBatch(MIXED) },
    { name: 'plain', batch: buildBatch(plainRecords(5, 0)) },
  ].map(({ name, batch }) => ({
    name,
    bytes: Buffer.concat([
      Buffer.from([readInt32(batch, FIELD.recordCount)]),
      batch.subarray(BATCH_HEADER_BYTES),
    ]),
  }));
}

function checkVarint(input: Uint8Array): void {
  for (const [read, write] of [
    ['readVarint', writeVarint],
    ['readVarlong', writeVarlong],
  ] as const) {
    const reader = new ByteReader(input);
    const value = decoded(() => reader[read]());
    assert(reader.position <= input.length);
    if (value === undefined) continue;
    const bytes = new Uint8Array(10);
    const end = write(bytes, 0, value);
    assert(end <= Math.max(reader.position, 1));
    assert.equal(new ByteReader(bytes.subarray(0, end))[read](), value);
  }
}

function varintSeeds(): readonly Seed[] {
  const values = [0, -1, 63, -65, 300, 0x7fffffff, -0x80000000, Number.MAX_SAFE_INTEGER];
  return [...values, Number.MIN_SAFE_INTEGER].map((value) => {
    const bytes = new Uint8Array(10);
    return { name: `of${value}`, bytes: bytes.subarray(0, writeVarlong(bytes, 0, value)) };
  });
}

export const RECORD_DECODERS: readonly Decoder[] = [
  { name: 'record-batch', seeds: () => [...batchSeeds(), ...bombSeeds()], check: checkBatch },
  { name: 'records', seeds: recordSeeds, check: checkRecords },
  { name: 'varint', seeds: varintSeeds, check: checkVarint },
];
