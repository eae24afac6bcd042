/**
 * Producers that write while a test breaks things, and a consumer that follows them. Every value is unique and says who
 * sent it, so that `findAnomalies` can tell what became of it.
 */
import {
  connectConsumer,
  connectProducer,
  type Consumer,
  type ConsumerRecord,
  type Producer,
  type ProducerOptions,
  type RecordMetadata,
  type StreamError,
} from '@streamhouse/client/mod.ts';
import { pause } from '@streamhouse/standalone/process.ts';

/** Records of one batch: small, so that several batches of a partition are in flight. */
const BURST = 10;
/** Unanswered records of one partition and producer: more than five batches. */
const UNANSWERED_MAX = 100;
/** Milliseconds between two bursts. It sets the load, nothing waits for it. */
const PACE_MS = 10;

/** One record and what became of it. */
export interface Sent {
  readonly producer: number;
  readonly partition: number;
  /** Counts the records of this producer in this partition, from 0. */
  readonly number: number;
  readonly value: string;
  /** Undefined while there is no answer. */
  outcome: RecordMetadata | StreamError | undefined;
}

export interface TrafficOptions {
  readonly bootstrap: readonly string[];
  readonly topic: string;
  /** As they are now; `grow` adds more. */
  readonly partitions: number;
  /** Default 2. */
  readonly producers?: number;
  readonly settings?: Omit<ProducerOptions, 'bootstrap'>;
}

export interface Traffic extends AsyncDisposable {
  readonly sent: readonly Sent[];
  /** Records acknowledged so far, of one partition or of all. */
  acknowledged(partition?: number): number;
  /** What sends failed with so far. */
  readonly errors: readonly StreamError[];
  /** Writes to more partitions from now on. */
  grow(partitions: number): void;
  /** Sends nothing more and waits for every answer. */
  stop(): Promise<readonly Sent[]>;
}

export async function startTraffic(options: TrafficOptions): Promise<Traffic> {
  const { bootstrap, producers = 2, settings } = options;
  const connected: Producer[] = [];
  for (let count = 0; count < producers; count++) {
    connected.push(
      await connectProducer({ bootstrap, lingerMs: 0, batchRecordsMax: BURST, ...settings }),
    );
  }
  return new RunningTraffic(connected, options);
}

class RunningTraffic implements Traffic {
  readonly sent: Sent[] = [];
  readonly errors: StreamError[] = [];
  readonly #producers: readonly Producer[];
  readonly #topic: string;
  readonly #acknowledged: number[] = [];
  readonly #loops: readonly Promise<void>[];
  readonly #answers = new Set<Promise<void>>();
  #partitions: number;
  #isStopped = false;

  constructor(producers: readonly Producer[], { topic, partitions }: TrafficOptions) {
    this.#producers = producers;
    this.#topic = topic;
    this.#partitions = partitions;
    this.#loops = producers.map((producer, index) => this.#produce(producer, index));
  }

  acknowledged(partition?: number): number {
    if (partition !== undefined) return this.#acknowledged[partition] ?? 0;
    return this.#acknowledged.reduce((sum, count) => sum + count, 0);
  }

  grow(partitions: number): void {
    this.#partitions = partitions;
  }

  async stop(): Promise<readonly Sent[]> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
    while (this.#answers.size > 0) await Promise.all(this.#answers);
    return this.sent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
    await Promise.all(this.#producers.map((producer) => producer.close()));
  }

  async #produce(producer: Producer, index: number): Promise<void> {
    const numbers: number[] = [];
    const unanswered: number[] = [];
    while (!this.#isStopped) {
      for (let partition = 0; partition < this.#partitions; partition++) {
        if ((unanswered[partition] ?? 0) >= UNANSWERED_MAX) continue;
        for (let count = 0; count < BURST; count++) {
          const number = numbers[partition] ?? 0;
          numbers[partition] = number + 1;
          unanswered[partition] = (unanswered[partition] ?? 0) + 1;
          const value = `${this.#topic}/${index}/${partition}/${number}`;
          const sent: Sent = { producer: index, partition, number, value, outcome: undefined };
          this.sent.push(sent);
          const answer = this.#send(producer, sent).finally(() => {
            unanswered[partition] = (unanswered[partition] ?? 0) - 1;
            this.#answers.delete(answer);
          });
          this.#answers.add(answer);
        }
      }
      await pause(PACE_MS);
    }
  }

  async #send(producer: Producer, sent: Sent): Promise<void> {
    const { partition, value } = sent;
    try {
      sent.outcome = await producer.send({ topic: this.#topic, partition, value });
      this.#acknowledged[partition] = (this.#acknowledged[partition] ?? 0) + 1;
    } catch (error) {
      sent.outcome = error as StreamError;
      this.errors.push(error as StreamError);
    }
  }
}

