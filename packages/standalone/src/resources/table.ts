import { LIMITS } from '@streamhouse/core/limits.ts';
import type { ApiObject } from './api-object.ts';
import type { Change, History } from './history.ts';
import type { ServedKind } from './served-kind.ts';

/** The objects of one kind and their latest changes. */
export class Table {
  readonly kind: ServedKind;
  readonly history: History;
  readonly #objects = new Map<string, ApiObject>();
  readonly #listeners = new Set<() => void>();

  /** @param objects by their keys, as they are at the history's floor. */
  constructor(kind: ServedKind, history: History, objects: Iterable<readonly [string, ApiObject]>) {
    this.kind = kind;
    this.history = history;
    for (const [key, object] of objects) this.#objects.set(key, object);
  }

  /** By their keys, the oldest first. */
  get objects(): ReadonlyMap<string, ApiObject> {
    return this.#objects;
  }

  /** The objects as they were at `version`; undefined when that lies too far back. */
  at(version: number): ReadonlyMap<string, ApiObject> | undefined {
    const since = this.history.after(version);
    if (since === undefined || since.length === 0) return since && this.#objects;
    const objects = new Map(this.#objects);
    for (const { key, previous } of since.toReversed()) {
      if (previous === undefined) objects.delete(key);
      else objects.set(key, previous);
    }
    return objects;
  }

  take(change: Change): void {
    if (change.next === undefined) this.#objects.delete(change.key);
    else this.#objects.set(change.key, change.next);
    this.history.add(change);
  }

  /** Calls `listener` after changes until the result is called; undefined when as many do so as may. */
  listen(listener: () => void): (() => void) | undefined {
    if (this.#listeners.size >= LIMITS.resourceWatchesMax) return undefined;
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
