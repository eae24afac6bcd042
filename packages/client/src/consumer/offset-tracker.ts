/**
 * What the program has in its hands, and so how far it has consumed each partition: what auto-commit may commit (I-26),
 * and what a revocation waits for. Pure, and without any work per record: a poll is noted once for each of its partitions.
 *
 *   handed out ──▶ in the program's hands ──▶ consumed, once the program has come back from it
 *
 * It comes back with its next poll, with the next step of an iteration, with a commit, or when a handler ends.
 */
import type { ConsumerRecord } from '../public/record.ts';

/** A partition with the offset that the next poll begins at; undefined while that is looked up. */
export interface TrackedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly position: number | undefined;
}

export class OffsetTracker<P extends TrackedPartition> {
  /** Where that begins which the program has in its hands. */
  readonly #begins = new Map<P, number>();
  readonly #waiting = new Set<() => void>();
  /** A poll that the program gets record by record: it has the first `handed`, and is done with all of them but the last. */
  #cursor: { records: readonly ConsumerRecord[]; handed: number } | undefined;

  /** A poll has taken records of `partition` from `begin` on. */
  handOut(partition: P, begin: number): void {
    if (!this.#begins.has(partition)) this.#begins.set(partition, begin);
  }

  /** The records of the last poll go to the program one by one, with `step`. */
  iterate(records: readonly ConsumerRecord[]): void {
    this.#cursor = { records, handed: 0 };
  }

  /** Whether the program has not been given all of the iteration. */
  get hasRest(): boolean {
    return this.#cursor !== undefined && this.#cursor.handed < this.#cursor.records.length;
  }

  /** The program comes back for the next record of the iteration. */
  step(): ConsumerRecord | undefined {
    const cursor = this.#cursor;
    const record = cursor?.records[cursor.handed];
    if (cursor === undefined || record === undefined) return undefined;
    cursor.handed++;
    this.#tell();
    return record;
  }

  /** The program is done with all that it was given. */
  comeBack(): void {
    this.#begins.clear();
    this.#cursor = undefined;
    this.#tell();
  }

  /** The program is done with what it was given of one partition, as far as `end`. */
  comeBackFrom(partition: P, end: number): void {
    const begin = this.#begins.get(partition);
    if (begin === undefined || end <= begin) return;
    if (this.#cursor === undefined && end >= (partition.position ?? 0)) {
      this.#begins.delete(partition);
    } else {
      this.#begins.set(partition, end);
    }
    this.#tell();
  }

  /**
   * Takes back what the program does not have yet: offset of the first such record. The caller moves the partition there.
   */
  withdraw(partition: P): number | undefined {
    const cursor = this.#cursor;
    if (cursor === undefined) return undefined;
    const { records, handed } = cursor;
    const first = records.findIndex((record, index) => index >= handed && isOf(partition, record));
    if (first < 0) return undefined;
    cursor.records = records.filter((record, index) => index < handed || !isOf(partition, record));
    return records[first]?.offset;
  }

  /** The partition goes on somewhere else, or is gone: what was handed out of it says nothing any more. */
  forget(partition: P): void {
    this.#begins.delete(partition);
    this.#tell();
  }

  /** Whether the program has records of the partition in its hands. */
  isOut(partition: P): boolean {
    if (!this.#begins.has(partition)) return false;
    if (this.#cursor === undefined) return true;
    const { records, handed } = this.#cursor;
    return records.some((record, index) => index >= handed - 1 && isOf(partition, record));
  }

  /** Offset that the next owner of the partition may begin at, as no record before it is in the program's hands. */
  consumed(partition: P): number | undefined {
    const begin = this.#begins.get(partition);
    if (begin === undefined) return partition.position;
    return Math.max(begin, this.#endOf(partition, (this.#cursor?.handed ?? 0) - 1) ?? begin);
  }

  /** Offset after the last record that was handed out. */
  handedOut(partition: P): number | undefined {
    const begin = this.#begins.get(partition);
    if (begin === undefined || this.#cursor === undefined) return partition.position;
    return this.#endOf(partition, this.#cursor.handed) ?? begin;
  }

  /** Calls `listener` whenever the program has come back; the result ends it. */
  onReturn(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  /** Offset after the last of the first `count` records of the iteration that is of the partition. */
  #endOf(partition: P, count: number): number | undefined {
    const records = this.#cursor?.records ?? [];
    for (let index = count - 1; index >= 0; index--) {
      const record = records[index];
      if (record !== undefined && isOf(partition, record)) return record.offset + 1;
    }
    return undefined;
  }

  #tell(): void {
    if (this.#waiting.size === 0) return;
    for (const listener of [...this.#waiting]) listener();
  }
}

function isOf({ topic, partition }: TrackedPartition, record: ConsumerRecord): boolean {
  return record.partition === partition && record.topic === topic;
}
