/** What stands behind the API server of the tests: objects with versions, and the history that watches are served from. */
import type { KubeObject } from '../kube-api.ts';
import { keyOf } from '../kube-api.ts';

export interface Entry {
  readonly version: number;
  readonly collection: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

export class FakeObjects {
  readonly #collections = new Map<string, Map<string, KubeObject>>();
  readonly history: Entry[] = [];
  version = 100;
  /** Watches and pages of an older state are refused. */
  compactedAt = 0;
  readonly #listeners = new Set<(entry: Entry) => void>();
  #uids = 0;

  all(collection: string, namespace?: string): KubeObject[] {
    const objects = [...(this.#collections.get(collection)?.values() ?? [])];
    return objects
      .filter((object) => namespace === undefined || object.metadata.namespace === namespace)
      .toSorted((a, b) => (keyOf(a.metadata) < keyOf(b.metadata) ? -1 : 1));
  }

  get(collection: string, key: string): KubeObject | undefined {
    return this.#collections.get(collection)?.get(key);
  }

  put(collection: string, object: KubeObject): KubeObject {
    const key = keyOf(object.metadata);
    const objects = this.#collections.get(collection) ?? new Map<string, KubeObject>();
    this.#collections.set(collection, objects);
    const before = objects.get(key);
    const resourceVersion = String(++this.version);
    const uid = before?.metadata.uid ?? `uid-${++this.#uids}`;
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion } };
    objects.set(key, stored);
    this.#tell(collection, before === undefined ? 'ADDED' : 'MODIFIED', stored);
    return stored;
  }

  remove(collection: string, key: string): void {
    const object = this.get(collection, key);
    if (object === undefined) return;
    this.#collections.get(collection)?.delete(key);
    const resourceVersion = String(++this.version);
    this.#tell(collection, 'DELETED', {
      ...object,
      metadata: { ...object.metadata, resourceVersion },
    });
  }

  compact(): void {
    this.compactedAt = this.version;
  }

  listen(listener: (entry: Entry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(collection: string, type: Entry['type'], object: KubeObject): void {
    const entry = { version: this.version, collection, type, object };
    this.history.push(entry);
    for (const listener of this.#listeners) listener(entry);
  }
}

type Json = Readonly<Record<string, unknown>>;

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 7396. */
export function merged(target: Json, patch: Json): Json {
  const result: Record<string, unknown> = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    const before = result[name];
    if (value === null) delete result[name];
    else result[name] = isJson(value) ? merged(isJson(before) ? before : {}, value) : value;
  }
  return result;
}
