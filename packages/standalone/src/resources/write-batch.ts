import { keyOf, type ObjectRef } from '@streamhouse/operator/kube/kube-api.ts';
import type { ApiObject } from './api-object.ts';
import type { Change } from './history.ts';
import { freezeJson } from './json.ts';
import { forbidden } from './refusals.ts';
import type { FileChange } from './resource-files.ts';
import { resourceName } from './served-kind.ts';
import type { Table } from './table.ts';

/** The object as it will be, the same reference when nothing changes, or undefined when it goes. Throws to refuse. */
export type Decide = (previous: ApiObject | undefined) => ApiObject | undefined;

export interface Written {
  readonly previous: ApiObject | undefined;
  readonly next: ApiObject | undefined;
}

interface TableChange extends Change {
  readonly table: Table;
}

/** Writes that are decided one after the other and made durable together: each sees what those before it decided. */
export class WriteBatch {
  readonly #nextVersion: () => number;
  readonly #changes: TableChange[] = [];
  /** The latest state of every object that the batch changes. */
  readonly #pending = new Map<Table, Map<string, ApiObject | undefined>>();

  constructor(nextVersion: () => number) {
    this.#nextVersion = nextVersion;
  }

  get changes(): readonly TableChange[] {
    return this.#changes;
  }

  /** @throws what `decide` throws, and KubeError `unauthorized` when there is no room for one more object. */
  decide(table: Table, ref: ObjectRef, decide: Decide): Written {
    const key = keyOf(ref);
    const pending = this.#pendingOf(table);
    const previous = pending.has(key) ? pending.get(key) : table.objects.get(key);
    const outcome = decide(previous);
    if (outcome === previous) return { previous, next: previous };
    if (previous === undefined) this.#makeRoom(table);
    return { previous, next: this.#change(table, key, previous, outcome) };
  }

  /** What becomes of the files: of several changes of one object, the last. */
  fileChanges(): FileChange[] {
    return [...this.#pending]
      .filter(([table]) => table.kind.isKept)
      .flatMap(([{ kind }, objects]) =>
        [...objects].map(([key, next]) => ({ plural: kind.plural, key, next })),
      );
  }

  #change(
    table: Table,
    key: string,
    previous: ApiObject | undefined,
    outcome: ApiObject | undefined,
  ): ApiObject | undefined {
    const version = this.#nextVersion();
    const next = outcome && freezeJson(withVersion(outcome, version));
    this.#changes.push({ table, version, key, previous, next });
    this.#pendingOf(table).set(key, next);
    return next;
  }

  #makeRoom(table: Table): void {
    const { kind, objects } = table;
    const pending = this.#pendingOf(table);
    let count = objects.size;
    for (const [key, object] of pending)
      count += Number(object !== undefined) - Number(objects.has(key));
    if (count < kind.objectsMax) return;
    if (kind.whenFull === 'refuse')
      throw forbidden(`exceeded quota: ${kind.objectsMax} ${resourceName(kind)} at most`);
    const oldest = [...objects.keys()].find((key) => !pending.has(key));
    if (oldest !== undefined) this.#change(table, oldest, objects.get(oldest), undefined);
  }

  #pendingOf(table: Table): Map<string, ApiObject | undefined> {
    const known = this.#pending.get(table);
    if (known !== undefined) return known;
    const pending = new Map<string, ApiObject | undefined>();
    this.#pending.set(table, pending);
    return pending;
  }
}

function withVersion(object: ApiObject, version: number): ApiObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}
