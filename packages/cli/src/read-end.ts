import type { ConsumerRecord, PartitionLag } from '@streamhouse/client/mod.ts';

/** How far one partition of the topic is read. */
export type PartitionPosition = Pick<PartitionLag, 'partition' | 'position'>;

/** Where reading a topic ends: the high watermarks of the moment it was made. What is appended later is not waited for. */
export class ReadEnd {
  /** First offset that is not wanted, of each partition that is not read up to it. */
  readonly #ends = new Map<number, number>();
  #reached: number[] = [];

  constructor(starts: readonly Pick<PartitionLag, 'partition' | 'position' | 'highWatermark'>[]) {
    for (const { partition, highWatermark } of starts) this.#ends.set(partition, highWatermark);
    this.moveTo(starts);
  }

  get isReached(): boolean {
    return this.#ends.size === 0;
  }

  /** The partitions that came to their end since the last call: nothing more is wanted of them. */
  takeReached(): number[] {
    const reached = this.#reached;
    this.#reached = [];
    return reached;
  }

  /** Takes the next record of a partition; whether it stands before the end. */
  includes({ partition, offset }: Pick<ConsumerRecord, 'partition' | 'offset'>): boolean {
    const end = this.#ends.get(partition);
    if (end === undefined) return false;
    this.#moveTo(partition, offset + 1);
    return offset < end;
  }

  /** The next record of each partition has the offset of its position or a later one. */
  moveTo(positions: readonly PartitionPosition[]): void {
    for (const { partition, position } of positions) this.#moveTo(partition, position);
  }

  #moveTo(partition: number, position: number): void {
    const end = this.#ends.get(partition);
    if (end === undefined || position < end) return;
    this.#ends.delete(partition);
    this.#reached.push(partition);
  }
}
