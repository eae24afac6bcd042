/** Keeps the readers filled: one long poll per agent, for all of its partitions that have room. */
import type { FetchedPartition__Output as FetchedPartition } from '@streamhouse/api/gen/streamhouse/v1/FetchedPartition.ts';
import type { FetchRequest } from '@streamhouse/api/gen/streamhouse/v1/FetchRequest.ts';
import type { FetchResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchResponse.ts';
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { callUnary } from '../cluster/agent-channel.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { partitionHolder } from '../cluster/cluster-view.ts';
import { partError, requireAnswers } from '../cluster/wire-error.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import { lookUpOffsets } from './offset-lookup.ts';
import type { PartitionReader, Seeking } from './partition-reader.ts';

const BACKOFF = { backoffMs: 100, backoffMaxMs: 1_000 };
/** A fetch that has waited for so long waits for new records: it can be asked again without a loss. */
const SETTLED_MS = 10;

/** A fetch on its way. */
interface AgentFetch {
  readonly address: string;
  readonly readers: readonly PartitionReader[];
  readonly generations: readonly number[];
  readonly startedMs: number;
  readonly abort: AbortController;
}

export interface FetcherOptions {
  readonly cluster: Cluster;
  readonly settings: ConsumerSettings;
  /** There are new records, or a reader has failed. */
  readonly onArrival: () => void;
}

export class Fetcher implements AsyncDisposable {
  readonly #options: FetcherOptions;
  readonly #cluster: Cluster;
  readonly #fetches = new Map<string, AgentFetch>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #endView: () => void;
  #readers: readonly PartitionReader[] = [];
  /** Agents that have failed, until they answer again. */
  readonly #failing = new Map<string, { failures: number; retryAtMs: number }>();
  #cancelRetry: (() => void) | undefined;
  /** Topics that an agent says are not there, while another one is asked. */
  readonly #doubted = new Set<string>();
  #isLocating = false;
  #isDisposed = false;
  /** Which partition of an agent is asked first: an answer has room for some only. */
  #turn = 0;

  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#cluster = options.cluster;
    this.#endView = options.cluster.onView(() => this.#onView());
  }

  /** Reads these from now on, and no others. */
  assign(readers: readonly PartitionReader[]): void {
    this.#readers = readers;
    this.restart();
  }

  /** Positions have changed: what is on its way may be of no use. */
  restart(): void {
    for (const fetch of this.#fetches.values()) fetch.abort.abort();
    this.pump();
  }

  /** Asks for what there is room for. */
  pump(): void {
    if (this.#isDisposed) return;
    const nowMs = this.#cluster.clock.monotonicMs();
    this.#locate();
    for (const [address, readers] of this.#fetchable()) {
      const fetch = this.#fetches.get(address);
      const retryAtMs = this.#failing.get(address)?.retryAtMs ?? 0;
      if (nowMs < retryAtMs) this.#retryLater(retryAtMs - nowMs);
      else if (fetch === undefined) this.#start(address, readers, nowMs);
      else if (isLacking(fetch, readers) && nowMs - fetch.startedMs >= SETTLED_MS) {
        fetch.abort.abort();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#endView();
    this.#cancelRetry?.();
    for (const fetch of this.#fetches.values()) fetch.abort.abort();
    await Promise.all(this.#tasks);
  }

  /** Partitions that can be asked for now, by the address of their holder. */
  #fetchable(): Map<string, PartitionReader[]> {
    const share = this.#options.settings.prefetchBytesMax / Math.max(1, this.#readers.length);
    const byAddress = new Map<string, PartitionReader[]>();
    for (const reader of this.#readers) {
      if (
        reader.isPaused ||
        reader.isHeld ||
        reader.failure !== undefined ||
        reader.seeking !== undefined
      )
        continue;
      if (reader.bufferedBytes >= share) continue;
      const address = partitionHolder(this.#cluster.view, reader.topic, reader.partition);
      if (address === undefined) continue; // The next view brings it.
      const readers = byAddress.get(address);
      if (readers === undefined) byAddress.set(address, [reader]);
      else readers.push(reader);
    }
    return byAddress;
  }

  #start(address: string, readers: readonly PartitionReader[], startedMs: number): void {
    const first = this.#turn++ % readers.length;
    const turned = [...readers.slice(first), ...readers.slice(0, first)];
    const fetch = {
      address,
      readers: turned,
      generations: turned.map((reader) => reader.generation),
      startedMs,
      abort: new AbortController(),
    };
    this.#fetches.set(address, fetch);
    this.#run(this.#fetch(fetch));
  }

  async #fetch(fetch: AgentFetch): Promise<void> {
    const { cluster, settings } = this.#options;
    const { consumer } = cluster.channel(fetch.address);
    let partitions: FetchedPartition[] = [];
    try {
      const answer = await callUnary<FetchRequest, FetchResponse__Output>(
        (...call) => consumer.fetch(...call),
        {
          partitions: fetch.readers.map((reader) => ({
            topicId: reader.topicIdBytes,
            partition: reader.partition,
            offset: reader.fetchOffset,
          })),
          minBytes: settings.fetchMinBytes,
          maxBytes: Math.min(LIMITS.fetchBytesMax, settings.prefetchBytesMax),
          maxWaitMs: settings.fetchMaxWaitMs,
        },
        {
          signal: fetch.abort.signal,
          timeoutMs: settings.fetchMaxWaitMs + cluster.requestTimeoutMs,
          clock: cluster.clock,
        },
      );
      requireAnswers(fetch.readers, answer.partitions);
      partitions = answer.partitions;
      this.#failing.delete(fetch.address);
    } catch (error) {
      if (!fetch.abort.signal.aborted) this.#onCallFailed(fetch, toStreamError(error));
    }
    this.#fetches.delete(fetch.address);
    for (const [index, partition] of partitions.entries()) {
      const reader = fetch.readers[index] as PartitionReader;
      if (reader.generation !== fetch.generations[index]) continue;
      this.#receive(reader, partition, fetch.address);
    }
    this.#options.onArrival();
    this.pump();
  }

  #receive(reader: PartitionReader, fetched: FetchedPartition, address: string): void {
    if (fetched.error === null) {
      reader.receive(fetched.recordBatches, fetched.highWatermark);
      return;
    }
    const error = partError(fetched.error);
    const { autoOffsetReset } = this.#options.settings;
    if (error.kind === 'outOfRange' && autoOffsetReset !== 'none') {
      // What is read ahead comes first: until it is returned, the position is further back than what was asked for.
      if (reader.position === reader.fetchOffset) reader.seek(autoOffsetReset);
      else this.#backOff(address);
    } else if (error.isRetriable) {
      this.#backOff(address);
    } else {
      reader.failure = named(reader, error);
    }
  }

  #onCallFailed({ address, readers }: AgentFetch, error: StreamError): void {
    if (error.isRetriable) this.#backOff(address);
    else for (const reader of readers) reader.failure = error;
  }

  #backOff(address: string): void {
    const failures = (this.#failing.get(address)?.failures ?? 0) + 1;
    const delayMs = backoffDelayMs(failures, { random: this.#cluster.random, ...BACKOFF });
    const retryAtMs = this.#cluster.clock.monotonicMs() + delayMs;
    this.#failing.set(address, { failures, retryAtMs });
    this.#cluster.requestRefresh();
  }

  #retryLater(delayMs: number): void {
    this.#cancelRetry ??= this.#cluster.clock.schedule(delayMs, () => {
      this.#cancelRetry = undefined;
      this.pump();
    });
  }

  /** Looks up the positions that are not known. */
  #locate(): void {
    if (this.#isLocating) return;
    for (const where of ['earliest', 'latest'] as const) {
      const readers = this.#readers.filter(
        (reader) => reader.seeking === where && reader.failure === undefined,
      );
      if (readers.length === 0) continue;
      this.#isLocating = true;
      this.#run(this.#lookUp(readers, where));
      return;
    }
  }

  async #lookUp(readers: readonly PartitionReader[], where: Seeking): Promise<void> {
    const generations = readers.map((reader) => reader.generation);
    try {
      const offsets = await lookUpOffsets(this.#cluster, readers, where, undefined);
      for (const [index, reader] of readers.entries()) {
        const position = offsets.get(reader);
        if (reader.generation === generations[index] && position !== undefined) {
          reader.found(position);
        }
      }
    } catch (error) {
      const known = toStreamError(error);
      // When it may be mended, it has been tried for long already: the next view or poll tries again.
      if (!known.isRetriable) for (const reader of readers) reader.failure = known;
    }
    this.#isLocating = false;
    this.#options.onArrival();
    this.pump();
  }

  #run(work: Promise<void>): void {
    const task = work.finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  /** A partition that has moved is not waited for at its old holder, which may not run any more. */
  #onView(): void {
    for (const fetch of this.#fetches.values()) {
      const hasMoved = fetch.readers.some(
        ({ topic, partition }) =>
          partitionHolder(this.#cluster.view, topic, partition) !== fetch.address,
      );
      if (hasMoved) fetch.abort.abort();
    }
    for (const { topic, failure } of this.#readers) {
      if (failure === undefined && this.#cluster.view.missing.has(topic)) this.#doubt(topic);
    }
    this.pump();
  }

  /** One agent may be behind the others: only when a second one does not know it either, the topic is gone. */
  #doubt(topic: string): void {
    if (this.#doubted.has(topic)) return;
    this.#doubted.add(topic);
    this.#run(this.#confirm(topic).finally(() => this.#doubted.delete(topic)));
  }

  async #confirm(topic: string): Promise<void> {
    const { signal, requestTimeoutMs } = this.#cluster;
    while (!signal.aborted) {
      try {
        await this.#cluster.topic(topic, signal, requestTimeoutMs);
        return;
      } catch (error) {
        const known = toStreamError(error);
        if (known.kind !== 'notFound') continue; // Nobody could be asked.
        for (const reader of this.#readers) if (reader.topic === topic) reader.failure ??= known;
        this.#options.onArrival();
        return;
      }
    }
  }
}

/** An agent knows a topic by its id; users know it by its name. */
function named({ topic }: PartitionReader, error: StreamError): StreamError {
  const details = { ...error.details, topic };
  const message = `topic "${topic}": ${error.message}`;
  return new StreamError(error.kind, error.reason, message, { cause: error, details });
}

function isLacking(fetch: AgentFetch, readers: readonly PartitionReader[]): boolean {
  return readers.some((reader) => !fetch.readers.includes(reader));
}
