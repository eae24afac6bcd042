import { LRUCache } from 'lru-cache';

/** Whole objects that this agent wrote lately: what serves tail reads. Least recently used go first. */
export class ObjectCache {
  readonly #objects: LRUCache<string, Uint8Array> | undefined;

  /** A bound of 0 bytes keeps nothing. */
  constructor(bytesMax: number) {
    if (bytesMax > 0) {
      this.#objects = new LRUCache({ maxSize: bytesMax, sizeCalculation: (bytes) => bytes.length });
    }
  }

  add(key: string, bytes: Uint8Array): void {
    this.#objects?.set(key, bytes);
  }

  get(key: string): Uint8Array | undefined {
    return this.#objects?.get(key);
  }
}
