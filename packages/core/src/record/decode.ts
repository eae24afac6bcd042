import { ByteReader } from '../bytes/byte-reader.ts';
import { StreamError } from '../errors.ts';
import type { Offset } from '../ids.ts';
import { offset } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { BatchHeader } from './batch-header.ts';
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
 * The records of the batch at `position`. Their bytes are views: into `bytes`, or into what it decompressed to.
 *
 * @throws StreamError `corrupt`: as `readBatchHeader`, BATCH_CRC, COMPRESSED_BYTES, RECORD_LENGTH, BATCH_RECORD_COUNT,
 *   BYTES_TRUNCATED, VARINT, VARLONG.
 */
export function decodeBatch(bytes: Uint8Array, position: number, options: DecodeOptions): Record[] {
  const header = readBatchHeader(bytes, position);
  verifyBatchCrc(bytes, position, header, options.crc32c);
  const records: Record[] = [];
  decodeInto(records, bytes, position, header, options);
  return records;
}

/** The records of all batches in a row, such as the bytes of a fetch. Errors as `decodeBatch`. */
export function decodeBatches(bytes: Uint8Array, options: DecodeOptions): Record[] {
  const records: Record[] = [];
  for (const { position, header } of iterateBatches(bytes)) {
    verifyBatchCrc(bytes, position, header, options.crc32c);
    decodeInto(records, bytes, position, header, options);
  }
  return records;
}

function decodeInto(
  records: Record[],
  bytes: Uint8Array,
  position: number,
  header: BatchHeader,
  options: DecodeOptions,
): void {
  const fromOffset = options.fromOffset ?? 0;
  if (header.isControl || header.baseOffset + header.lastOffsetDelta < fromOffset) return;
  const stored = bytes.subarray(position + BATCH_HEADER_BYTES, position + header.batchLength);
  const plain = options.port.decompress(
    header.compression,
    stored,
    LIMITS.batchUncompressedBytesMax,
  );
  const reader = new ByteReader(plain);
  for (let index = 0; index < header.recordCount; index++) {
    const length = reader.readVarint();
    const start = reader.position;
    reader.skip(1);
    const deltaMs = reader.readVarlong();
    const at = header.baseOffset + reader.readVarint();
    if (at >= fromOffset) {
      records.push({
        offset: offset(at),
        timestampMs:
          header.timestampType === 'append'
            ? header.maxTimestampMs
            : header.baseTimestampMs + deltaMs,
        key: readContent(reader),
        value: readContent(reader),
        headers: readHeaders(reader),
      });
      if (reader.position !== start + length) throw wrongLength(header, index);
    } else {
      reader.position = start;
      reader.skip(length);
    }
  }
  if (reader.position !== plain.length) {
    throw new StreamError(
      'corrupt',
      'BATCH_RECORD_COUNT',
      `bytes are left after ${header.recordCount} records`,
    );
  }
}

function readContent(reader: ByteReader): Uint8Array | null {
  const length = reader.readVarint();
  return length === -1 ? null : reader.readBytes(length);
}

function readHeaders(reader: ByteReader): readonly RecordHeader[] {
  const count = reader.readVarint();
  if (count === 0) return NO_HEADERS;
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index++) {
    const name = DECODER.decode(reader.readBytes(reader.readVarint()));
    headers.push({ name, value: readContent(reader) });
  }
  return headers;
}

function wrongLength(header: BatchHeader, index: number): StreamError {
  return new StreamError(
    'corrupt',
    'RECORD_LENGTH',
    `record ${index} of the batch at offset ${header.baseOffset} is not as long as it says`,
  );
}
