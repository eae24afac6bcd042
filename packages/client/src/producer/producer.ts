import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { abortable } from '../abortable.ts';
import {
  type Cluster,
  type ClusterComponents,
  connectCluster,
  SYSTEM_COMPONENTS,
} from '../cluster/cluster.ts';
import type { PartitionView } from '../cluster/cluster-view.ts';
import type { WaitOptions } from '../public/connect.ts';
import type { Producer, ProducerOptions } from '../public/producer.ts';
import type { Payload, ProducerRecord, RecordInput, RecordMetadata } from '../public/record.ts';
import { Accumulator } from './accumulator.ts';
import { BatchCall } from './batch-call.ts';
import { BufferGate, type Waiting } from './buffer-gate.ts';
import type { ProducerIdentity } from './partition-queue.ts';
import type { PartitionWriter } from './partition-writer.ts';
import { KeyEncoder } from './partitioner.ts';
import type { PendingBatch } from './pending-batch.ts';
import { identifyProducer } from './producer-identity.ts';
import { type ProducerSettings, producerSettings } from './producer-settings.ts';
import { recordHeaders } from './record-headers.ts';
import { Sender } from './sender.ts';
import type { TopicRoute } from './topic-route.ts';
import { TopicRoutes } from './topic-routes.ts';

/**
 * Connects to a cluster.
 *
 * @throws StreamError `invalid` OPTION or BOOTSTRAP; `unavailable` CONNECT_FAILED, which names every address tried.
 * @example
 * await using producer = await connectProducer({ bootstrap: ['localhost:9090'] });
 * await producer.send({ topic: 'orders', key: 'user-7', value: 'one' });
 */
export function connectProducer(options: ProducerOptions): Promise<Producer> {
  return openProducer(options, SYSTEM_COMPONENTS);
}

