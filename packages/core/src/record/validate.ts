import { ByteReader } from '../bytes/byte-reader.ts';
import { readInt8, readInt16, readInt32, readUint32 } from '../bytes/fixed.ts';
import { StreamError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { recordTooLarge, TIMESTAMP_MS_MAX } from './batch-builder.ts';
import type { BatchHeader } from './batch-header.ts';
import {
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  BATCH_PREFIX_BYTES,
  COMPRESSION_BITS,
  FIELD,
  readBatchHeader,
} from './batch-header.ts';
import type { CompressionPort, Crc32c } from './compression.ts';

/** A record without key, value and headers: six one-byte fields and its length. */
const RECORD_BYTES_MIN = 7;

/**
 * Checks one RecordBatch from outside before anything is allocated for it. Its records are checked by
 * `validateBatchRecords`.
 *
 * @throws StreamError `overloaded` BATCH_TOO_LARGE; `invalid`: BATCH_TRUNCATED, BATCH_LENGTH (bytes after the batch),
 *   BATCH_MAGIC, BATCH_CRC, BATCH_ATTRIBUTES (control, transactional, append time, unknown compression or bits),
 *   BATCH_RECORD_COUNT, BATCH_TIMESTAMP, BATCH_SEQUENCE, INT64_RANGE, OUT_OF_BOUNDS.
 */
export function validateBatch(bytes: Uint8Array, crc32c: Crc32c): BatchHeader {
  return refusing(() => {
    checkFrame(bytes);
    // First, so that whatever else is wrong was sent so and did not break on the way.
    checkCrc(bytes, crc32c);
    const header = readBatchHeader(bytes);
    checkAttributes(bytes);
    checkRecordCount(header);
    checkTimestamps(header);
    checkSequence(header);
    return header;
  });
}

/** What the walk over a batch's records found. */
export interface RecordsFacts {
  readonly minTimestampDeltaMs: number;
  readonly maxTimestampDeltaMs: number;
  /** Bytes of key, value and headers of the largest record. */
  readonly largestRecordBytes: number;
}

/**
 * Walks uncompressed records without allocating: lengths, varints, dense offsets, header counts and names.
 *
 * @throws StreamError `overloaded` RECORD_TOO_LARGE; `invalid`: RECORD_LENGTH, RECORD_OFFSET, RECORD_HEADERS,
 *   BATCH_RECORD_COUNT, BYTES_TRUNCATED, VARINT, VARLONG.
 */
export function validateRecords(records: Uint8Array, recordCount: number): RecordsFacts {
  return refusing(() => {
    const reader = new ByteReader(records);
    const facts = {
      minTimestampDeltaMs: Number.POSITIVE_INFINITY,
      maxTimestampDeltaMs: Number.NEGATIVE_INFINITY,
      largestRecordBytes: 0,
    };
    for (let index = 0; index < recordCount; index++) walkRecord(reader, index, facts);
    if (reader.position !== records.length) {
      throw invalid('BATCH_RECORD_COUNT', `bytes are left after ${recordCount} records`);
    }
    return facts;
  });
}

/**
 * Checks the records of a batch that `validateBatch` accepted, decompressing them within
 * `LIMITS.batchUncompressedBytesMax`.
 *
 * @throws StreamError as `validateRecords`; `invalid` COMPRESSED_BYTES; `invalid` BATCH_TIMESTAMP when the header's max
 *   timestamp is not that of its records, because retention trusts it, or a record is of before 1970.
 */
export function validateBatchRecords(
  bytes: Uint8Array,
  header: BatchHeader,
  port: CompressionPort,
): RecordsFacts {
  return refusing(() => {
    const stored = bytes.subarray(BATCH_HEADER_BYTES, header.batchLength);
    const plain = port.decompress(header.compression, stored, LIMITS.batchUncompressedBytesMax);
    const facts = validateRecords(plain, header.recordCount);
    if (header.baseTimestampMs + facts.maxTimestampDeltaMs !== header.maxTimestampMs) {
      throw invalid(
        'BATCH_TIMESTAMP',
        `the max timestamp ${header.maxTimestampMs} is not that of the records`,
      );
    }
    const minTimestampMs = header.baseTimestampMs + facts.minTimestampDeltaMs;
    if (minTimestampMs < 0) {
      throw invalid('BATCH_TIMESTAMP', `a record has the timestamp ${minTimestampMs}, before 1970`);
    }
    return facts;
  });
}

function checkFrame(bytes: Uint8Array): void {
  if (bytes.length > LIMITS.batchBytesMax) {
    throw new StreamError(
      'overloaded',
      'BATCH_TOO_LARGE',
      `a batch has at most ${LIMITS.batchBytesMax} bytes, got ${bytes.length}`,
      { details: { limit: String(LIMITS.batchBytesMax), actual: String(bytes.length) } },
    );
  }
  if (bytes.length < BATCH_HEADER_BYTES) {
    throw invalid(
      'BATCH_TRUNCATED',
      `a batch has at least ${BATCH_HEADER_BYTES} bytes, got ${bytes.length}`,
    );
  }
  const magic = readInt8(bytes, FIELD.magic);
  if (magic !== BATCH_MAGIC)
    throw invalid('BATCH_MAGIC', `batches have magic ${BATCH_MAGIC}, got ${magic}`);
  const declared = readInt32(bytes, FIELD.batchLength) + BATCH_PREFIX_BYTES;
  if (declared > bytes.length) {
    throw invalid(
      'BATCH_TRUNCATED',
      `the batch says it has ${declared} bytes, got ${bytes.length}`,
    );
  }
  if (declared < bytes.length) {
    throw invalid(
      'BATCH_LENGTH',
      `the batch says it has ${declared} bytes, got ${bytes.length}: send one batch at a time`,
    );
  }
}

function checkCrc(bytes: Uint8Array, crc32c: Crc32c): void {
  const expected = readUint32(bytes, FIELD.crc);
  const actual = crc32c(bytes.subarray(FIELD.attributes));
  if (actual !== expected)
    throw invalid('BATCH_CRC', `CRC-32C ${actual}, the batch says ${expected}`);
}

function checkAttributes(bytes: Uint8Array): void {
  const attributes = readInt16(bytes, FIELD.attributes);
  if ((attributes & ~COMPRESSION_BITS) !== 0) {
    throw invalid(
      'BATCH_ATTRIBUTES',
      `attributes 0x${(attributes & 0xffff).toString(16)}: producers may set the compression only`,
    );
  }
}

function checkRecordCount(header: BatchHeader): void {
  const { recordCount, lastOffsetDelta } = header;
  if (recordCount < 1 || recordCount > LIMITS.batchRecordsMax) {
    throw invalid(
      'BATCH_RECORD_COUNT',
      `a batch has 1..${LIMITS.batchRecordsMax} records, got ${recordCount}`,
    );
  }
  if (lastOffsetDelta !== recordCount - 1) {
    throw invalid(
      'BATCH_RECORD_COUNT',
      `${recordCount} records, but the last offset delta is ${lastOffsetDelta}`,
    );
  }
  const bytesMax =
    header.compression === 'none'
      ? header.batchLength - BATCH_HEADER_BYTES
      : LIMITS.batchUncompressedBytesMax;
  if (recordCount * RECORD_BYTES_MIN > bytesMax) {
    throw invalid('BATCH_RECORD_COUNT', `${recordCount} records do not fit into ${bytesMax} bytes`);
  }
}

function checkTimestamps(header: BatchHeader): void {
  const { baseTimestampMs, maxTimestampMs } = header;
  if (
    baseTimestampMs < 0 ||
    maxTimestampMs < baseTimestampMs ||
    maxTimestampMs > TIMESTAMP_MS_MAX
  ) {
    throw invalid(
      'BATCH_TIMESTAMP',
      `timestamps ${baseTimestampMs}..${maxTimestampMs} are not in 0..${TIMESTAMP_MS_MAX} milliseconds since 1970`,
    );
  }
}

/** Without a producer id, epoch and sequence mean nothing: clients send -1 or 0 there. */
function checkSequence({ producerId, producerEpoch, baseSequence }: BatchHeader): void {
  if (producerId === -1 || (producerEpoch >= 0 && baseSequence >= 0)) return;
  throw invalid(
    'BATCH_SEQUENCE',
    `producer ${producerId} has epoch ${producerEpoch} and sequence ${baseSequence}: neither may be negative`,
  );
}

type WritableFacts = { -readonly [Name in keyof RecordsFacts]: RecordsFacts[Name] };

/** Walks one record and notes its facts. */
function walkRecord(reader: ByteReader, index: number, facts: WritableFacts): void {
  const length = reader.readVarint();
  const end = reader.position + length;
  reader.skip(1);
  const deltaMs = reader.readVarlong();
  const offsetDelta = reader.readVarint();
  if (offsetDelta !== index)
    throw invalid('RECORD_OFFSET', `record ${index} has offset delta ${offsetDelta}`);
  const contentBytes = skipContent(reader) + skipContent(reader) + walkHeaders(reader);
  if (reader.position !== end)
    throw invalid('RECORD_LENGTH', `record ${index} is not as long as it says`);
  if (contentBytes > LIMITS.recordBytesMax) throw recordTooLarge(contentBytes);
  if (contentBytes > facts.largestRecordBytes) facts.largestRecordBytes = contentBytes;
  if (deltaMs < facts.minTimestampDeltaMs) facts.minTimestampDeltaMs = deltaMs;
  if (deltaMs > facts.maxTimestampDeltaMs) facts.maxTimestampDeltaMs = deltaMs;
}

function walkHeaders(reader: ByteReader): number {
  const count = reader.readVarint();
  if (count < 0 || count > LIMITS.recordHeadersMax) {
    throw invalid(
      'RECORD_HEADERS',
      `a record has at most ${LIMITS.recordHeadersMax} headers, got ${count}`,
    );
  }
  let contentBytes = 0;
  for (let index = 0; index < count; index++) {
    contentBytes += walkHeaderName(reader) + skipContent(reader);
  }
  return contentBytes;
}

function walkHeaderName(reader: ByteReader): number {
  const length = reader.readVarint();
  if (length > LIMITS.headerNameBytesMax) {
    throw invalid(
      'RECORD_HEADERS',
      `a header's name has at most ${LIMITS.headerNameBytesMax} bytes, got ${length}`,
    );
  }
  const start = reader.position;
  reader.skip(length);
  for (let at = start; at < reader.position; at++) {
    const byte = reader.bytes[at];
    if (byte === 0 || byte === 0x0a || byte === 0x0d) {
      throw invalid('RECORD_HEADERS', "a header's name must not contain CR, LF or NUL");
    }
  }
  return length;
}

/** Skips nullable bytes and returns their length. */
function skipContent(reader: ByteReader): number {
  const length = reader.readVarint();
  if (length === -1) return 0;
  reader.skip(length);
  return length;
}

/** What is `corrupt` when it was stored is `invalid` when someone sends it. */
function refusing<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof StreamError) || error.kind !== 'corrupt') throw error;
    throw new StreamError('invalid', error.reason, error.message, {
      cause: error,
      details: error.details,
    });
  }
}

function invalid(reason: string, message: string): StreamError {
  return new StreamError('invalid', reason, message);
}
