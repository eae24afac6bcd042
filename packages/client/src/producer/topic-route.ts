/** Which partition a record goes to (P-03): an explicit one, that of its key, or the one whose batch is being filled. */
import type { Random } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { TopicId } from '@streamhouse/core/ids.ts';
import type { Partitioner } from '../public/producer.ts';
import type { KeyEncoder } from './partitioner.ts';
import type { PartitionWriter } from './partition-writer.ts';

export interface RouteOptions {
  readonly partitioner: Partitioner;
  readonly keys: KeyEncoder;
  readonly random: Random;
}

export class TopicRoute {
  readonly topic: string;
  /** Another one once the topic is made again under its name. */
  topicId: TopicId;
  /** By partition. Grows with the topic. */
  readonly writers: PartitionWriter[] = [];
  readonly #options: RouteOptions;
  #sticky: PartitionWriter | undefined;

  constructor(topic: string, topicId: TopicId, options: RouteOptions) {
    this.topic = topic;
    this.topicId = topicId;
    this.#options = options;
  }

  /** @throws StreamError `notFound` PARTITION_NOT_FOUND; `invalid` PARTITIONER when it answers out of range. */
  choose(partition: number | undefined, key: string | Uint8Array | null): PartitionWriter {
    if (partition !== undefined) return this.#explicit(partition);
    if (key === null) return this.#sticky ?? this.#choose();
    const bytes = typeof key === 'string' ? this.#options.keys.encode(key) : key;
    const chosen = this.#options.partitioner(bytes, this.writers.length, this.topic);
    const writer = this.writers[chosen];
    if (writer !== undefined) return writer;
    throw new StreamError(
      'invalid',
      'PARTITIONER',
      `the partitioner must answer 0..${this.writers.length - 1}, got ${chosen}`,
    );
  }

  /** A batch of `writer` is sealed: records without a key go elsewhere now, so that all partitions fill alike. */
  onSealed(writer: PartitionWriter): void {
    if (writer === this.#sticky) this.#sticky = undefined;
  }

  #explicit(partition: number): PartitionWriter {
    const writer = this.writers[partition];
    if (writer !== undefined) return writer;
    throw new StreamError(
      'notFound',
      'PARTITION_NOT_FOUND',
      `topic "${this.topic}" has partitions 0..${this.writers.length - 1}, not ${partition}`,
    );
  }

  /** At random, but one that has a holder when any has: a batch for nobody would only wait. */
  #choose(): PartitionWriter {
    const held = this.writers.filter((writer) => writer.address !== undefined);
    const candidates = held.length > 0 ? held : this.writers;
    const writer = candidates[Math.floor(this.#options.random() * candidates.length)];
    if (writer === undefined) {
      throw new StreamError(
        'unavailable',
        'NO_PARTITIONS',
        `topic "${this.topic}" has no partitions yet`,
      );
    }
    this.#sticky = writer;
    return writer;
  }
}
