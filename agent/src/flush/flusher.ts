/**
 * The write path behind the partitions: seals what they accepted into objects, uploads them, and publishes them strictly
 * in sequence. The shell around core's flush pipeline.
 */
import { abortAfter, type Clock, delay, type Random } from '@streamhouse/core/async/clock.ts';
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { type Incarnation, offset } from '@streamhouse/core/ids.ts';
import {
  type FlushEffect,
  type FlushEvent,
  type FlushSettings,
  type FlushState,
  isFlushIdle,
  openFlushPipeline,
  stepFlush,
} from '@streamhouse/core/log/flush-pipeline.ts';
import { objectKey } from '@streamhouse/core/object/object-key.ts';
import type { LogStore, PublishRequest, StoredRun } from '@streamhouse/store/metadata/log.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import type { AgentMetrics } from '../metrics.ts';
import type { HeldPartition, OpenRun } from '../partition/held-partition.ts';
import type { ObjectCache } from '../read/object-cache.ts';
import type { FlowCounter } from '../stats/flow-counter.ts';
import type { ByteBudget } from './byte-budget.ts';
import { encodeOpenRuns, type SealedBytes } from './encode-open-runs.ts';

export interface UploadTimes {
  /** Milliseconds for one attempt to write an object; a slower one is tried again under another key. */
  readonly attemptMs: number;
  /** Milliseconds for an object to be written at all: past it the incarnation ends. */
  readonly deadlineMs: number;
}

export interface FlusherOptions {
  readonly incarnation: Incarnation;
  readonly clusterId: string;
  readonly prefix: string;
  readonly settings: FlushSettings;
  readonly uploadTimes: UploadTimes;
  readonly log: LogStore;
  readonly objects: ObjectStore;
  readonly cache: ObjectCache;
  readonly budget: ByteBudget;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: AgentMetrics;
  readonly flow: FlowCounter;
  readonly onError: (error: unknown, what: string) => void;
  /** The incarnation is over: nothing more can be published by it. */
  readonly onStop: (reason: 'uploadFailed' | 'fenced') => void;
}

interface SealedObject {
  readonly runs: readonly OpenRun[];
  /** Bytes to give back to the budget. */
  readonly budgetBytes: number;
  readonly sealedMs: number;
  uploaded: { readonly key: string; readonly encoded: SealedBytes } | undefined;
  isPublishTried: boolean;
}

const RETRY = { backoffMs: 20, backoffMaxMs: 1000 };

export class Flusher {
  readonly #options: FlusherOptions;
  readonly #state: FlushState;
  readonly #unsealed = new Set<HeldPartition>();
  readonly #sealed = new Map<number, SealedObject>();
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #unsealedBytes = 0;
  #cancelWake: (() => void) | undefined;
  #isFeedScheduled = false;
  #appendedBytes = 0;

  constructor(options: FlusherOptions) {
    this.#options = options;
    this.#state = openFlushPipeline(options.settings, options.clock.monotonicMs());
  }