/** What one reader saw of each partition, in its order. */
export type Scan = ReadonlyMap<number, readonly ScannedRecord[]>;

export interface ScannedRecord {
  readonly offset: number;
  readonly value: string;
}

export interface ScanOptions {
  readonly bootstrap: readonly string[];
  readonly topic: string;
  readonly partitions: number;
}

export function placesOf(
  topic: string,
  partitions: number,
): { topic: string; partition: number }[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
}

/** Reads a topic from its start to where it ends now. */
export async function scanTopic(options: ScanOptions, signal: AbortSignal): Promise<Scan> {
  const { bootstrap, topic, partitions } = options;
  await using consumer = await connectConsumer({ bootstrap, autoOffsetReset: 'none' });
  await consumer.assign(placesOf(topic, partitions).map((place) => ({ ...place, offset: 0 })));
  const scan = new Map<number, ScannedRecord[]>();
  for (let left = (await consumer.lag({ signal })).total; left > 0; ) {
    const records = await consumer.poll(1_000, { signal });
    note(scan, records);
    left -= records.length;
  }
  return scan;
}

/** A consumer that reads along. */
export interface Follower extends AsyncDisposable {
  readonly scan: Scan;
  /** Resolves when it has read up to those offsets, by partition. @throws what its polls threw. */
  untilRead(ends: ReadonlyMap<number, number>, signal: AbortSignal): Promise<void>;
}

export async function startFollower(options: ScanOptions): Promise<Follower> {
  const { bootstrap, topic, partitions } = options;
  await using parts = new AsyncDisposableStack();
  const consumer = parts.use(await connectConsumer({ bootstrap, autoOffsetReset: 'none' }));
  await consumer.assign(placesOf(topic, partitions).map((place) => ({ ...place, offset: 0 })));
  parts.move();
  return new RunningFollower(consumer);
}

class RunningFollower implements Follower {
  readonly scan = new Map<number, ScannedRecord[]>();
  readonly #consumer: Consumer;
  readonly #reading: Promise<void>;
  #failure: unknown;

  constructor(consumer: Consumer) {
    this.#consumer = consumer;
    this.#reading = this.#read().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  async untilRead(ends: ReadonlyMap<number, number>, signal: AbortSignal): Promise<void> {
    while (![...ends].every(([partition, end]) => this.#end(partition) >= end)) {
      if (this.#failure !== undefined) throw this.#failure;
      await pause(PACE_MS, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const records of this.#consumer.batches()) note(this.scan, records);
  }

  #end(partition: number): number {
    return (this.scan.get(partition)?.at(-1)?.offset ?? -1) + 1;
  }
}

function note(scan: Map<number, ScannedRecord[]>, records: readonly ConsumerRecord[]): void {
  for (const { partition, offset, value } of records) {
    const known = scan.get(partition);
    const record = { offset, value: Buffer.from(value ?? '').toString() };
    if (known === undefined) scan.set(partition, [record]);
    else known.push(record);
  }
}

/** First offset after those of a scan, by partition. */
export function endsOf(scan: Scan): ReadonlyMap<number, number> {
  return new Map(
    [...scan].map(([partition, records]) => [partition, (records.at(-1)?.offset ?? -1) + 1]),
  );
}
