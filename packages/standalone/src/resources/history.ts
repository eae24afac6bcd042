import type { ApiObject } from './api-object.ts';

/** One write of one object, in the order of the versions. */
export interface Change {
  /** The `resourceVersion` that the write made. */
  readonly version: number;
  readonly key: string;
  readonly previous: ApiObject | undefined;
  /** Undefined once the object is gone. */
  readonly next: ApiObject | undefined;
}

/**
 * The last changes of one kind, for watches and for the later pages of a list. Bounded: whoever asks for what lies before
 * the floor has to list again, so a slow reader costs no memory of its own.
 */
export class History {
  readonly #changesMax: number;
  #changes: Change[] = [];
  #floor: number;

  constructor(floor: number, changesMax: number) {
    this.#floor = floor;
    this.#changesMax = changesMax;
  }

  /** All changes after this version are known. */
  get floor(): number {
    return this.#floor;
  }

  add(change: Change): void {
    this.#changes.push(change);
    // Twice the bound, then down to it: no change is moved more than once on average.
    if (this.#changes.length < 2 * this.#changesMax) return;
    this.#changes = this.#changes.slice(-this.#changesMax);
    this.#floor = (this.#changes[0]?.version ?? 1) - 1;
  }

  /** The first changes after `version`, oldest first; undefined when some of them are forgotten. */
  after(version: number, countMax: number = Number.POSITIVE_INFINITY): Change[] | undefined {
    if (version < this.#floor) return undefined;
    let [low, high] = [0, this.#changes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle]?.version ?? 0) <= version) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low, low + countMax);
  }
}
