import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { offset } from '@streamhouse/core/ids.ts';
import {
  type Cluster,
  type ClusterComponents,
  connectCluster,
  SYSTEM_COMPONENTS,
} from '../cluster/cluster.ts';
import type { TopicView } from '../cluster/cluster-view.ts';
import type { PartitionName, WaitOptions } from '../public/connect.ts';
import type {
  Consumer,
  ConsumerLag,
  ConsumerOptions,
  PartitionLag,
  PartitionStart,
} from '../public/consumer.ts';
import type { ConsumerRecord } from '../public/record.ts';
import { type ConsumerSettings, consumerSettings } from './consumer-settings.ts';
import { Fetcher } from './fetcher.ts';
import { lookUpOffsets, type OffsetQuestion } from './offset-lookup.ts';
import { PartitionReader } from './partition-reader.ts';

/** How long one poll of an iteration waits; then the next one does. */
const ITERATION_POLL_MS = 60_000;

/**
 * Connects to a cluster.
 *
 * @throws StreamError `invalid` OPTION or BOOTSTRAP; `unavailable` CONNECT_FAILED, which names every address tried.
 * @example
 * await using consumer = await connectConsumer({ bootstrap: 'localhost:9090' });
 * await consumer.assign([{ topic: 'orders', partition: 0, offset: 0 }]);
 * for await (const records of consumer.batches()) console.log(records.length);
 */
export function connectConsumer(options: ConsumerOptions): Promise<Consumer> {
  return openConsumer(options, SYSTEM_COMPONENTS);
}

/** The same with other parts than those of the real world. */
export async function openConsumer(
  options: ConsumerOptions,
  components: ClusterComponents,
): Promise<Consumer> {
  const settings = consumerSettings(options);
  const cluster = await connectCluster(options, components);
  return new StreamConsumer(cluster, settings);
}

class StreamConsumer implements Consumer {
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings;
  readonly #fetcher: Fetcher;
  readonly #readers = new Map<string, PartitionReader>();
  #wake: (() => void) | undefined;
  #isPolling = false;
  /** Which reader the next poll begins with, so that a busy partition does not hide the others. */
  #turn = 0;
  #closing: Promise<void> | undefined;

  constructor(cluster: Cluster, settings: ConsumerSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#fetcher = new Fetcher({ cluster, settings, onArrival: () => this.#wake?.() });
  }

