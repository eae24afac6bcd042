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

/** The last millisecond of the year 9999: a timestamp past it is a mistake, and would keep data for ever. */
export const TIMESTAMP_MS_MAX = 253_402_300_799_999;

const INITIAL_BYTES = 16_384;
/** length, attributes, timestampDelta, offsetDelta, keyLength, valueLength, header count at their longest. */
const RECORD_FRAME_BYTES_MAX = 5 * VARINT_BYTES_MAX + VARLONG_BYTES_MAX + 1;
const HEADER_FRAME_BYTES_MAX = 2 * VARINT_BYTES_MAX;
/** UTF-8 bytes of one UTF-16 code unit, at most: a surrogate pair takes 4. */
const UTF8_BYTES_PER_CHAR_MAX = 3;
/** Room for one record whose strings take 3 bytes a character, before it is known that they do not. */
const BUFFER_SLACK_BYTES =
  UTF8_BYTES_PER_CHAR_MAX * LIMITS.recordBytesMax +
  HEADER_FRAME_BYTES_MAX * LIMITS.recordHeadersMax +
  RECORD_FRAME_BYTES_MAX;

const UNSAFE_IN_NAME = /[\r\n\0]/;
const ENCODER = new TextEncoder();

/** Bytes on their way into a record; a string is stored as UTF-8. */
export type Content = string | Uint8Array | null;

export interface HeaderInput {
  readonly name: string;
  readonly value: Content;
}

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

/** At most what a record will add to a builder's `sizeBytes`. */
export function recordBytesMax(
  key: Content,
  value: Content,
  headers: readonly HeaderInput[],
): number {
  let bytes = RECORD_FRAME_BYTES_MAX + contentBytesMax(key) + contentBytesMax(value);
  for (const header of headers) {
    bytes += HEADER_FRAME_BYTES_MAX + contentBytesMax(header.name) + contentBytesMax(header.value);
  }
  return bytes;
}

/**
 * Encodes the records of one RecordBatch as they come, for the producer's hot path.
 *
 * One record, in the order of https://kafka.apache.org/documentation/#record; varints are zig-zag (bytes/varint.ts):
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
 *
 * Its buffer doubles as it fills and keeps that size through `reset`: drop the builder to free it.
 */
export class RecordBatchBuilder {
  readonly #writer: ByteWriter;
  readonly #bytesMax: number;
  #recordCount = 0;
  #baseTimestampMs = 0;
  #maxTimestampMs = 0;
  /** Bytes of key, value and headers of the record being written. */
  #contentBytes = 0;

