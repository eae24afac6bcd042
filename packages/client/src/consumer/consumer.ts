import { StreamError } from '@streamhouse/core/errors.ts';
import { offset } from '@streamhouse/core/ids.ts';
import { integerOption } from '../check-option.ts';
import { abortable } from '../abortable.ts';
import {
  type Cluster,
  type ClusterComponents,
  connectCluster,
  SYSTEM_COMPONENTS,
} from '../cluster/cluster.ts';
import type { TopicView } from '../cluster/cluster-view.ts';
import { GroupConsumer } from '../group/group-consumer.ts';
import { notOwned, type PendingOffset } from '../group/committer.ts';
import type { PartitionName, WaitOptions } from '../public/connect.ts';
import type {
  CommittedOffset,
  Consumer,
  ConsumerLag,
  ConsumerOptions,
  Membership,
  OffsetCommit,
  PartitionStart,
  RunOptions,
  SubscribeOptions,
} from '../public/consumer.ts';
import type { ConsumerRecord } from '../public/record.ts';
import { type ConsumerSettings, consumerSettings } from './consumer-settings.ts';
import { HandlerRun } from './handler-run.ts';
import type { OffsetQuestion, PartitionPlace } from './offset-lookup.ts';
import type { PartitionReader } from './partition-reader.ts';
import { ReadSet } from './read-set.ts';

/** How long one poll of an iteration waits; then the next one does. */
const ITERATION_POLL_MS = 60_000;

