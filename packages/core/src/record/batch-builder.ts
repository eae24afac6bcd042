import { ByteWriter } from '../bytes/byte-writer.ts';
import { writeInt8, writeInt16, writeInt32, writeInt64 } from '../bytes/fixed.ts';
import {
  VARINT_BYTES_MAX,
  VARLONG_BYTES_MAX,
  varintBytes,
  varlongBytes,
  writeVarint,
  writeVarlong,
} from '../bytes/varint.ts';
import { StreamError } from '../errors.ts';
import type { ProducerId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { BATCH_HEADER_BYTES, BATCH_MAGIC, BATCH_PREFIX_BYTES, FIELD } from './batch-header.ts';
import type { Compression, CompressionPort, Crc32c } from './compression.ts';
import { COMPRESSIONS } from './compression.ts';
import type { RecordHeader } from './record.ts';

/** The last millisecond of the year 9999: past it a timestamp is a mistake, and would keep data for ever. */
export const TIMESTAMP_MS_MAX = 253_402_300_799_999;

const INITIAL_BYTES = 16_384;
/** length, attributes, timestampDelta, offsetDelta, keyLength, valueLength, header count at their longest. */
const RECORD_FRAME_BYTES_MAX = 5 * VARINT_BYTES_MAX + VARLONG_BYTES_MAX + 1;

/** Who wrote a batch; all -1 for a producer without idempotence. */
export interface BatchStamp {
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  /** Sequence of the batch's first record, 0..2^31-1. */
  readonly baseSequence: number;
}

export interface FinishOptions extends BatchStamp {
  readonly compression: Compression;
  readonly port: CompressionPort;
  readonly crc32c: Crc32c;
}

/** At most what a record will add to a builder's `sizeBytes`; a character of a string counts as 3 bytes. */
export function recordBytesMax(
  key: string | Uint8Array | null,
  value: string | Uint8Array | null,
  headers: readonly RecordHeader[],
): number {
  let bytes = RECORD_FRAME_BYTES_MAX + contentBytesMax(key) + contentBytesMax(value);
  for (const header of headers) {
    bytes += 2 * VARINT_BYTES_MAX + header.name.length * 3 + (header.value?.length ?? 0);
  }
  return bytes;
}

const ENCODER = new TextEncoder();

/**
 * Encodes the records of one RecordBatch as they come, for the producer's hot path.
 *
 * One record, after the batch's header (batch-header.ts); varints are zig-zag (bytes/varint.ts):
 *
 *   varint   length           bytes after this field
 *   int8     attributes       0
 *   varlong  timestampDelta   to the batch's baseTimestamp
 *   varint   offsetDelta      to the batch's baseOffset
 *   varint   keyLength        -1: null
 *            key
 *   varint   valueLength      -1: null
 *            value
 *   varint   header count
 *     varint   nameLength
 *              name           UTF-8
 *     varint   valueLength    -1: null
 *              value
 */
export class RecordBatchBuilder {
  readonly #writer: ByteWriter;
  readonly #bytesMax: number;
  #recordCount = 0;
  #baseTimestampMs = 0;
  #maxTimestampMs = 0;

  /** @param bytesMax bytes of the uncompressed batch; stored uncompressed it must still be a legal batch. */
  constructor(bytesMax: number = LIMITS.batchBytesMax) {
    this.#bytesMax = bytesMax;
    this.#writer = new ByteWriter(Math.min(INITIAL_BYTES, bytesMax), bytesMax);
    this.#writer.position = BATCH_HEADER_BYTES;
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** Bytes of the batch so far, its header included, before compression. */
  get sizeBytes(): number {
    return this.#writer.position;
  }

  /**
   * Adds a record; strings are written as UTF-8. When it throws, the batch is as it was.
   *
   * @param timestampMs milliseconds since 1970, an integer in 0..TIMESTAMP_MS_MAX.
   * @throws StreamError `overloaded` RECORD_TOO_LARGE, or BATCH_FULL: finish the batch, then append to the next one;
   *   `invalid` RECORD_TIMESTAMP, RECORD_HEADERS.
   */
  append(
    key: string | Uint8Array | null,
    value: string | Uint8Array | null,
    headers: readonly RecordHeader[],
    timestampMs: number,
  ): void {
    const keyBytes = typeof key === 'string' ? ENCODER.encode(key) : key;
    const valueBytes = typeof value === 'string' ? ENCODER.encode(value) : value;
    const names: Uint8Array[] = [];
    let headersBytes = 0;
    for (const header of headers) {
      const name = ENCODER.encode(header.name);
      names.push(name);
      headersBytes += varintBytes(name.length) + name.length + contentBytes(header.value);
    }
    const deltaMs = this.#recordCount === 0 ? 0 : timestampMs - this.#baseTimestampMs;
    const length =
      1 +
      varlongBytes(deltaMs) +
      varintBytes(this.#recordCount) +
      contentBytes(keyBytes) +
      contentBytes(valueBytes) +
      varintBytes(headers.length) +
      headersBytes;
    if (this.#writer.position + length + VARINT_BYTES_MAX > this.#bytesMax) {
      throw new StreamError(
        'overloaded',
        'BATCH_FULL',
        `a batch has at most ${this.#bytesMax} bytes`,
      );
    }
    this.#writer.reserve(length + VARINT_BYTES_MAX);
    const bytes = this.#writer.bytes;
    let at = writeVarint(bytes, this.#writer.position, length);
    bytes[at++] = 0;
    at = writeVarlong(bytes, at, deltaMs);
    at = writeVarint(bytes, at, this.#recordCount);
    at = writeContent(bytes, at, keyBytes);
    at = writeContent(bytes, at, valueBytes);
    at = writeVarint(bytes, at, headers.length);
    for (const [index, header] of headers.entries()) {
      at = writeContent(bytes, at, names[index] ?? null);
      at = writeContent(bytes, at, header.value);
    }
    this.#writer.position = at;
    if (this.#recordCount === 0) this.#baseTimestampMs = timestampMs;
    this.#maxTimestampMs = Math.max(this.#maxTimestampMs, timestampMs);
    this.#recordCount++;
  }

  /**
   * The batch in a buffer of its own, exactly sized. The builder keeps its records until `reset`.
   *
   * A compressed form that is not smaller is dropped and the batch stored as `none`: readers then skip a decompression
   * that would have bought nothing, and the batch can never outgrow what `sizeBytes` said.
   *
   * @throws StreamError `internal` BATCH_EMPTY.
   */
  finish(options: FinishOptions): Uint8Array<ArrayBuffer> {
    if (this.#recordCount === 0)
      throw new StreamError('internal', 'BATCH_EMPTY', 'a batch needs a record');
    const whole = this.#writer.bytes.subarray(0, this.#writer.position);
    const records = whole.subarray(BATCH_HEADER_BYTES);
    if (options.compression !== 'none') {
      const compressed = options.port.compress(options.compression, records);
      if (compressed.length < records.length) {
        const batch = new Uint8Array(BATCH_HEADER_BYTES + compressed.length);
        batch.set(compressed, BATCH_HEADER_BYTES);
        return this.#writeHeader(batch, options.compression, options);
      }
    }
    return this.#writeHeader(whole.slice(), 'none', options);
  }

  /** Starts the next batch in the same buffer. */
  reset(): void {
    this.#writer.position = BATCH_HEADER_BYTES;
    this.#recordCount = 0;
    this.#baseTimestampMs = 0;
    this.#maxTimestampMs = 0;
  }

  #writeHeader(
    batch: Uint8Array<ArrayBuffer>,
    compression: Compression,
    options: FinishOptions,
  ): Uint8Array<ArrayBuffer> {
    writeInt64(batch, FIELD.baseOffset, 0);
    writeInt32(batch, FIELD.batchLength, batch.length - BATCH_PREFIX_BYTES);
    writeInt32(batch, FIELD.leaderEpoch, -1);
    writeInt8(batch, FIELD.magic, BATCH_MAGIC);
    writeInt16(batch, FIELD.attributes, COMPRESSIONS.indexOf(compression));
    writeInt32(batch, FIELD.lastOffsetDelta, this.#recordCount - 1);
    writeInt64(batch, FIELD.baseTimestamp, this.#baseTimestampMs);
    writeInt64(batch, FIELD.maxTimestamp, this.#maxTimestampMs);
    writeInt32(batch, FIELD.recordCount, this.#recordCount);
    restampBatch(batch, options, options.crc32c);
    return batch;
  }
}

/** Gives a finished batch another producer identity in place, as after a new producer epoch, and its new CRC. */
export function restampBatch(batch: Uint8Array, stamp: BatchStamp, crc32c: Crc32c): void {
  writeInt64(batch, FIELD.producerId, stamp.producerId);
  writeInt16(batch, FIELD.producerEpoch, stamp.producerEpoch);
  writeInt32(batch, FIELD.baseSequence, stamp.baseSequence);
  writeInt32(batch, FIELD.crc, crc32c(batch.subarray(FIELD.attributes)));
}

function contentBytes(content: Uint8Array | null): number {
  return content === null ? 1 : varintBytes(content.length) + content.length;
}

function contentBytesMax(content: string | Uint8Array | null): number {
  if (content === null) return 0;
  return typeof content === 'string' ? content.length * 3 : content.length;
}

function writeContent(bytes: Uint8Array, position: number, content: Uint8Array | null): number {
  if (content === null) return writeVarint(bytes, position, -1);
  const at = writeVarint(bytes, position, content.length);
  bytes.set(content, at);
  return at + content.length;
}
