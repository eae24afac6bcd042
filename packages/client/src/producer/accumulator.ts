/** Fills batches and seals them: by records, by bytes, or when they have waited for long enough. */
import type { Clock } from '@streamhouse/core/async/clock.ts';
import {
  type HeaderInput,
  recordBytesMax,
  RecordBatchBuilder,
} from '@streamhouse/core/record/batch-builder.ts';
import type { BufferGate } from './buffer-gate.ts';
import type { PartitionWriter } from './partition-writer.ts';
import { type BatchEncoding, PendingBatch } from './pending-batch.ts';
import type { ProducerSettings } from './producer-settings.ts';

/** Builders that are kept for the next batches. More are left to the garbage collector. */
const POOLED_BUILDERS_MAX = 64;

export interface AccumulatorOptions {
  readonly settings: ProducerSettings;
  readonly encoding: BatchEncoding;
  readonly gate: BufferGate;
  readonly clock: Clock;
  /** Takes a sealed batch. */
  readonly onSealed: (writer: PartitionWriter, batch: PendingBatch) => void;
}

export class Accumulator {
  readonly #options: AccumulatorOptions;
  readonly #settings: ProducerSettings;
  readonly #pool: RecordBatchBuilder[] = [];
  /** Writers with an open batch, the one opened first in front. */
  readonly #open = new Set<PartitionWriter>();
  #cancelLinger: (() => void) | undefined;

  constructor(options: AccumulatorOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  /**
   * Adds a record to the partition's batch and returns that batch, which is still open: the caller says who waits for
   * the record and then calls `sealIfFull`.
   *
   * @throws StreamError as `RecordBatchBuilder.append`.
   */
  add(
    writer: PartitionWriter,
    key: string | Uint8Array | null,
    value: string | Uint8Array | null,
    headers: readonly HeaderInput[],
    timestampMs: number,
  ): PendingBatch {
    const open = writer.open;
    if (open !== undefined && open.recordCount > 0) {
      const sizeBytes = open.sizeBytes + recordBytesMax(key, value, headers);
      if (sizeBytes > this.#settings.batchBytesMax) this.seal(writer);
    }
    const batch = writer.open ?? this.#openBatch(writer);
    this.#options.gate.take(batch.add(key, value, headers, timestampMs));
    return batch;
  }

  sealIfFull(writer: PartitionWriter, batch: PendingBatch): void {
    const { batchRecordsMax, batchBytesMax } = this.#settings;
    if (batch.recordCount >= batchRecordsMax || batch.sizeBytes >= batchBytesMax) this.seal(writer);
  }

  /** Ends the open batch, if it has a record. */
  seal(writer: PartitionWriter): void {
    const batch = writer.open;
    writer.open = undefined;
    this.#open.delete(writer);
    if (batch === undefined || batch.recordCount === 0) return;
    const builder = batch.seal(this.#options.encoding);
    builder.reset();
    if (this.#pool.length < POOLED_BUILDERS_MAX) this.#pool.push(builder);
    this.#options.onSealed(writer, batch);
  }

  sealAll(): void {
    for (const writer of this.#open) this.seal(writer);
  }

  dispose(): void {
    this.#cancelLinger?.();
    this.#open.clear();
  }

  #openBatch(writer: PartitionWriter): PendingBatch {
    const builder = this.#pool.pop() ?? new RecordBatchBuilder();
    const nowMs = this.#options.clock.monotonicMs();
    const batch = new PendingBatch(writer, builder, nowMs, this.#settings.deliveryTimeoutMs);
    writer.open = batch;
    this.#open.add(writer);
    if (this.#cancelLinger === undefined) this.#linger(this.#settings.lingerMs);
    return batch;
  }

  /** One timer for all: batches that were opened after it was set are due after it, too. */
  #linger(delayMs: number): void {
    this.#cancelLinger = this.#options.clock.schedule(delayMs, () => {
      this.#cancelLinger = undefined;
      const openedMs = this.#options.clock.monotonicMs() - this.#settings.lingerMs;
      for (const writer of this.#open) {
        const opened = writer.open?.openedAtMs ?? 0;
        if (opened > openedMs) {
          this.#linger(opened - openedMs);
          return;
        }
        this.seal(writer);
      }
    });
  }
}
