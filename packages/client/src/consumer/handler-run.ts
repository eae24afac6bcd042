/** Handlers for each partition side by side: one that is slow, fails or does not end holds up its own partition only (G-06). */
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ConsumerRecord } from '../public/record.ts';
import type { HandlerContext, RunOptions } from '../public/consumer.ts';
import type { PartitionReader } from './partition-reader.ts';
import type { ReadSet } from './read-set.ts';

const BACKOFF = { backoffMs: 100, backoffMaxMs: 10_000 };
/** How long a wait for records takes that nothing ends. */
const WAIT_MS = 60_000;

/** A partition whose handler runs, or waits to run again. */
interface Lane {
  readonly abort: AbortController;
  /** Aborts with it, and when the consumer closes. */
  readonly signal: AbortSignal;
  failures: number;
  retryAtMs: number;
  isBusy: boolean;
}

export interface HandlerRunOptions {
  readonly cluster: Cluster;
  readonly reads: ReadSet;
  readonly run: RunOptions;
  /** Aborts when the consumer closes. */
  readonly life: AbortSignal;
  /** @throws StreamError that ends the run. */
  readonly check: () => void;
}

export class HandlerRun {
  readonly #options: HandlerRunOptions;
  readonly #lanes = new Map<PartitionReader, Lane>();
  readonly #handlers = new Set<Promise<void>>();
  readonly #concurrently: number;
  /** Which partition comes first, so that busy ones do not keep the others waiting when few handlers may run. */
  #turn = 0;

  constructor(options: HandlerRunOptions) {
    this.#options = options;
    this.#concurrently = options.run.partitionsConcurrently ?? Number.POSITIVE_INFINITY;
  }

  /** Until the signal aborts; then the handlers that run are waited for. */
  async untilOver(signal: AbortSignal): Promise<void> {
    const { reads, check } = this.#options;
    reads.onRemove = (reader) => this.#end(reader);
    try {
      while (!signal.aborted) {
        check();
        const waitMs = this.#start(reads.readers);
        await reads.arrival(waitMs, signal);
      }
      await Promise.all(this.#handlers);
    } finally {
      reads.onRemove = undefined;
      for (const reader of [...this.#lanes.keys()]) this.#end(reader);
    }
  }

  /** Starts the handlers that can: milliseconds until another one may, if nothing arrives. */
  #start(readers: readonly PartitionReader[]): number {
    const { cluster, reads } = this.#options;
    const nowMs = cluster.clock.monotonicMs();
    let waitMs = WAIT_MS;
    const first = this.#turn++;
    for (let index = 0; index < readers.length; index++) {
      const reader = readers[(first + index) % readers.length] as PartitionReader;
      const lane = this.#lane(reader);
      if (lane.isBusy || this.#handlers.size >= this.#concurrently) continue;
      if (lane.retryAtMs > nowMs) {
        waitMs = Math.min(waitMs, lane.retryAtMs - nowMs);
        continue;
      }
      const records = reads.takeFrom(reader);
      if (records.length > 0) this.#run(reader, lane, records);
      else if (reader.failure !== undefined && reads.isRead(reader)) {
        this.#onFailed(reader, lane, reader.failure);
        waitMs = Math.min(waitMs, lane.retryAtMs - nowMs);
      }
    }
    return waitMs;
  }

  #lane(reader: PartitionReader): Lane {
    let lane = this.#lanes.get(reader);
    if (lane === undefined) {
      const abort = new AbortController();
      const signal = AbortSignal.any([abort.signal, this.#options.life]);
      lane = { abort, signal, failures: 0, retryAtMs: 0, isBusy: false };
      this.#lanes.set(reader, lane);
    }
    return lane;
  }

  #run(reader: PartitionReader, lane: Lane, records: readonly ConsumerRecord[]): void {
    lane.isBusy = true;
    const handler = this.#handle(reader, lane, records).finally(() => {
      lane.isBusy = false;
      this.#handlers.delete(handler);
      this.#options.reads.wake();
    });
    this.#handlers.add(handler);
  }

  async #handle(
    reader: PartitionReader,
    lane: Lane,
    records: readonly ConsumerRecord[],
  ): Promise<void> {
    const { reads, run } = this.#options;
    const { topic, partition } = reader;
    const context: HandlerContext = { topic, partition, signal: lane.signal };
    const { generation } = reader;
    // Sought by the handler, or by whoever: it goes on there.
    const isHere = (): boolean => reader.generation === generation;
    let next = records[0]?.offset ?? 0;
    try {
      if (run.eachBatch !== undefined) {
        await run.eachBatch(records, context);
        next = (records.at(-1)?.offset ?? next) + 1;
      } else {
        for (const record of records) {
          if (lane.signal.aborted || reader.isHeld || !isHere()) break;
          await run.eachRecord?.(record, context);
          next = record.offset + 1;
          if (isHere()) reads.tracker.comeBackFrom(reader, next);
        }
      }
      lane.failures = 0;
    } catch (error) {
      this.#onFailed(reader, lane, error);
    }
    if (lane.signal.aborted || !isHere()) return;
    if (next === reader.position) reads.tracker.comeBackFrom(reader, next);
    else reads.seek(reader, next);
  }

  #onFailed(reader: PartitionReader, lane: Lane, error: unknown): void {
    const { cluster, run } = this.#options;
    const { topic, partition } = reader;
    lane.failures++;
    const delayMs = backoffDelayMs(lane.failures, { random: cluster.random, ...BACKOFF });
    lane.retryAtMs = cluster.clock.monotonicMs() + delayMs;
    run.onError?.(error, { topic, partition });
  }

  /** Its partition is not read any more. */
  #end(reader: PartitionReader): void {
    this.#lanes.get(reader)?.abort.abort();
    this.#lanes.delete(reader);
  }
}
