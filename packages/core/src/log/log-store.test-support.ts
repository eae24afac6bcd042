/**
 * What Postgres does for the log, over plain arrays: sessions, leases and the fenced publish. Small enough to be believed
 * without tests; the real one is held to the same rules by its own.
 */
import { type Epoch, epoch, offset, type ProducerId } from '../ids.ts';
import type { PartitionLogStart } from './partition-log.ts';
import type { ProducerSnapshot } from './producer-state.ts';

/** One batch as it was appended: each attempt is another object, also of the same label. */
export interface Batch {
  /** What the user wrote. A retry has the label of what it repeats. */
  readonly label: string;
  /** To whom it was sent. */
  readonly agent: number;
  readonly recordCount: number;
}

export interface Run {
  readonly partition: number;
  readonly epoch: Epoch;
  readonly baseOffset: number;
  readonly batches: readonly Batch[];
  readonly producers: readonly ProducerSnapshot[];
}

interface Row {
  holder: number | undefined;
  epoch: Epoch;
  /** The log: the batch of each offset. */
  readonly records: Batch[];
  readonly producers: Map<ProducerId, ProducerSnapshot>;
}

export class LogStoreModel {
  readonly rows: readonly Row[];
  readonly #fenced = new Set<number>();
  /** By object key: the runs that became visible, by index. */
  readonly #objects = new Map<string, readonly number[]>();

  constructor(partitions: number) {
    this.rows = Array.from({ length: partitions }, () => ({
      holder: undefined,
      epoch: epoch(0),
      records: [],
      producers: new Map(),
    }));
  }

  fence(agent: number): void {
    this.#fenced.add(agent);
  }

  isFenced(agent: number): boolean {
    return this.#fenced.has(agent);
  }

  /** What the new holder starts from; undefined: the partition has a holder that is not fenced. */
  takeOver(agent: number, partition: number): PartitionLogStart | undefined {
    const row = this.row(partition);
    const isFree = row.holder === undefined || this.#fenced.has(row.holder);
    return isFree && !this.#fenced.has(agent) ? this.#grant(row, agent) : undefined;
  }

  /** Gives a partition to an heir; undefined: it was not the giver's at that epoch. */
  handOver(from: number, to: number, partition: number, at: Epoch): PartitionLogStart | undefined {
    const row = this.row(partition);
    const isGivers = row.holder === from && row.epoch === at && !this.#fenced.has(from);
    return isGivers && !this.#fenced.has(to) ? this.#grant(row, to) : undefined;
  }

  revoke(partition: number): void {
    const row = this.row(partition);
    row.holder = undefined;
    row.epoch = epoch(row.epoch + 1);
  }

  /** The indexes of the runs that are visible; undefined: the session is fenced and this object is not. */
  publish(agent: number, key: string, runs: readonly Run[]): readonly number[] | undefined {
    const known = this.#objects.get(key);
    if (known !== undefined) return known;
    if (this.#fenced.has(agent)) return undefined;
    const accepted = [...runs.keys()].filter((index) => this.#publishRun(agent, runs[index]!));
    this.#objects.set(key, accepted);
    return accepted;
  }

  row(partition: number): Row {
    return this.rows[partition]!;
  }

  #publishRun(agent: number, run: Run): boolean {
    const row = this.row(run.partition);
    const isCurrent = row.holder === agent && row.epoch === run.epoch;
    if (!isCurrent || row.records.length !== run.baseOffset) return false;
    for (const batch of run.batches) {
      for (let count = 0; count < batch.recordCount; count++) row.records.push(batch);
    }
    for (const producer of run.producers) row.producers.set(producer.producerId, producer);
    return true;
  }

  #grant(row: Row, agent: number): PartitionLogStart {
    row.holder = agent;
    row.epoch = epoch(row.epoch + 1);
    const newest = (producer: ProducerSnapshot): number => producer.batches.at(-1)!.baseOffset;
    return {
      epoch: row.epoch,
      nextOffset: offset(row.records.length),
      producers: [...row.producers.values()].sort((a, b) => newest(a) - newest(b)),
    };
  }
}