  /** @param bytesMax bytes of the batch before compression: stored uncompressed it must still be legal. */
  constructor(bytesMax: number = LIMITS.batchBytesMax) {
    this.#bytesMax = bytesMax;
    this.#writer = new ByteWriter(Math.min(INITIAL_BYTES, bytesMax), bytesMax + BUFFER_SLACK_BYTES);
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
   * Adds a record. When it throws, the batch is as it was.
   *
   * @param timestampMs milliseconds since 1970, an integer in 0..TIMESTAMP_MS_MAX.
   * @throws StreamError `overloaded`: RECORD_TOO_LARGE, BATCH_FULL (finish the batch, append to the next one);
   *   `invalid`: RECORD_TIMESTAMP, RECORD_HEADERS.
   */
  append(key: Content, value: Content, headers: readonly HeaderInput[], timestampMs: number): void {
    checkTimestamp(timestampMs);
    checkHeaders(headers);
    const contentBytesMin = contentLength(key, value, headers);
    if (contentBytesMin > LIMITS.recordBytesMax) throw recordTooLarge(contentBytesMin);
    this.#writer.reserve(recordBytesMax(key, value, headers));
    const baseTimestampMs = this.#recordCount === 0 ? timestampMs : this.#baseTimestampMs;
    const deltaMs = timestampMs - baseTimestampMs;
    const end = this.#writeRecord(key, value, headers, deltaMs, contentBytesMin);
    if (this.#contentBytes > LIMITS.recordBytesMax) throw recordTooLarge(this.#contentBytes);
    if (end > this.#bytesMax || this.#recordCount === LIMITS.batchRecordsMax) throw batchFull();
    this.#writer.position = end;
    this.#baseTimestampMs = baseTimestampMs;
    if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs;
    this.#recordCount++;
  }

  /**
   * The batch in a buffer of its own, exactly sized. The builder keeps its records until `reset`.
   *
   * A compressed form that is not smaller is dropped and the batch is stored as `none`: readers then skip work that
   * bought nothing, and a batch never takes more bytes than `sizeBytes` said.
   *
   * @throws StreamError `internal` BATCH_EMPTY.
   */
  finish(options: FinishOptions): Uint8Array<ArrayBuffer> {
    if (this.#recordCount === 0) throw new StreamError('internal', 'BATCH_EMPTY', 'no records');
    const whole = this.#writer.bytes.subarray(0, this.#writer.position);
    const records = whole.subarray(BATCH_HEADER_BYTES);
    if (options.compression !== 'none') {
      const compressed = options.port.compress(options.compression, records);
      if (compressed.length < records.length) {
        const batch = new Uint8Array(BATCH_HEADER_BYTES + compressed.length);
        batch.set(compressed, BATCH_HEADER_BYTES);
        this.#writeHeader(batch, options.compression, options);
        return batch;
      }
    }
    const batch = whole.slice();
    this.#writeHeader(batch, 'none', options);
    return batch;
  }

  /** Starts the next batch in the same buffer. */
  reset(): void {
    this.#writer.position = BATCH_HEADER_BYTES;
    this.#recordCount = 0;
    this.#maxTimestampMs = 0;
  }

  #writeHeader(batch: Uint8Array, compression: Compression, options: FinishOptions): void {
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
  }

  /** Writes a record at the writer's position, for which room is reserved, and returns its end. */
  #writeRecord(
    key: Content,
    value: Content,
    headers: readonly HeaderInput[],
    deltaMs: number,
    contentBytesMin: number,
  ): number {
    const bytes = this.#writer.bytes;
    const start = this.#writer.position;
    // The length comes first but is known last. The guess is right unless a string is not ASCII.
    const guess = 5 + varlongBytes(deltaMs) + varintBytes(this.#recordCount) + contentBytesMin;
    const body = start + varintBytes(guess);
    this.#contentBytes = 0;
    bytes[body] = 0;
    let at = writeVarlong(bytes, body + 1, deltaMs);
    at = writeVarint(bytes, at, this.#recordCount);
    at = this.#writeContent(bytes, at, key);
    at = this.#writeContent(bytes, at, value);
    at = writeVarint(bytes, at, headers.length);
    for (const header of headers) {
      at = this.#writeContent(bytes, at, header.name);
      at = this.#writeContent(bytes, at, header.value);
    }
    return prefixLength(bytes, start, body, at);
  }

  #writeContent(bytes: Uint8Array, position: number, content: Content): number {
    if (content === null) return writeVarint(bytes, position, -1);
    if (typeof content !== 'string') {
      this.#contentBytes += content.length;
      const at = writeVarint(bytes, position, content.length);
      bytes.set(content, at);
      return at + content.length;
    }
    const start = position + varintBytes(content.length);
    const { written } = ENCODER.encodeInto(content, bytes.subarray(start));
    this.#contentBytes += written;
    return prefixLength(bytes, position, start, start + written);
  }
}

/** Gives a finished batch another producer identity in place, as after a new producer epoch, and its CRC. */
export function restampBatch(batch: Uint8Array, stamp: BatchStamp, crc32c: Crc32c): void {
  writeInt64(batch, FIELD.producerId, stamp.producerId);
  writeInt16(batch, FIELD.producerEpoch, stamp.producerEpoch);
  writeInt32(batch, FIELD.baseSequence, stamp.baseSequence);
  writeInt32(batch, FIELD.crc, crc32c(batch.subarray(FIELD.attributes)));
}

/**
 * Writes the length of `[start, end)` at `position`, moving those bytes when the room left for it, `start - position`,
 * is not what it takes. Returns their end.
 */
function prefixLength(bytes: Uint8Array, position: number, start: number, end: number): number {
  const length = end - start;
  const moved = position + varintBytes(length);
  if (moved !== start) bytes.copyWithin(moved, start, end);
  writeVarint(bytes, position, length);
  return moved + length;
}

/** Bytes of key, value and headers if all strings are ASCII: never more than they will be. */
function contentLength(key: Content, value: Content, headers: readonly HeaderInput[]): number {
  let length = (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers) length += header.name.length + (header.value?.length ?? 0);
  return length;
}

function contentBytesMax(content: Content): number {
  if (content === null) return 0;
  return typeof content === 'string' ? content.length * UTF8_BYTES_PER_CHAR_MAX : content.length;
}

function checkTimestamp(timestampMs: number): void {
  if (Number.isInteger(timestampMs) && timestampMs >= 0 && timestampMs <= TIMESTAMP_MS_MAX) return;
  throw new StreamError(
    'invalid',
    'RECORD_TIMESTAMP',
    `a timestamp is an integer in 0..${TIMESTAMP_MS_MAX} milliseconds since 1970, got ${timestampMs}`,
  );
}

function checkHeaders(headers: readonly HeaderInput[]): void {
  if (headers.length > LIMITS.recordHeadersMax) {
    throw invalidHeaders(
      `a record has at most ${LIMITS.recordHeadersMax} headers, got ${headers.length}`,
    );
  }
  for (const { name } of headers) {
    if (UNSAFE_IN_NAME.test(name))
      throw invalidHeaders("a header's name must not contain CR, LF or NUL");
    if (name.length * UTF8_BYTES_PER_CHAR_MAX > LIMITS.headerNameBytesMax) checkLongName(name);
  }
}

function checkLongName(name: string): void {
  const { length } = ENCODER.encode(name);
  if (length <= LIMITS.headerNameBytesMax) return;
  throw invalidHeaders(
    `a header's name has at most ${LIMITS.headerNameBytesMax} bytes, got ${length}`,
  );
}

function invalidHeaders(message: string): StreamError {
  return new StreamError('invalid', 'RECORD_HEADERS', message);
}

function batchFull(): StreamError {
  return new StreamError('overloaded', 'BATCH_FULL', 'the record does not fit into this batch');
}

/** For builder and validation alike. */
export function recordTooLarge(
  actualBytes: number,
  limit: number = LIMITS.recordBytesMax,
): StreamError {
  return new StreamError(
    'overloaded',
    'RECORD_TOO_LARGE',
    `a record has at most ${limit} bytes of key, value and headers, this one ${actualBytes}`,
    { details: { limit: String(limit), actual: String(actualBytes) } },
  );
}