/** The same with other parts than those of the real world. */
export async function openProducer(
  options: ProducerOptions,
  components: ClusterComponents,
): Promise<Producer> {
  const settings = producerSettings(options);
  const cluster = await connectCluster(options, components);
  try {
    const identity = await identifyProducer(cluster, {
      signal: undefined,
      timeoutMs: settings.maxBlockMs,
    });
    return new StreamProducer(cluster, settings, identity);
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

class StreamProducer implements Producer {
  readonly #cluster: Cluster;
  readonly #settings: ProducerSettings;
  readonly #gate: BufferGate;
  readonly #accumulator: Accumulator;
  readonly #sender: Sender;
  readonly #routes: TopicRoutes;
  /** Sealed and not settled. */
  readonly #pending = new Set<PendingBatch>();
  #closing: Promise<void> | undefined;

  constructor(cluster: Cluster, settings: ProducerSettings, identity: ProducerIdentity) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#gate = new BufferGate(settings.bufferBytesMax, cluster.clock);
    this.#accumulator = new Accumulator({
      settings,
      encoding: { compression: settings.compression, port: nativeCompression, crc32c },
      gate: this.#gate,
      clock: cluster.clock,
      onSealed: (writer, batch) => this.#onSealed(writer, batch),
    });
    this.#sender = new Sender({
      cluster,
      settings,
      crc32c,
      onDone: (batch) => this.#onDone(batch),
    });
    this.#routes = new TopicRoutes({
      cluster,
      identity,
      timeoutMs: settings.maxBlockMs,
      partitioner: settings.partitioner,
      keys: new KeyEncoder(),
      random: cluster.random,
      place: (writer, topic) => {
        this.#sender.place(writer, topic.partitions[writer.partition] as PartitionView);
      },
      replace: (writer, topic) => this.#sender.replace(writer, topic.topicIdBytes),
      abandon: (writer, error) => {
        this.#accumulator.seal(writer);
        this.#sender.abandon(writer, error);
      },
      onFound: (waiting) => this.#gate.enter(waiting),
    });
  }

  send(record: ProducerRecord): Promise<RecordMetadata> {
    const route = this.#routes.get(record.topic);
    if (route === undefined || this.#gate.isClosed || this.#closing !== undefined) {
      return this.#sendLater(record);
    }
    try {
      return this.#append(route, record, promiseOf);
    } catch (error) {
      return Promise.reject(error as StreamError);
    }
  }

  sendBatch(topic: string, records: readonly RecordInput[]): Promise<RecordMetadata[]> {
    const call = new BatchCall(records.length);
    let next = 0;
    const waiting: Waiting = {
      deadlineMs: this.#cluster.clock.monotonicMs() + this.#settings.maxBlockMs,
      admit: () => {
        const route = this.#routes.get(topic);
        if (route === undefined) {
          this.#begin(topic, waiting);
          return true;
        }
        for (; next < records.length; next++) {
          if (this.#gate.isFull) return false;
          this.#appendTo(route, records[next] as RecordInput, call, next);
        }
        return true;
      },
      reject: (error) => call.fail(records.length - next, error),
    };
    if (records.length > 0) this.#begin(topic, waiting);
    return call.promise;
  }

  async flush({ signal }: WaitOptions = {}): Promise<void> {
    await abortable(this.#flush(), signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** `wait` tells the batch who waits for the record. */
  #append<T>(route: TopicRoute, record: RecordInput, wait: (batch: PendingBatch) => T): T {
    const key = payload('key', record.key);
    const writer = route.choose(record.partition, key);
    const batch = this.#add(writer, key, record);
    const waiting = wait(batch);
    this.#accumulator.sealIfFull(writer, batch);
    return waiting;
  }

  #appendTo(route: TopicRoute, record: RecordInput, call: BatchCall, place: number): void {
    try {
      const key = payload('key', record.key);
      const writer = route.choose(record.partition, key);
      const batch = this.#add(writer, key, record);
      batch.share(call, place);
      this.#accumulator.sealIfFull(writer, batch);
    } catch (error) {
      call.fail(1, error as StreamError);
    }
  }

  #add(writer: PartitionWriter, key: Payload | null, record: RecordInput): PendingBatch {
    return this.#accumulator.add(
      writer,
      key,
      payload('value', record.value),
      recordHeaders(record.headers),
      record.timestampMs ?? this.#cluster.clock.wallMs(),
    );
  }

  /** The way of a send that has to wait: for its topic, for room, or for others that came first. */
  #sendLater(record: ProducerRecord): Promise<RecordMetadata> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        deadlineMs: this.#cluster.clock.monotonicMs() + this.#settings.maxBlockMs,
        admit: () => {
          const route = this.#routes.get(record.topic);
          if (route === undefined) this.#begin(record.topic, waiting);
          else this.#tryAppend(route, record, resolve, reject);
          return true;
        },
        reject,
      };
      this.#begin(record.topic, waiting);
    });
  }

  #tryAppend(
    route: TopicRoute,
    record: ProducerRecord,
    resolve: (metadata: RecordMetadata | Promise<never>) => void,
    reject: (error: unknown) => void,
  ): void {
    try {
      this.#append(route, record, (batch) => batch.answer(resolve));
    } catch (error) {
      reject(error);
    }
  }

  #begin(topic: string, waiting: Waiting): void {
    if (this.#closing !== undefined) waiting.reject(closedError());
    else if (this.#routes.get(topic) === undefined) this.#routes.wait(topic, waiting);
    else this.#gate.enter(waiting);
  }

  #onSealed(writer: PartitionWriter, batch: PendingBatch): void {
    this.#routes.get(writer.topic)?.onSealed(writer);
    this.#pending.add(batch);
    this.#sender.enqueue(writer, batch);
  }

  #onDone(batch: PendingBatch): void {
    this.#pending.delete(batch);
    this.#gate.release(batch.sizeBytes);
  }

  async #flush(): Promise<void> {
    this.#accumulator.sealAll();
    await this.#routes.idle();
    await this.#gate.emptied();
    this.#accumulator.sealAll();
    await Promise.all(Array.from(this.#pending, (batch) => batch.settled()));
  }

  async #close(): Promise<void> {
    await this.#flush();
    this.#gate.dispose(closedError());
    this.#accumulator.dispose();
    this.#routes.dispose();
    await this.#sender[Symbol.asyncDispose]();
    await this.#cluster[Symbol.asyncDispose]();
    await this.#routes.idle();
  }
}

const promiseOf = (batch: PendingBatch): Promise<RecordMetadata> => batch.promise();

/** @throws StreamError `invalid` RECORD_PAYLOAD when it is neither text, bytes nor null. */
function payload(name: string, content: Payload | null | undefined): Payload | null {
  if (content === undefined || content === null) return null;
  if (typeof content === 'string' || content instanceof Uint8Array) return content;
  throw new StreamError('invalid', 'RECORD_PAYLOAD', `${name} must be a text, bytes or null`);
}

function closedError(): StreamError {
  return new StreamError('conflict', 'CLOSED', 'the producer is closed');
}