  /** Bytes of a batch that went into the partition's open run. */
  appended(partition: HeldPartition, bytes: number): void {
    this.#unsealed.add(partition);
    this.#unsealedBytes += bytes;
    this.#appendedBytes += bytes;
    // Once per turn of the event loop: what arrived in one read of the socket goes into one object.
    if (this.#isFeedScheduled) return;
    this.#isFeedScheduled = true;
    this.#options.clock.nextTurn(() => {
      this.#isFeedScheduled = false;
      this.#feedAppended();
    });
  }

  /** Flushes what is open without waiting for a token. */
  hurry(): void {
    this.#feed({ type: 'hurry' });
  }

  get isIdle(): boolean {
    return this.#unsealedBytes === 0 && isFlushIdle(this.#state);
  }

  /** Whether a publish has been tried whose outcome is not known. */
  get isPublishUnknown(): boolean {
    return [...this.#sealed.values()].some((object) => object.isPublishTried);
  }

  /** Ends every upload and publish. What was not published never will be by this incarnation. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new StreamError('unavailable', 'AGENT_STOPPED', 'the agent is stopping'));
    this.#cancelWake?.();
    await Promise.allSettled(this.#running);
  }

  #feedAppended(): void {
    const bytes = this.#appendedBytes;
    if (bytes === 0) return;
    this.#appendedBytes = 0;
    this.#step({ type: 'appended', bytes });
  }

  /** What was appended comes before any other event: a seal takes all of it, so the machine must know of all of it. */
  #feed(event: FlushEvent): void {
    this.#feedAppended();
    this.#step(event);
  }

  #step(event: FlushEvent): void {
    if (this.#stop.signal.aborted) return;
    for (const effect of stepFlush(this.#state, event, this.#options.clock.monotonicMs()))
      this.#run(effect);
  }

  #run(effect: FlushEffect): void {
    switch (effect.type) {
      case 'seal':
        this.#seal(effect.sequence);
        break;
      case 'upload':
        this.#own(this.#upload(effect.sequence));
        break;
      case 'publish':
        this.#own(this.#publish(effect.sequence));
        break;
      case 'wakeAt':
        this.#wakeAt(effect.atMs);
        break;
      case 'stop':
        this.#options.onStop(effect.reason);
        break;
    }
  }

  #own(task: Promise<void>): void {
    const owned = task
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) this.#options.onError(error, 'flush');
      })
      .finally(() => this.#running.delete(owned));
    this.#running.add(owned);
  }

  #wakeAt(atMs: number): void {
    this.#cancelWake?.();
    const { clock } = this.#options;
    this.#cancelWake = clock.schedule(Math.max(1, atMs - clock.monotonicMs()), () =>
      this.#feed({ type: 'tick' }),
    );
  }

  #seal(sequence: number): void {
    const runs: OpenRun[] = [];
    for (const partition of this.#unsealed) {
      const run = partition.takeOpenRun();
      if (run !== undefined) runs.push(run);
    }
    this.#unsealed.clear();
    this.#sealed.set(sequence, {
      runs,
      budgetBytes: this.#unsealedBytes,
      sealedMs: this.#options.clock.monotonicMs(),
      uploaded: undefined,
      isPublishTried: false,
    });
    this.#unsealedBytes = 0;
  }

  async #upload(sequence: number): Promise<void> {
    const object = this.#object(sequence);
    const encoded = encodeOpenRuns(object.runs);
    const startMs = this.#options.clock.monotonicMs();
    for (let attempt = 0; ; attempt++) {
      // A new key for each attempt: an earlier one may still land, and then it is garbage nobody reads (I-07, I-10).
      const key = this.#key(sequence, attempt);
      try {
        await this.#put(key, encoded.bytes);
        object.uploaded = { key, encoded };
        break;
      } catch (error) {
        this.#stop.signal.throwIfAborted();
        this.#options.onError(error, 'upload');
        if (this.#options.clock.monotonicMs() - startMs > this.#options.uploadTimes.deadlineMs) {
          this.#feed({ type: 'uploadFailed', sequence });
          return;
        }
        await this.#pause(attempt + 1);
      }
    }
    this.#options.metrics.observeUpload(
      this.#options.clock.monotonicMs() - startMs,
      encoded.bytes.length,
    );
    this.#feed({ type: 'uploaded', sequence });
  }

  async #put(key: string, bytes: Uint8Array): Promise<void> {
    const { objects, uploadTimes, clock } = this.#options;
    using timeout = abortAfter(clock, uploadTimes.attemptMs);
    const signal = AbortSignal.any([this.#stop.signal, timeout.signal]);
    await objects.put(key, bytes, { signal });
  }

  #key(sequence: number, attempt: number): string {
    const { prefix, clusterId, incarnation } = this.#options;
    return objectKey({ prefix, cluster: clusterId, incarnation, sequence, attempt });
  }

  async #publish(sequence: number): Promise<void> {
    const object = this.#object(sequence);
    if (object.uploaded === undefined) throw new Error(`object ${sequence} is not uploaded`);
    const { key, encoded } = object.uploaded;
    const request: PublishRequest = {
      incarnation: this.#options.incarnation,
      objectKey: key,
      objectBytes: encoded.bytes.length,
      runs: encoded.runs,
    };
    const startMs = this.#options.clock.monotonicMs();
    const accepted = await this.#publishUntilKnown(object, request);
    if (accepted === undefined) {
      this.#feed({ type: 'fenced' });
      return;
    }
    // Readers are woken next: they must find the bytes.
    this.#options.cache.add(key, encoded.bytes);
    this.#sealed.delete(sequence);
    this.#settle(object, encoded, key, new Set(accepted));
    const nowMs = this.#options.clock.monotonicMs();
    this.#options.metrics.observePublish(nowMs - startMs, nowMs - object.sealedMs);
    this.#options.budget.give(object.budgetBytes);
    this.#feed({ type: 'published', sequence });
  }

  /**
   * I-09, I-11: asks again until the outcome is known; nobody is answered before. Undefined: the session is fenced, and this
   * object was not published.
   */
  async #publishUntilKnown(
    object: SealedObject,
    request: PublishRequest,
  ): Promise<readonly number[] | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        object.isPublishTried = true;
        return (await this.#options.log.publish(request, this.#stop.signal)).accepted;
      } catch (error) {
        this.#stop.signal.throwIfAborted();
        const known = toStreamError(error);
        if (known.kind === 'fenced') {
          object.isPublishTried = false;
          return undefined;
        }
        this.#options.onError(error, 'publish');
        await this.#pause(attempt);
      }
    }
  }

  #settle(
    object: SealedObject,
    encoded: SealedBytes,
    key: string,
    accepted: ReadonlySet<number>,
  ): void {
    const { metrics, flow } = this.#options;
    const settled = new Set<HeldPartition>();
    for (const [index, published] of encoded.runs.entries()) {
      const partition = encoded.partitions[index];
      if (partition === undefined) throw new Error('a run without its partition');
      if (!accepted.has(index)) {
        partition.publishFenced();
        continue;
      }
      const run: StoredRun = {
        baseOffset: published.baseOffset,
        lastOffset: offset(published.baseOffset + published.recordCount - 1),
        epoch: published.epoch,
        objectKey: key,
        position: published.position,
        length: published.length,
        crc: published.crc,
        maxTimestampMs: published.maxTimestampMs,
      };
      partition.published(run);
      settled.add(partition);
      flow.countPublished(published.topicId, published.recordCount, published.length);
    }
    metrics.countPublished(object.runs.filter((run) => settled.has(run.partition)));
  }

  #pause(attempt: number): Promise<void> {
    const { clock, random } = this.#options;
    return delay(clock, backoffDelayMs(attempt, { ...RETRY, random }), this.#stop.signal);
  }

  #object(sequence: number): SealedObject {
    const object = this.#sealed.get(sequence);
    if (object === undefined) throw new Error(`object ${sequence} is not sealed`);
    return object;
  }
}
