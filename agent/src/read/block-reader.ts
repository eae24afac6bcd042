/**
 * Ranged reads of the object store: block-aligned, each block read once however many wait for it, cached by bytes, and so
 * many at a time that readers far behind cannot take the store from the producers.
 */
import { abortAfter, type Clock } from '@streamhouse/core/async/clock.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';

const READS_AT_A_TIME = 8;
/** Milliseconds for one ranged read. */
const READ_TIMEOUT_MS = 10_000;

export class BlockReader {
  readonly #objects: ObjectStore;
  readonly #blocks: LRUCache<string, Uint8Array>;
  readonly #reading = new Map<string, Promise<Uint8Array>>();
  readonly #limit = pLimit(READS_AT_A_TIME);
  readonly #clock: Clock;
  readonly #stop: AbortSignal;

  constructor(objects: ObjectStore, clock: Clock, stop: AbortSignal) {
    this.#objects = objects;
    this.#clock = clock;
    this.#stop = stop;
    this.#blocks = new LRUCache({
      maxSize: LIMITS.blockCacheBytesMax,
      sizeCalculation: (bytes) => Math.max(1, bytes.length),
    });
  }

  /** Bytes `[position, position + length)` of an object; shorter when the object ends before. */
  async read(key: string, position: number, length: number): Promise<Uint8Array> {
    const first = Math.floor(position / LIMITS.blockBytes);
    const last = Math.floor((position + length - 1) / LIMITS.blockBytes);
    const indexes = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    const blocks = await Promise.all(indexes.map((index) => this.#block(key, index)));
    const start = position - first * LIMITS.blockBytes;
    const only = blocks.length === 1 ? blocks[0] : Buffer.concat(blocks);
    return (only ?? new Uint8Array()).subarray(start, start + length);
  }

  /** Forgets what is cached of an object: its bytes were not what was written. */
  forget(key: string, position: number, length: number): void {
    const last = Math.floor((position + length - 1) / LIMITS.blockBytes);
    for (let index = Math.floor(position / LIMITS.blockBytes); index <= last; index++) {
      this.#blocks.delete(blockKey(key, index));
    }
  }

  #block(key: string, index: number): Promise<Uint8Array> {
    const name = blockKey(key, index);
    const cached = this.#blocks.get(name);
    if (cached !== undefined) return Promise.resolve(cached);
    const running = this.#reading.get(name);
    if (running !== undefined) return running;
    const reading = this.#limit(() => this.#fetch(key, index))
      .then((bytes) => {
        this.#blocks.set(name, bytes);
        return bytes;
      })
      .finally(() => this.#reading.delete(name));
    this.#reading.set(name, reading);
    return reading;
  }

  async #fetch(key: string, index: number): Promise<Uint8Array> {
    const range = { position: index * LIMITS.blockBytes, length: LIMITS.blockBytes };
    using timeout = abortAfter(this.#clock, READ_TIMEOUT_MS);
    const signal = AbortSignal.any([this.#stop, timeout.signal]);
    return await this.#objects.get(key, range, { signal });
  }
}

function blockKey(key: string, index: number): string {
  return `${key}#${index}`;
}