/**
 * Connects to a cluster.
 *
 * @throws StreamError `invalid` OPTION or BOOTSTRAP; `unavailable` CONNECT_FAILED, which names every address tried.
 * @example
 * await using consumer = await connectConsumer({ bootstrap: 'localhost:9090', groupId: 'analytics' });
 * await consumer.subscribe(['orders']);
 * for await (const records of consumer.batches()) {
 *   console.log(records.length);
 *   await consumer.commit();
 * }
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
  readonly #reads: ReadSet;
  readonly #group: GroupConsumer | undefined;
  readonly #life = new AbortController();
  #isPolling = false;
  #isRunning = false;
  #closing: Promise<void> | undefined;

  constructor(cluster: Cluster, settings: ConsumerSettings) {
    const reads = new ReadSet(cluster, settings);
    const { group } = settings;
    this.#cluster = cluster;
    this.#reads = reads;
    this.#group = group && new GroupConsumer({ cluster, group, reads });
  }

  async assign(partitions: readonly PartitionStart[], { signal }: WaitOptions = {}): Promise<void> {
    this.#checkOpen();
    if (this.#group?.isSubscribed === true) throw subscribed();
    const places = await this.#findPlaces(partitions, signal);
    const committed = (await this.#group?.committed(places, signal)) ?? [];
    const readers = places.map((place, index) =>
      this.#reads.open(place, partitions[index]?.offset ?? committed[index]?.offset),
    );
    this.#checkOpen();
    this.#reads.remove(this.#reads.readers);
    this.#reads.add(readers);
  }

  async subscribe(
    topics: readonly string[] | RegExp,
    options: SubscribeOptions = {},
  ): Promise<void> {
    this.#checkOpen();
    const group = this.#requireGroup();
    if (!group.isSubscribed && this.#reads.readers.length > 0) throw assigned();
    await group.subscribe(topics, options);
  }

  async unsubscribe({ signal }: WaitOptions = {}): Promise<void> {
    this.#checkOpen();
    if (this.#group?.isSubscribed === true) await abortable(this.#group.unsubscribe(), signal);
    this.#reads.remove(this.#reads.readers);
  }

  assignment(): PartitionName[] {
    return this.#reads.readers.map(({ topic, partition }) => ({ topic, partition }));
  }

  membership(): Membership | undefined {
    return this.#group?.membership();
  }

  async poll(timeoutMs: number, { signal }: WaitOptions = {}): Promise<ConsumerRecord[]> {
    this.#checkOpen();
    signal?.throwIfAborted();
    return await this.#exclusively(() => {
      this.#reads.comeBack();
      return this.#poll(this.#cluster.clock.monotonicMs() + timeoutMs, signal);
    });
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
    const { tracker } = this.#reads;
    for await (const records of this.batches()) {
      tracker.iterate(records);
      try {
        for (let record = tracker.step(); record !== undefined; record = tracker.step()) {
          yield record;
        }
      } finally {
        this.#reads.putBack(this.#reads.readers);
      }
    }
  }

  async run(options: RunOptions): Promise<void> {
    this.#checkOpen();
    if ((options.eachBatch === undefined) === (options.eachRecord === undefined)) {
      throw new StreamError('invalid', 'OPTION', 'run takes one of eachBatch and eachRecord');
    }
    const max = Number.MAX_SAFE_INTEGER;
    integerOption('partitionsConcurrently', options.partitionsConcurrently, max, { min: 1, max });
    const { signal: life } = this.#life;
    const signal = options.signal === undefined ? life : AbortSignal.any([options.signal, life]);
    const parts = { cluster: this.#cluster, reads: this.#reads, run: options, life };
    const check = (): void => this.#group?.check();
    await this.#exclusively(async () => {
      this.#reads.comeBack();
      this.#isRunning = true;
      try {
        // A handler that does not end must not hold up whoever closes.
        await abortable(new HandlerRun({ ...parts, check }).untilOver(signal), life);
      } catch (error) {
        if (!life.aborted) throw error;
      } finally {
        this.#isRunning = false;
      }
    });
  }

  async commit(offsets?: readonly OffsetCommit[], { signal }: WaitOptions = {}): Promise<void> {
    this.#checkOpen();
    const group = this.#requireGroup();
    // What is still owned counts, whatever became of the others.
    const lost = offsets?.find((one) => this.#reads.find(one) === undefined) ?? this.#takeLost();
    const pending = offsets === undefined ? this.#handedOut() : this.#given(offsets);
    await abortable(group.commit(pending), signal);
    if (lost !== undefined) throw notOwned(lost);
  }

  async committed(
    partitions: readonly PartitionName[],
    { signal }: WaitOptions = {},
  ): Promise<(CommittedOffset | undefined)[]> {
    this.#checkOpen();
    const group = this.#requireGroup();
    return await group.committed(await this.#findPlaces(partitions, signal), signal);
  }

  seek(partition: PartitionName, position: number): void {
    this.#checkOpen();
    this.#reads.seek(this.#reads.reader(partition), offset(position));
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
    const reader = this.#reads.reader(partition);
    await this.#reads.locate([reader], options);
    return reader.position ?? 0;
  }

  pause(partitions: readonly PartitionName[]): void {
    for (const partition of partitions) this.#reads.reader(partition).isPaused = true;
  }

  resume(partitions: readonly PartitionName[]): void {
    for (const partition of partitions) this.#reads.reader(partition).isPaused = false;
    this.#reads.resume();
  }

  async lag(options?: WaitOptions): Promise<ConsumerLag> {
    this.#checkOpen();
    return await this.#reads.lag(options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#reads.wake();
    await this.#group?.close();
    this.#life.abort(closed());
    await this.#cluster[Symbol.asyncDispose]();
    await this.#reads[Symbol.asyncDispose]();
  }

  async #poll(deadlineMs: number, signal: AbortSignal | undefined): Promise<ConsumerRecord[]> {
    for (;;) {
      const records = this.#reads.take();
      if (records.length > 0) return records;
      this.#group?.check();
      this.#reads.throwFailure();
      const leftMs = deadlineMs - this.#cluster.clock.monotonicMs();
      if (leftMs <= 0) return records;
      await this.#reads.arrival(leftMs, signal);
      this.#checkOpen();
      signal?.throwIfAborted();
    }
  }

  /** One poll or run at a time, which is a sign of the program's life. */
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isPolling) {
      throw new StreamError('conflict', 'POLL_IN_PROGRESS', 'the poll before this one still waits');
    }
    this.#isPolling = true;
    this.#group?.onPoll();
    try {
      return await work();
    } finally {
      this.#isPolling = false;
      this.#group?.onPollEnd();
    }
  }

  /** All that the program was given, which it is done with: it says so by committing it. */
  #handedOut(): Map<PartitionReader, PendingOffset> {
    const { tracker, readers } = this.#reads;
    const pending = new Map<PartitionReader, PendingOffset>();
    for (const reader of readers) {
      // Handlers of other partitions still work on what they were given.
      const end = this.#isRunning ? tracker.consumed(reader) : tracker.handedOut(reader);
      if (end === undefined) continue;
      pending.set(reader, { offset: end, metadata: '' });
      tracker.comeBackFrom(reader, end);
    }
    return pending;
  }

  #given(offsets: readonly OffsetCommit[]): Map<PartitionReader, PendingOffset> {
    const pending = new Map<PartitionReader, PendingOffset>();
    for (const { metadata = '', ...commit } of offsets) {
      const end = offset(commit.offset);
      const reader = this.#reads.find(commit);
      if (reader !== undefined) pending.set(reader, { offset: end, metadata });
    }
    for (const [reader, { offset: end }] of pending) {
      this.#reads.tracker.comeBackFrom(reader, Math.min(end, reader.position ?? end));
    }
    return pending;
  }

  /** One that the program works on and does not own any more. Handlers of `run` hear of it by their signal. */
  #takeLost(): PartitionName | undefined {
    const [lost] = this.#reads.takeLost();
    return this.#isRunning ? undefined : lost;
  }

  /** @throws StreamError `notFound`. */
  async #findPlaces(
    partitions: readonly PartitionName[],
    signal: AbortSignal | undefined,
  ): Promise<PartitionPlace[]> {
    const topics = new Map<string, TopicView>();
    for (const { topic } of partitions) {
      if (!topics.has(topic)) topics.set(topic, await this.#findTopic(topic, signal));
    }
    return partitions.map(({ topic, partition }) => {
      const { partitions: all, topicIdBytes } = topics.get(topic) as TopicView;
      if (all[partition] !== undefined) return { topic, topicIdBytes, partition };
      throw new StreamError(
        'notFound',
        'PARTITION_NOT_FOUND',
        `topic "${topic}" has partitions 0..${all.length - 1}, not ${partition}`,
      );
    });
  }

  #findTopic(name: string, signal: AbortSignal | undefined): Promise<TopicView> {
    return this.#cluster.topic(name, signal, this.#cluster.requestTimeoutMs);
  }

  async #seekTo(
    question: OffsetQuestion,
    partitions: readonly PartitionName[] | undefined,
    options: WaitOptions | undefined,
  ): Promise<void> {
    this.#checkOpen();
    const readers =
      partitions?.map((partition) => this.#reads.reader(partition)) ?? this.#reads.readers;
    await this.#reads.seekTo(readers, question, options);
  }

  #requireGroup(): GroupConsumer {
    if (this.#group !== undefined) return this.#group;
    throw new StreamError('invalid', 'GROUP_ID_MISSING', 'this needs the option groupId');
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw closed();
  }
}

function subscribed(): StreamError {
  return new StreamError('conflict', 'SUBSCRIBED', 'unsubscribe before you assign partitions');
}

function assigned(): StreamError {
  return new StreamError('conflict', 'ASSIGNED', 'unsubscribe from assigned partitions first');
}

function closed(): StreamError {
  return new StreamError('conflict', 'CLOSED', 'the consumer is closed');
}
