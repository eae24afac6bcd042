/** The producer as users see it. */
import type { Compression } from '@streamhouse/core/record/compression.ts';
import type { ConnectOptions, WaitOptions } from './connect.ts';
import type { ProducerRecord, RecordInput, RecordMetadata } from './record.ts';

/**
 * Chooses a partition in 0..partitions-1 by the key's bytes, which are only valid during the call. It must give the
 * same answer for the same arguments.
 */
export type Partitioner = (key: Uint8Array, partitions: number, topic: string) => number;

/**
 * When a record is acknowledged. `topic`: as its topic says. `object`: stored and published, survives the loss of any
 * agent, node or volume. `memory`: an agent has it, a crash of that agent may lose it.
 */
export type ProducerDurability = 'topic' | 'object' | 'memory';

/** What `connectProducer` takes. */
export interface ProducerOptions extends ConnectOptions {
  /** How batches are compressed. Default `lz4`. */
  readonly compression?: Compression;
  /**
   * How a key chooses its partition. Default `murmur2`, which is what Kafka's clients do. Records without a key fill
   * the batch of one partition and then go on to another.
   */
  readonly partitioner?: 'murmur2' | 'murmur3' | Partitioner;
  /** Default `topic`. */
  readonly durability?: ProducerDurability;
  /** Milliseconds that a batch may wait for company. Default 5; 0 sends what one turn of the event loop brought. */
  readonly lingerMs?: number;
  /** Records at which a batch is sent at once. Default 1,000. */
  readonly batchRecordsMax?: number;
  /** Bytes, before compression, at which a batch is sent at once. Default 1 MiB. */
  readonly batchBytesMax?: number;
  /** Batches of one partition that wait for their acknowledgement, 1..5. Default 5; order holds with any. */
  readonly inFlightMax?: number;
  /** Bytes of records that wait for their acknowledgement. Default 64 MiB. At the bound `send` waits. */
  readonly bufferBytesMax?: number;
  /** Milliseconds that `send` waits for room or for the topic's metadata. Default 60,000. */
  readonly maxBlockMs?: number;
  /** Milliseconds from the moment a record has room to its final answer, retries included. Default 120,000. */
  readonly deliveryTimeoutMs?: number;
  /** First wait before a retry, in milliseconds, jittered; each later one is twice as long. Default 100. */
  readonly retryBackoffMs?: number;
  /** Longest wait before a retry, in milliseconds. Default 1,000. */
  readonly retryBackoffMaxMs?: number;
}

/**
 * Appends records to topics. Idempotent: a retry never writes a record twice, and the records of one partition keep the
 * order in which they were sent, whatever fails over in between.
 *
 * Errors are `StreamError`:
 * - `invalid`: the record or the options cannot be accepted; nothing was written.
 * - `notFound`: the topic or the partition is not there.
 * - `overloaded` RECORD_TOO_LARGE: key, value and headers exceed 1 MiB.
 * - `overloaded` BUFFER_FULL: no room within `maxBlockMs`; nothing was written.
 * - `unavailable`: no agent took it in time; nothing was written.
 * - `indefinite`: time is over and it is not known whether it was written. Never reported as another kind.
 * - `fenced`: a newer producer has this one's identity. Every later call fails too.
 * - `conflict` CLOSED: the producer is closed.
 */
export interface Producer extends AsyncDisposable {
  /**
   * Sends one record and resolves once it is acknowledged. Do not await each call in a loop: many may be in flight, and
   * that is what makes batches.
   *
   * @example
   * const { partition, offset } = await producer.send({ topic: 'orders', key: 'user-7', value: 'one' });
   */
  send(record: ProducerRecord): Promise<RecordMetadata>;

  /**
   * Sends many records of one topic and resolves, in their order, once all are acknowledged. Cheaper than as many
   * `send`s. Not a transaction: when some records were written and others not, it rejects with `indefinite` PARTIAL,
   * whose details say how many (`acknowledged`, `failed`).
   *
   * @example
   * const written = await producer.sendBatch('orders', [{ key: 'a', value: '1' }, { key: 'b', value: '2' }]);
   */
  sendBatch(topic: string, records: readonly RecordInput[]): Promise<RecordMetadata[]>;

  /** Sends what is waiting and resolves once everything sent before is settled, well or not. */
  flush(options?: WaitOptions): Promise<void>;

  /** Flushes, then lets go of every connection. Later calls do nothing more. */
  close(): Promise<void>;
}
