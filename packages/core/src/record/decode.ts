import { branded } from '../bytes/branded.ts';
import { ByteReader } from '../bytes/byte-reader.ts';
import { StreamError } from '../errors.ts';
import type { Offset } from '../ids.ts';
import { offset } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { BatchAt, BatchHeader } from './batch-header.ts';
import {
  BATCH_HEADER_BYTES,
  iterateBatches,
  readBatchHeader,
  verifyBatchCrc,
} from './batch-header.ts';
import type { CompressionPort, Crc32c } from './compression.ts';
import type { Record, RecordHeader } from './record.ts';

export interface DecodeOptions {
  readonly port: CompressionPort;
  readonly crc32c: Crc32c;
  /** Records below it are left out. */
  readonly fromOffset?: Offset;
}

const DECODER = new TextDecoder();
const NO_HEADERS: readonly RecordHeader[] = [];

/**
 * The records of the batch at `position`, control batches apart, which have none. Their bytes are views: into `bytes`,
 * or into what it decompressed to.
 *
 * @throws StreamError `corrupt`: as `readBatchHeader`, BATCH_CRC, COMPRESSED_BYTES, RECORD_LENGTH, RECORD_OFFSET,
 *   RECORD_TIMESTAMP, RECORD_HEADERS, BATCH_RECORD_COUNT, BYTES_TRUNCATED, OUT_OF_BOUNDS, VARINT, VARLONG.
 */
export function decodeBatch(bytes: Uint8Array, position: number, options: DecodeOptions): Record[] {
  const records: Record[] = [];
  decodeInto(records, bytes, { position, header: readBatchHeader(bytes, position) }, options);
  return records;
}

/** The records of batches in a row, such as the bytes of a fetch. Errors as `decodeBatch`. */
export function decodeBatches(bytes: Uint8Array, options: DecodeOptions): Record[] {
  const records: Record[] = [];
  for (const batch of iterateBatches(bytes)) decodeInto(records, bytes, batch, options);
  return records;
}

function decodeInto(
  records: Record[],
  bytes: Uint8Array,
  batch: BatchAt,
  options: DecodeOptions,
): void {
  const { position, header } = batch;
  verifyBatchCrc(bytes, position, header, options.crc32c);
  const fromOffset = options.fromOffset ?? 0;
  const lastOffset = branded(offset, header.baseOffset + header.lastOffsetDelta);
  if (header.isControl || lastOffset < fromOffset) return;
  if (header.recordCount > LIMITS.batchRecordsMax) throw tooManyRecords(header);
  const stored = bytes.subarray(position + BATCH_HEADER_BYTES, position + header.batchLength);
  const { batchUncompressedBytesMax } = LIMITS;
  const plain = options.port.decompress(header.compression, stored, batchUncompressedBytesMax);
  const reader = new ByteReader(plain);
  let previousDelta = -1;
  for (let index = 0; index < header.recordCount; index++) {
    const length = reader.readVarint();
    const end = reader.position + length;
    reader.skip(1);
    const timestampDeltaMs = reader.readVarlong();
    const delta = reader.readVarint();
    if (delta <= previousDelta || delta > header.lastOffsetDelta) throw wrongOffset(header, delta);
    previousDelta = delta;
    if (header.baseOffset + delta >= fromOffset) {
      records.push(readRecord(reader, header, timestampDeltaMs, delta));
      if (reader.position !== end) throw wrongLength(header, delta);
    } else {
      reader.skip(end - reader.position);
    }
  }
  if (reader.position !== plain.length) throw bytesLeft(header);
}

function readRecord(
  reader: ByteReader,
  header: BatchHeader,
  timestampDeltaMs: number,
  offsetDelta: number,
): Record {
  const { timestampType, baseTimestampMs, maxTimestampMs } = header;
  const timestampMs =
    timestampType === 'append' ? maxTimestampMs : baseTimestampMs + timestampDeltaMs;
  if (!Number.isSafeInteger(timestampMs)) throw wrongTimestamp(header, offsetDelta);
  return {
    offset: offset(header.baseOffset + offsetDelta),
    timestampMs,
    key: readContent(reader),
    value: readContent(reader),
    headers: readHeaders(reader),
  };
}

function readContent(reader: ByteReader): Uint8Array | null {
  const length = reader.readVarint();
  return length === -1 ? null : reader.readBytes(length);
}

function readHeaders(reader: ByteReader): readonly RecordHeader[] {
  const count = reader.readVarint();
  if (count === 0) return NO_HEADERS;
  if (count < 0 || count > LIMITS.recordHeadersMax)
    throw new StreamError('corrupt', 'RECORD_HEADERS', `a record has ${count} headers`);
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index++) {
    const name = DECODER.decode(reader.readBytes(reader.readVarint()));
    headers.push({ name, value: readContent(reader) });
  }
  return headers;
}

function wrongOffset({ baseOffset }: BatchHeader, delta: number): StreamError {
  const message = `the batch at offset ${baseOffset} has offset delta ${delta} out of order`;
  return new StreamError('corrupt', 'RECORD_OFFSET', message);
}

function wrongTimestamp({ baseOffset }: BatchHeader, delta: number): StreamError {
  const message = `the timestamp at offset ${baseOffset + delta} is not a safe integer`;
  return new StreamError('corrupt', 'RECORD_TIMESTAMP', message);
}

function wrongLength({ baseOffset }: BatchHeader, delta: number): StreamError {
  const message = `the record at offset ${baseOffset + delta} is not as long as it says`;
  return new StreamError('corrupt', 'RECORD_LENGTH', message);
}

function tooManyRecords({ baseOffset, recordCount }: BatchHeader): StreamError {
  const message = `the batch at offset ${baseOffset} says it has ${recordCount} records, at most ${LIMITS.batchRecordsMax}`;
  return new StreamError('corrupt', 'BATCH_RECORD_COUNT', message);
}

function bytesLeft({ baseOffset, recordCount }: BatchHeader): StreamError {
  const message = `the batch at offset ${baseOffset} has bytes after its ${recordCount} records`;
  return new StreamError('corrupt', 'BATCH_RECORD_COUNT', message);
}
