/** Who owns which partition, as the members of one process are told: I-25 as a program sees it. */
import type { Consumer, PartitionName, RebalanceListener } from '@streamhouse/client/mod.ts';

export class Ownership {
  /** Partitions that two members owned in one generation, one sentence each. */
  readonly doubles: string[] = [];
  /** The longest time in milliseconds between two owners of a partition. */
  longestGapMs = 0;
  readonly #owners = new Map<number, string>();
  readonly #freeSinceMs = new Map<number, number>();
  readonly #byGeneration = new Map<string, string>();

  /** Partitions that have an owner. */
  get owned(): number {
    return this.#owners.size;
  }

  /** What a member must tell this. */
  listener(name: string, member: Consumer): RebalanceListener {
    const release = (places: readonly PartitionName[]): void => {
      for (const { partition } of places) {
        // Who was given up by its group may hear of it after the next owner has begun.
        if (this.#owners.get(partition) === name) this.#free(partition);
      }
    };
    return {
      onAssigned: (places) => {
        this.look(name, member);
        for (const { partition } of places) {
          this.#endGap(partition);
          this.#owners.set(partition, name);
        }
      },
      onRevoked: release,
      onLost: release,
    };
  }

  /** Notes what a member owns now, and in which generation. */
  look(name: string, member: Consumer): void {
    const generation = member.membership()?.generation;
    if (generation === undefined) return;
    for (const { partition } of member.assignment()) {
      const key = `${generation}/${partition}`;
      const other = this.#byGeneration.get(key) ?? name;
      this.#byGeneration.set(key, name);
      if (other === name) continue;
      this.doubles.push(`${partition} in generation ${generation}: ${other} and ${name}`);
    }
  }

  #free(partition: number): void {
    this.#owners.delete(partition);
    this.#freeSinceMs.set(partition, performance.now());
  }

  #endGap(partition: number): void {
    const sinceMs = this.#freeSinceMs.get(partition);
    this.#freeSinceMs.delete(partition);
    if (sinceMs === undefined) return;
    this.longestGapMs = Math.max(this.longestGapMs, performance.now() - sinceMs);
  }
}