  async assign(partitions: readonly PartitionStart[], { signal }: WaitOptions = {}): Promise<void> {
    this.#checkOpen();
    const topics = new Map<string, TopicView>();
    for (const { topic } of partitions) {
      if (!topics.has(topic)) topics.set(topic, await this.#findTopic(topic, signal));
    }
    const readers = new Map<string, PartitionReader>();
    for (const start of partitions) {
      readers.set(keyOf(start), this.#openReader(start, topics.get(start.topic) as TopicView));
    }
    this.#checkOpen();
    this.#readers.clear();
    for (const [key, reader] of readers) this.#readers.set(key, reader);
    this.#fetcher.assign([...this.#readers.values()]);
  }

  assignment(): PartitionName[] {
    return Array.from(this.#readers.values(), ({ topic, partition }) => ({ topic, partition }));
  }

  async poll(timeoutMs: number, { signal }: WaitOptions = {}): Promise<ConsumerRecord[]> {
    this.#checkOpen();
    signal?.throwIfAborted();
    if (this.#isPolling) {
      throw new StreamError('conflict', 'POLL_IN_PROGRESS', 'the poll before this one still waits');
    }
    this.#isPolling = true;
    try {
      return await this.#poll(this.#cluster.clock.monotonicMs() + timeoutMs, signal);
    } finally {
      this.#isPolling = false;
    }
  }

  async *batches({ signal }: WaitOptions = {}): AsyncGenerator<ConsumerRecord[], void, undefined> {
    while (this.#closing === undefined && signal?.aborted !== true) {
      const records = await this.poll(ITERATION_POLL_MS, signal && { signal }).catch(
        (error: unknown) => {
          if (this.#closing !== undefined || signal?.aborted === true) return [];
          throw error;
        },
      );
      if (records.length > 0) yield records;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ConsumerRecord, void, undefined> {
    for await (const records of this.batches()) {
      let returned = 0;
      try {
        for (const record of records) {
          returned++;
          yield record;
        }
      } finally {
        this.#putBack(records.slice(returned));
      }
    }
  }

  seek(partition: PartitionName, position: number): void {
    this.#checkOpen();
    this.#reader(partition).seek(offset(position));
    this.#fetcher.restart();
  }

  async seekToBeginning(
    partitions?: readonly PartitionName[],
    options?: WaitOptions,
  ): Promise<void> {
    await this.#seekTo('earliest', partitions, options);
  }

  async seekToEnd(partitions?: readonly PartitionName[], options?: WaitOptions): Promise<void> {
    await this.#seekTo('latest', partitions, options);
  }

  async seekToTimestamp(
    timestampMs: number,
    partitions?: readonly PartitionName[],
    options?: WaitOptions,
  ): Promise<void> {
    await this.#seekTo({ timestampMs }, partitions, options);
  }

  async position(partition: PartitionName, options?: WaitOptions): Promise<number> {
    this.#checkOpen();
    const reader = this.#reader(partition);
    await this.#locate([reader], options);
    return reader.position ?? 0;
  }

  pause(partitions: readonly PartitionName[]): void {
    for (const partition of partitions) this.#reader(partition).isPaused = true;
  }

  resume(partitions: readonly PartitionName[]): void {
    for (const partition of partitions) this.#reader(partition).isPaused = false;
    this.#wake?.();
    this.#fetcher.pump();
  }

  async lag(options?: WaitOptions): Promise<ConsumerLag> {
    this.#checkOpen();
    const readers = [...this.#readers.values()];
    await this.#locate(readers, options);
    const ends = await lookUpOffsets(this.#cluster, readers, 'latest', options?.signal);
    const partitions = readers.map((reader): PartitionLag => {
      const { topic, partition, position = 0 } = reader;
      const highWatermark = ends.get(reader) ?? position;
      const lag = Math.max(0, highWatermark - position);
      return { topic, partition, position, highWatermark, lag };
    });
    return { total: partitions.reduce((total, { lag }) => total + lag, 0), partitions };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#readers.clear();
    await this.#cluster[Symbol.asyncDispose]();
    await this.#fetcher[Symbol.asyncDispose]();
    this.#wake?.();
  }

  async #poll(deadlineMs: number, signal: AbortSignal | undefined): Promise<ConsumerRecord[]> {
    for (;;) {
      const records = this.#collect();
      if (records.length > 0) return records;
      this.#throwFailure();
      const leftMs = deadlineMs - this.#cluster.clock.monotonicMs();
      if (leftMs <= 0) return records;
      await this.#arrival(leftMs, signal);
      this.#checkOpen();
      signal?.throwIfAborted();
    }
  }

  #collect(): ConsumerRecord[] {
    const records: ConsumerRecord[] = [];
    const readers = [...this.#readers.values()];
    const first = this.#turn++;
    for (let index = 0; index < readers.length; index++) {
      const reader = readers[(first + index) % readers.length] as PartitionReader;
      reader.take(records, this.#settings.maxPollRecords);
      if (records.length >= this.#settings.maxPollRecords) break;
    }
    if (records.length > 0) this.#fetcher.pump();
    return records;
  }

  #throwFailure(): void {
    for (const { failure, isPaused } of this.#readers.values()) {
      if (failure !== undefined && !isPaused) throw failure;
    }
  }

  /** Resolves when something has arrived, the time is over, or the signal aborts. */
  #arrival(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wake = undefined;
        cancel();
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.#cluster.clock.schedule(timeoutMs, wake);
      signal?.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
    });
  }

  #findTopic(name: string, signal: AbortSignal | undefined): Promise<TopicView> {
    return this.#cluster.topic(name, signal, this.#cluster.requestTimeoutMs);
  }

  #openReader(start: PartitionStart, topic: TopicView): PartitionReader {
    const { topic: name, partition } = start;
    if (topic.partitions[partition] === undefined) {
      throw new StreamError(
        'notFound',
        'PARTITION_NOT_FOUND',
        `topic "${name}" has partitions 0..${topic.partitions.length - 1}, not ${partition}`,
      );
    }
    const place = { topic: name, topicIdBytes: topic.topicIdBytes, partition };
    const reader = new PartitionReader(place, { port: nativeCompression, crc32c });
    const { autoOffsetReset } = this.#settings;
    if (start.offset !== undefined) reader.seek(offset(start.offset));
    else if (autoOffsetReset !== 'none') reader.seek(autoOffsetReset);
    else reader.failure = noPosition(start);
    return reader;
  }

  async #seekTo(
    question: OffsetQuestion,
    partitions: readonly PartitionName[] | undefined,
    options: WaitOptions | undefined,
  ): Promise<void> {
    this.#checkOpen();
    const readers =
      partitions === undefined
        ? [...this.#readers.values()]
        : partitions.map((partition) => this.#reader(partition));
    const offsets = await lookUpOffsets(this.#cluster, readers, question, options?.signal);
    for (const [reader, position] of offsets) reader.seek(position);
    this.#fetcher.restart();
  }

  /** Looks up the positions that are not known yet. */
  async #locate(
    readers: readonly PartitionReader[],
    options: WaitOptions | undefined,
  ): Promise<void> {
    for (const where of ['earliest', 'latest'] as const) {
      const unknown = readers.filter(({ seeking }) => seeking === where);
      if (unknown.length === 0) continue;
      const offsets = await lookUpOffsets(this.#cluster, unknown, where, options?.signal);
      for (const [reader, position] of offsets) {
        if (reader.seeking === where) reader.seek(position);
      }
    }
    this.#fetcher.pump();
  }

  /** Records of an iteration that was left early come again with the next poll (I-16). */
  #putBack(records: readonly ConsumerRecord[]): void {
    const seen = new Set<PartitionReader>();
    for (const record of records) {
      const reader = this.#readers.get(keyOf(record));
      if (reader === undefined || seen.has(reader)) continue;
      seen.add(reader);
      reader.seek(record.offset);
    }
    if (seen.size > 0) this.#fetcher.restart();
  }

  #reader(partition: PartitionName): PartitionReader {
    const reader = this.#readers.get(keyOf(partition));
    if (reader !== undefined) return reader;
    throw new StreamError(
      'conflict',
      'NOT_ASSIGNED',
      `partition ${partition.partition} of topic "${partition.topic}" is not assigned`,
    );
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return;
    throw new StreamError('conflict', 'CLOSED', 'the consumer is closed');
  }
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}

function noPosition({ topic, partition }: PartitionName): StreamError {
  return new StreamError(
    'outOfRange',
    'NO_POSITION',
    `partition ${partition} of topic "${topic}" has no position, and autoOffsetReset is none: seek first`,
    { details: { topic, partition: String(partition) } },
  );
}
