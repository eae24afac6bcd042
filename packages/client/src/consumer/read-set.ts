/** The partitions that a consumer reads: their readers, what fills them, and the wait for what arrives. */
import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { offset } from '@streamhouse/core/ids.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { PartitionName, WaitOptions } from '../public/connect.ts';
import type { ConsumerLag } from '../public/consumer.ts';
import type { ConsumerRecord } from '../public/record.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import { Fetcher } from './fetcher.ts';
import { measureLag } from './lag.ts';
import { lookUpOffsets, type OffsetQuestion, type PartitionPlace } from './offset-lookup.ts';
import { OffsetTracker } from './offset-tracker.ts';
import { PartitionReader, type Seeking } from './partition-reader.ts';

export class ReadSet implements AsyncDisposable {
  /** What the program has in its hands of what they gave. */
  readonly tracker: OffsetTracker<PartitionReader> = new OffsetTracker();
  /** Whether a group says what is read. */
  isShared = false;
  /** Called for what is not read any more. */
  onRemove: ((reader: PartitionReader) => void) | undefined;
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings;
  readonly #fetcher: Fetcher;
  readonly #readers = new Map<string, PartitionReader>();
  readonly #failures: unknown[] = [];
  readonly #lost: PartitionName[] = [];
  #wake: (() => void) | undefined;
  /** Which reader the next poll begins with, so that a busy partition does not hide the others. */
  #turn = 0;

  constructor(cluster: Cluster, settings: ConsumerSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#fetcher = new Fetcher({ cluster, settings, onArrival: () => this.wake() });
  }

