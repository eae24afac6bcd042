import type { StreamError } from '@streamhouse/core/errors.ts';
import { producerId } from '@streamhouse/core/ids.ts';
import type {
  FinishOptions,
  HeaderInput,
  RecordBatchBuilder,
} from '@streamhouse/core/record/batch-builder.ts';
import type { RecordMetadata } from '../public/record.ts';
import type { BatchCall } from './batch-call.ts';
import type { QueueableBatch } from './partition-queue.ts';

export type BatchEncoding = Pick<FinishOptions, 'compression' | 'port' | 'crc32c'>;

/** Stands in the batch until it is sent and gets its real one. */
const UNSTAMPED = { producerId: producerId(-1), producerEpoch: -1, baseSequence: -1 } as const;

/** The records of one `sendBatch` that are in one batch. */
interface Share {
  readonly call: BatchCall;
  /** Places in the call, and the records at the same index here. */
  readonly places: number[];
  readonly records: number[];
}

/**
 * One batch from its first record to its answer, with the promises of its records. The hot path is `add` with `promise`:
 * one promise per record and nothing else, because the executor is shared and only keeps what it is given.
 */
export class PendingBatch implements QueueableBatch {
  readonly topic: string;
  readonly partition: number;
  readonly openedAtMs: number;
  readonly deadlineMs: number;
  recordCount = 0;
  /** Bytes before compression: what it takes of the buffer until it is settled. */
  sizeBytes = 0;
  /** The encoded batch. Empty until it is sealed. */
  bytes: Uint8Array = new Uint8Array(0);
  #builder: RecordBatchBuilder | undefined;
  readonly #timestamps: number[] = [];
  readonly #promised: number[] = [];
  readonly #resolves: ((metadata: RecordMetadata | Promise<never>) => void)[] = [];
  readonly #shares: Share[] = [];
  readonly #whenSettled: (() => void)[] = [];

  constructor(
    place: { readonly topic: string; readonly partition: number },
    builder: RecordBatchBuilder,
    openedAtMs: number,
    deliveryTimeoutMs: number,
  ) {
    this.topic = place.topic;
    this.partition = place.partition;
    this.#builder = builder;
    this.openedAtMs = openedAtMs;
    this.deadlineMs = openedAtMs + deliveryTimeoutMs;
  }

  /**
   * Appends a record; when it throws, the batch is as it was. The caller then says who waits for it.
   *
   * @returns the bytes by which `sizeBytes` has grown.
   */
  add(
    key: string | Uint8Array | null,
    value: string | Uint8Array | null,
    headers: readonly HeaderInput[],
    timestampMs: number,
  ): number {
    const builder = this.#builder as RecordBatchBuilder;
    builder.append(key, value, headers, timestampMs);
    this.#timestamps.push(timestampMs);
    this.recordCount = builder.recordCount;
    const grownBytes = builder.sizeBytes - this.sizeBytes;
    this.sizeBytes = builder.sizeBytes;
    return grownBytes;
  }

  /** A promise of the record added last. */
  promise(): Promise<RecordMetadata> {
    return new Promise<RecordMetadata>(this.#keep);
  }

  /**
   * `resolve` is called with what became of the record added last. Not with a promise of it: that would settle later than
   * those of the records behind it (I-13).
   */
  answer(resolve: (metadata: RecordMetadata | Promise<never>) => void): void {
    this.#promised.push(this.recordCount - 1);
    this.#resolves.push(resolve);
  }

  /** The record added last is the one at `place` of a call. */
  share(call: BatchCall, place: number): void {
    let share = this.#shares.at(-1);
    if (share?.call !== call) {
      share = { call, places: [], records: [] };
      this.#shares.push(share);
    }
    share.places.push(place);
    share.records.push(this.recordCount - 1);
  }

  /** Encodes it and gives the builder back. */
  seal(encoding: BatchEncoding): RecordBatchBuilder {
    const builder = this.#builder as RecordBatchBuilder;
    this.bytes = builder.finish({ ...encoding, ...UNSTAMPED });
    this.#builder = undefined;
    return builder;
  }

  settle(baseOffset: number): void {
    for (let index = 0; index < this.#resolves.length; index++) {
      this.#resolves[index]?.(this.#metadata(baseOffset, this.#promised[index] as number));
    }
    for (const { call, places, records } of this.#shares) {
      for (let index = 0; index < places.length; index++) {
        const metadata = this.#metadata(baseOffset, records[index] as number);
        call.acknowledge(places[index] as number, metadata);
      }
    }
    this.#end();
  }

  fail(error: StreamError): void {
    if (this.#resolves.length > 0) {
      // Resolved with a rejected promise, a promise is rejected: to keep a second function per record costs a tenth more.
      const rejected = Promise.reject(error);
      for (const resolve of this.#resolves) resolve(rejected);
    }
    for (const { call, places } of this.#shares) call.fail(places.length, error);
    this.#end();
  }

  /** Resolves once it is settled or has failed. */
  settled(): Promise<void> {
    return new Promise((resolve) => this.#whenSettled.push(resolve));
  }

  #end(): void {
    for (const resolve of this.#whenSettled) resolve();
  }

  readonly #keep = (resolve: (metadata: RecordMetadata | Promise<never>) => void): void =>
    this.answer(resolve);

  #metadata(baseOffset: number, index: number): RecordMetadata {
    return {
      topic: this.topic,
      partition: this.partition,
      offset: baseOffset + index,
      timestampMs: this.#timestamps[index] as number,
    };
  }
}
