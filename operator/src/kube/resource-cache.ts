import { type KubeObject, keyOf } from './kube-api.ts';

/** One object of the cache that is not what it was: `before` is absent when it came, `after` when it went. */
export interface Change<T> {
  readonly key: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

export interface ResourceCacheOptions<T, Index extends string> {
  /** Drops what nobody reads before an object is kept: that is most of its bytes. Pure, and does not throw; nor do indexes. */
  readonly trim?: (object: T) => T;
  /** The values under which `byIndex` finds an object. */
  readonly indexes?: Readonly<Record<Index, (object: T) => readonly string[]>>;
}

/** The objects of one kind as the API server last told them, by `namespace/name`. Only reflectors write it. */
export class ResourceCache<T extends KubeObject, Index extends string = never> {
  readonly #objects = new Map<string, T>();
  /** As objects are kept: for whoever has many of them before they can be. */
  readonly trim: (object: T) => T;
  readonly #indexes: readonly (readonly [Index, (object: T) => readonly string[]])[];
  /** Keys by index, then by value. */
  readonly #found = new Map<string, Map<string, Set<string>>>();

  constructor(options: ResourceCacheOptions<T, Index> = {}) {
    this.trim = options.trim ?? trimMetadata;
    const indexes = options.indexes;
    // Object.keys forgets which names a record has.
    const names = indexes === undefined ? [] : (Object.keys(indexes) as Index[]);
    this.#indexes = indexes === undefined ? [] : names.map((name) => [name, indexes[name]]);
    for (const name of names) this.#found.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  /** In no order. */
  byIndex(index: Index, value: string): T[] {
    const keys = this.#found.get(index)?.get(value) ?? [];
    return [...keys].flatMap((key) => this.#objects.get(key) ?? []);
  }

  set(object: T): Change<T> {
    return this.#put(this.trim(object));
  }

  delete(key: string): Change<T> | undefined {
    const before = this.#objects.get(key);
    if (before === undefined) return undefined;
    this.#forget(key, before);
    this.#objects.delete(key);
    return { key, before, after: undefined };
  }

  /**
   * Makes the cache what a complete list of trimmed objects says: of `namespace`, or of all. An object with the same uid and
   * resourceVersion is no change.
   */
  replace(objects: Iterable<T>, namespace?: string): Change<T>[] {
    const changes: Change<T>[] = [];
    const gone = new Set(this.#objects.keys());
    if (namespace !== undefined)
      for (const key of gone) if (!key.startsWith(`${namespace}/`)) gone.delete(key);
    for (const object of objects) {
      const key = keyOf(object.metadata);
      gone.delete(key);
      if (!isSame(this.#objects.get(key), object)) changes.push(this.#put(object));
    }
    for (const key of gone) {
      const change = this.delete(key);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  #put(after: T): Change<T> {
    const key = keyOf(after.metadata);
    const before = this.#objects.get(key);
    if (before !== undefined) this.#forget(key, before);
    this.#objects.set(key, after);
    for (const [name, valuesOf] of this.#indexes)
      for (const value of valuesOf(after)) this.#keysOf(name, value).add(key);
    return { key, before, after };
  }

  #keysOf(name: Index, value: string): Set<string> {
    const byValue = this.#found.get(name);
    const keys = byValue?.get(value) ?? new Set();
    byValue?.set(value, keys);
    return keys;
  }

  #forget(key: string, object: T): void {
    for (const [name, valuesOf] of this.#indexes) {
      const byValue = this.#found.get(name);
      for (const value of valuesOf(object)) {
        const keys = byValue?.get(value);
        keys?.delete(key);
        if (keys?.size === 0) byValue?.delete(value);
      }
    }
  }
}

function isSame(known: KubeObject | undefined, listed: KubeObject): boolean {
  return (
    known !== undefined &&
    known.metadata.uid === listed.metadata.uid &&
    known.metadata.resourceVersion !== undefined &&
    known.metadata.resourceVersion === listed.metadata.resourceVersion
  );
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

interface Bookkeeping {
  readonly managedFields?: unknown;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Without the bookkeeping of server-side and of kubectl's apply: often more bytes than all the rest. */
export function trimMetadata<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata }: T['metadata'] & Bookkeeping = object.metadata;
  if (metadata.annotations?.[LAST_APPLIED] === undefined) return { ...object, metadata };
  const { [LAST_APPLIED]: __, ...annotations } = metadata.annotations;
  return { ...object, metadata: { ...metadata, annotations } };
}