  /** In the order in which they came. */
  get readers(): PartitionReader[] {
    return [...this.#readers.values()];
  }

  /** A reader that starts at `position`; undefined: where `autoOffsetReset` says. It is read once it is added. */
  open(place: PartitionPlace, position: number | Seeking | undefined): PartitionReader {
    const reader = new PartitionReader(place, { port: nativeCompression, crc32c });
    const { autoOffsetReset } = this.#settings;
    if (typeof position === 'number') reader.seek(offset(position));
    else if (position !== undefined) reader.seek(position);
    else if (autoOffsetReset !== 'none') reader.seek(autoOffsetReset);
    else reader.failure = noPosition(place);
    return reader;
  }

  add(readers: readonly PartitionReader[]): void {
    for (const reader of readers) this.#readers.set(keyOf(reader), reader);
    this.#fetcher.assign(this.readers);
  }

  remove(readers: readonly PartitionReader[]): void {
    for (const reader of readers) {
      const key = keyOf(reader);
      if (this.#readers.get(key) === reader) this.#readers.delete(key);
      this.tracker.forget(reader);
      this.onRemove?.(reader);
    }
    this.#fetcher.assign(this.readers);
  }

  /** The same for those that are another's by now: `takeLost` tells which of them the program has in its hands. */
  lose(readers: readonly PartitionReader[]): void {
    for (const reader of readers) {
      const { topic, partition } = reader;
      if (this.tracker.isOut(reader)) this.#lost.push({ topic, partition });
    }
    this.remove(readers);
  }

  /** Partitions that were lost since the last poll while the program had records of them. */
  takeLost(): PartitionName[] {
    return this.#lost.splice(0);
  }

  /** Whether the reader is still the one of its partition. */
  has(reader: PartitionReader): boolean {
    return this.#readers.get(keyOf(reader)) === reader;
  }

  find(partition: PartitionName): PartitionReader | undefined {
    return this.#readers.get(keyOf(partition));
  }

  /** @throws StreamError `conflict` NOT_ASSIGNED. */
  reader(partition: PartitionName): PartitionReader {
    const reader = this.find(partition);
    if (reader !== undefined) return reader;
    throw new StreamError(
      'conflict',
      'NOT_ASSIGNED',
      `partition ${partition.partition} of topic "${partition.topic}" is not assigned`,
    );
  }

  /** The poll that comes next rejects with it, once. */
  fail(error: unknown): void {
    this.#failures.push(error);
    this.wake();
  }

  /** Up to `maxPollRecords` records, which the program then has in its hands. */
  take(): ConsumerRecord[] {
    const records: ConsumerRecord[] = [];
    const readers = this.readers;
    const first = this.#turn++;
    for (let index = 0; index < readers.length; index++) {
      const reader = readers[(first + index) % readers.length] as PartitionReader;
      this.#takeFrom(reader, records);
      if (records.length >= this.#settings.maxPollRecords) break;
    }
    if (records.length > 0) this.#fetcher.pump();
    return records;
  }

  /** The same of one partition. */
  takeFrom(reader: PartitionReader): ConsumerRecord[] {
    const records: ConsumerRecord[] = [];
    this.#takeFrom(reader, records);
    if (records.length > 0) this.#fetcher.pump();
    return records;
  }

  /** @throws what the program must hear of now. */
  throwFailure(): void {
    if (this.#failures.length > 0) throw this.#failures.shift();
    for (const reader of this.#readers.values()) {
      if (reader.failure !== undefined && this.isRead(reader)) throw reader.failure;
    }
  }

  /** Whether the program asks for its records. */
  isRead({ failure, isPaused, isHeld }: PartitionReader): boolean {
    // In a group a topic that is gone is gone for the next generation as well, and may be made again.
    const isGone = this.isShared && failure?.kind === 'notFound';
    return !isPaused && !isHeld && !isGone;
  }

  /** Ends the wait of `arrival`. */
  wake(): void {
    this.#wake?.();
  }

  /** Resolves when something has arrived, the time is over, or the signal aborts. */
  arrival(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
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

  seek(reader: PartitionReader, position: number): void {
    this.#move(reader, position);
    this.#fetcher.restart();
  }

  async seekTo(
    readers: readonly PartitionReader[],
    question: OffsetQuestion,
    options: WaitOptions | undefined,
  ): Promise<void> {
    const offsets = await lookUpOffsets(this.#cluster, readers, question, options?.signal);
    for (const [reader, position] of offsets) this.#move(reader, position);
    this.#fetcher.restart();
  }

  /** Records of a poll that the program has not been given come again with the next one (I-16). */
  putBack(readers: readonly PartitionReader[]): void {
    if (!this.tracker.hasRest) return;
    for (const reader of readers) {
      const position = this.tracker.withdraw(reader);
      if (position !== undefined) reader.seek(position);
    }
    this.#fetcher.restart();
  }

  /** The program is done with all that it was given. */
  comeBack(): void {
    if (this.tracker.hasRest) this.putBack(this.readers);
    this.tracker.comeBack();
    this.#lost.length = 0;
  }

  resume(): void {
    this.wake();
    this.#fetcher.pump();
  }

  /** Looks up the positions that are not known yet. */
  async locate(
    readers: readonly PartitionReader[],
    options: WaitOptions | undefined,
  ): Promise<void> {
    for (const where of ['earliest', 'latest'] as const) {
      const unknown = readers.filter(({ seeking }) => seeking === where);
      if (unknown.length === 0) continue;
      const offsets = await lookUpOffsets(this.#cluster, unknown, where, options?.signal);
      for (const [reader, position] of offsets) {
        if (reader.seeking === where) reader.found(position);
      }
    }
    this.#fetcher.pump();
  }

  async lag(options: WaitOptions | undefined): Promise<ConsumerLag> {
    const { readers } = this;
    await this.locate(readers, options);
    return await measureLag(
      this.#cluster,
      readers.map(({ topic, topicIdBytes, partition, position = 0 }) => ({
        topic,
        topicIdBytes,
        partition,
        position,
      })),
      options?.signal,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#readers.clear();
    await this.#fetcher[Symbol.asyncDispose]();
    this.wake();
  }

  #takeFrom(reader: PartitionReader, records: ConsumerRecord[]): void {
    const before = records.length;
    reader.take(records, this.#settings.maxPollRecords);
    const first = records[before];
    if (first !== undefined) this.tracker.handOut(reader, first.offset);
  }

  #move(reader: PartitionReader, position: number): void {
    this.tracker.withdraw(reader);
    this.tracker.forget(reader);
    reader.seek(offset(position));
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
