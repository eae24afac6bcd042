/** What S3 is to the system, in memory: objects by key, each written once. It passes the suite that the real ones pass. */
import { StreamError } from '@streamhouse/core/errors.ts';
import { checkBytes, checkKey, checkPrefix, checkRange } from '@streamhouse/store/objects/key.ts';
import type { ByteRange, ObjectStore, StoredObject } from '@streamhouse/store/objects/port.ts';
import type { Carrier } from './metadata.ts';
import type { StoreWitness } from './witness.ts';

export class Bucket {
  readonly #objects = new Map<string, Uint8Array>();
  readonly #witness: StoreWitness | undefined;

  constructor(witness?: StoreWitness) {
    this.#witness = witness;
  }

  put(key: string, bytes: Uint8Array): void {
    const isTaken = this.#objects.has(key);
    this.#witness?.written(key, isTaken);
    if (isTaken) throw new StreamError('alreadyExists', 'OBJECT_EXISTS', `${key} exists`);
    this.#objects.set(key, bytes);
  }

  get(key: string, { position, length }: ByteRange): Uint8Array {
    const bytes = this.#objects.get(key);
    if (bytes === undefined) throw new StreamError('notFound', 'OBJECT_MISSING', `no ${key}`);
    return bytes.subarray(position, position + length);
  }

  size(key: string): number | undefined {
    return this.#objects.get(key)?.length;
  }

  list(prefix: string): readonly StoredObject[] {
    return [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, { length: bytes }]) => ({ key, bytes }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  delete(key: string): void {
    this.#objects.delete(key);
  }
}

/** The port over a bucket; undefined: there is none. */
export function objectsOver(bucket: Bucket | undefined, carry: Carrier): ObjectStore {
  let isClosed = false;
  const call = async <T>(
    name: string,
    effect: 'read' | 'write',
    signal: AbortSignal,
    apply: (bucket: Bucket) => T,
  ): Promise<T> => {
    if (isClosed)
      throw new StreamError('unavailable', 'OBJECT_STORE_CLOSED', 'the store is closed');
    return await carry(name, effect, signal, () => {
      if (bucket === undefined) throw new StreamError('notFound', 'BUCKET_MISSING', 'no bucket');
      return apply(bucket);
    });
  };
  return {
    async put(key, bytes, { signal }) {
      checkKey(key);
      checkBytes(bytes.length);
      const copy = bytes.slice();
      await call(`put ${key}`, 'write', signal, (there) => there.put(key, copy));
    },
    async get(key, range, { signal }) {
      checkKey(key);
      checkRange(range);
      return await call(`get ${key}`, 'read', signal, (there) => there.get(key, range));
    },
    async size(key, { signal }) {
      checkKey(key);
      return await call('size', 'read', signal, (there) => there.size(key));
    },
    async *list(prefix, { signal }) {
      checkPrefix(prefix);
      for (const object of await call('list', 'read', signal, (there) => there.list(prefix))) {
        signal.throwIfAborted();
        yield object;
      }
      signal.throwIfAborted();
    },
    async delete(key, { signal }) {
      checkKey(key);
      await call('delete', 'write', signal, (there) => there.delete(key));
    },
    check: ({ signal }) => call('check', 'read', signal, () => undefined),
    async [Symbol.asyncDispose]() {
      isClosed = true;
    },
  };
}
