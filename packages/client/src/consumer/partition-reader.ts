/**
 * One assigned partition: where it stands, what is read ahead, and what is wrong. Pure: the shell fetches and hands the
 * bytes over. Bytes are checked twice: as they come, that batches follow each other without a gap (I-16), and when they
 * are decoded, that they are what was written (I-21).
 */
import { StreamError } from '@streamhouse/core/errors.ts';
import { offset } from '@streamhouse/core/ids.ts';
import { type BatchAt, iterateBatches } from '@streamhouse/core/record/batch-header.ts';
import type { CompressionPort, Crc32c } from '@streamhouse/core/record/compression.ts';
import { decodeBatch } from '@streamhouse/core/record/decode.ts';
import type { Record as CoreRecord } from '@streamhouse/core/record/record.ts';
import type { ConsumerRecord } from '../public/record.ts';

export interface RecordDecoding {
  readonly port: CompressionPort;
  readonly crc32c: Crc32c;
}

/** Where to go on when the position is not known: to be looked up. */
export type Seeking = 'earliest' | 'latest';

/** Fetched bytes with the batches that are not decoded yet. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly batches: readonly BatchAt[];
  next: number;
}

interface BatchRange {
  readonly baseOffset: number;
  readonly lastOffset: number;
}

export class PartitionReader {
  readonly topic: string;
  readonly topicIdBytes: Uint8Array;
  readonly partition: number;
  isPaused = false;
  /** Gives no records, whatever the program says: it is not owned yet, or about to be revoked. */
  isHeld = false;
  /** What the poll must say once the records before it are returned. Only `seek` ends it. */
  failure: StreamError | undefined;
  /** Undefined when the position is known. */
  seeking: Seeking | undefined;
  /** Bytes fetched and not yet wholly decoded. */
  bufferedBytes = 0;
  /** Counts seeks: what was asked for before the last one is of no use. */
  generation = 0;
  readonly #decoding: RecordDecoding;
  /** Next offset to return. */
  #position = 0;
  /** Next offset to fetch. */
  #fetchOffset = 0;
  #highWatermark = 0;
  readonly #chunks: Chunk[] = [];
  #decoded: readonly CoreRecord[] = [];
  #nextDecoded = 0;

  constructor(
    place: {
      readonly topic: string;
      readonly topicIdBytes: Uint8Array;
      readonly partition: number;
    },
    decoding: RecordDecoding,
  ) {
    this.topic = place.topic;
    this.topicIdBytes = place.topicIdBytes;
    this.partition = place.partition;
    this.#decoding = decoding;
  }

  /** Offset of the next record that `take` returns; undefined while it is looked up. */
  get position(): number | undefined {
    return this.seeking === undefined ? this.#position : undefined;
  }

  get fetchOffset(): number {
    return this.#fetchOffset;
  }

  /** Goes on at `position`, or where it is found to be. */
  seek(position: number | Seeking): void {
    this.generation++;
    this.failure = undefined;
    this.bufferedBytes = 0;
    this.#chunks.length = 0;
    this.#decoded = [];
    this.#nextDecoded = 0;
    if (typeof position === 'number') {
      this.seeking = undefined;
      this.#position = position;
      this.#fetchOffset = position;
    } else {
      this.seeking = position;
    }
  }

  /** The position that was looked up. What failed meanwhile has failed all the same. */
  found(position: number): void {
    const { failure } = this;
    this.seek(position);
    this.failure = failure;
  }

  /** Takes over what a fetch at `fetchOffset` has brought. */
  receive(bytes: Uint8Array, highWatermark: number): void {
    this.#highWatermark = highWatermark;
    if (bytes.length === 0) return;
    const batches: BatchAt[] = [];
    try {
      for (const batch of iterateBatches(bytes)) {
        if (!this.#follows(batch, batches.length === 0)) break;
        batches.push(batch);
        this.#fetchOffset = batch.header.baseOffset + batch.header.lastOffsetDelta + 1;
      }
    } catch (error) {
      this.failure = this.#corrupt(this.#rest(), error);
    }
    if (batches.length === 0) return;
    this.#chunks.push({ bytes, batches, next: 0 });
    this.bufferedBytes += bytes.length;
  }

  /** Moves records into `records` until it has `count` of them. */
  take(records: ConsumerRecord[], count: number): void {
    if (this.isPaused || this.isHeld) return;
    while (records.length < count) {
      if (this.#nextDecoded === this.#decoded.length && !this.#decodeNext()) return;
      const end = Math.min(this.#decoded.length, this.#nextDecoded + count - records.length);
      const { topic, partition } = this;
      for (; this.#nextDecoded < end; this.#nextDecoded++) {
        const record = this.#decoded[this.#nextDecoded] as CoreRecord;
        const { offset: at, timestampMs, key, value, headers } = record;
        records.push({ topic, partition, offset: at, timestampMs, key, value, headers });
        this.#position = at + 1;
      }
    }
  }

  /** Whether a batch begins where the one before ended. The first may begin before the offset that was asked for. */
  #follows({ header }: BatchAt, isFirst: boolean): boolean {
    const { baseOffset, lastOffsetDelta } = header;
    const expected = this.#fetchOffset;
    const isHere = baseOffset === expected || (isFirst && baseOffset < expected);
    if (isHere && baseOffset + lastOffsetDelta >= expected) return true;
    const lastOffset = Math.max(expected, baseOffset - 1);
    this.failure = this.#corrupt({ baseOffset: expected, lastOffset }, undefined);
    return false;
  }

  /** Decodes the next batch that has something to return; false when there is none. */
  #decodeNext(): boolean {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const batch = chunk.batches[chunk.next];
      chunk.next++;
      if (chunk.next >= chunk.batches.length) this.#dropChunk(chunk);
      if (batch === undefined) continue;
      const { baseOffset, lastOffsetDelta } = batch.header;
      const lastOffset = baseOffset + lastOffsetDelta;
      try {
        const options = { ...this.#decoding, fromOffset: offset(this.#position) };
        this.#decoded = decodeBatch(chunk.bytes, batch.position, options);
      } catch (error) {
        this.#chunks.length = 0;
        this.bufferedBytes = 0;
        this.failure = this.#corrupt({ baseOffset, lastOffset }, error);
        return false;
      }
      this.#nextDecoded = 0;
      if (this.#decoded.length > 0) return true;
      this.#position = lastOffset + 1;
    }
    return false;
  }

  #dropChunk(chunk: Chunk): void {
    this.#chunks.shift();
    this.bufferedBytes -= chunk.bytes.length;
  }

  /** What cannot be told apart any more: everything that is readable. */
  #rest(): BatchRange {
    const baseOffset = this.#fetchOffset;
    return { baseOffset, lastOffset: Math.max(baseOffset, this.#highWatermark - 1) };
  }

  #corrupt({ baseOffset, lastOffset }: BatchRange, cause: unknown): StreamError {
    const { topic, partition } = this;
    const why = cause instanceof Error ? cause.message : 'records are missing';
    return new StreamError(
      'corrupt',
      cause instanceof StreamError ? cause.reason : 'OFFSET_GAP',
      `offsets ${baseOffset}..${lastOffset} of partition ${partition} of topic "${topic}": ${why}`,
      {
        cause,
        details: {
          topic,
          partition: String(partition),
          baseOffset: String(baseOffset),
          lastOffset: String(lastOffset),
        },
      },
    );
  }
}
