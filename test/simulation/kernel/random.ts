/** Numbers from a seed: the only source of chance in a simulation. */

const UINT32 = 0x1_0000_0000;

export class SeededRandom {
  readonly #seed: number;
  #state: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }

  /** In [0, 1). Mulberry32: a Weyl sequence and two rounds of mixing, by Tommy Ettinger. */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / UINT32;
  };

  /** Its own numbers for one part, so that what one part draws does not move what another one does. */
  fork(label: string): SeededRandom {
    let hash = this.#seed ^ 0x9e3779b9;
    for (const char of label) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
    return new SeededRandom(hash ^ (hash >>> 15));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  between(min: number, max: number): number {
    return min + this.next() * (max - min);
  }

  /** A whole number in `min..max`. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** `low` mostly, up to `high` rarely: a delay with a long tail. */
  tail(low: number, high: number): number {
    return low + (high - low) * this.next() ** 6;
  }
}
