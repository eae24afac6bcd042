/**
 * The objects of all kinds, their one counter of versions, and what happened to them lately.
 *
 * One writer: requests wait in a queue, those that wait together are decided one after the other, made durable together, and
 * only then seen by anyone, in the order of their versions. So a version that was listed or watched is never taken back, and
 * while the files of one batch are written the next one gathers.
 */
import { LIMITS } from '@streamhouse/core/limits.ts';
import { keyOf, type KubeError, type ObjectRef } from '@streamhouse/operator/kube/kube-api.ts';
import { type ApiObject, versionOf } from './api-object.ts';
import { History } from './history.ts';
import { freezeJson } from './json.ts';
import { internalError, tooManyRequests, unavailable, unknownPath } from './refusals.ts';
import { ResourceFiles } from './resource-files.ts';
import type { ServedKind } from './served-kind.ts';
import { Table } from './table.ts';
import { type Decide, WriteBatch, type Written } from './write-batch.ts';

export interface ResourceStoreOptions {
  /** Absolute path; made when it is not there. One process at a time: the home's owner. */
  readonly folder: string;
  readonly kinds: readonly ServedKind[];
  /** Changes of one kind that watches and pages may go back; default `LIMITS.resourceHistoryChangesMax`. */
  readonly historyChangesMax?: number;
}

interface Write {
  readonly table: Table;
  readonly ref: ObjectRef;
  readonly decide: Decide;
  readonly signal: AbortSignal;
  readonly resolve: (written: Written) => void;
  readonly reject: (error: unknown) => void;
}

/** Versions set aside by one write to the disk. */
const VERSIONS_RESERVED = 1_000_000;
/** Writes that become durable together: each has a file open meanwhile. */
const BATCH_WRITES_MAX = 64;

export class ResourceStore implements AsyncDisposable {
  readonly #files: ResourceFiles;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #closed = new AbortController();
  readonly #queue: Write[] = [];
  #draining: Promise<void> | undefined;
  /** Of the last change that may be seen. */
  #version: number;
  /** The last one given, which a write that failed may have had. */
  #versionGiven: number;
  #versionReserved: number;

  private constructor(files: ResourceFiles, tables: ReadonlyMap<string, Table>, version: number) {
    this.#files = files;
    this.#tables = tables;
    this.#version = version;
    this.#versionGiven = version;
    this.#versionReserved = version;
  }

  /** @throws StreamError `corrupt` RESOURCE_FILE when a file of the folder is damaged. */
  static async open(options: ResourceStoreOptions): Promise<ResourceStore> {
    const files = await ResourceFiles.open(options.folder);
    const kept = new Map<ServedKind, ApiObject[]>();
    for (const kind of options.kinds)
      kept.set(kind, kind.isKept ? await files.read(kind.plural) : []);
    const versions = [...kept.values()].flat().map(versionOf);
    // Above all that an earlier process may have told, so that whoever remembers one of those lists again.
    const version = versions.reduce((a, b) => Math.max(a, b), await files.readReserved());
    const tables = new Map<string, Table>();
    for (const [kind, objects] of kept) {
      const changesMax = options.historyChangesMax ?? LIMITS.resourceHistoryChangesMax;
      const entries = objects
        .toSorted((a, b) => versionOf(a) - versionOf(b))
        .map((object) => [keyOf(object.metadata), freezeJson(object)] as const);
      tables.set(tableKey(kind), new Table(kind, new History(version, changesMax), entries));
    }
    return new ResourceStore(files, tables, version);
  }

  /** Of the last write that may be seen. */
  get version(): number {
    return this.#version;
  }

  /** Aborts when the store is disposed of. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** @throws KubeError `notFound` for a kind that is not served. */
  table(type: Pick<ServedKind, 'group' | 'version' | 'plural'>): Table {
    const table = this.#tables.get(tableKey(type));
    if (table === undefined) throw unknownPath();
    return table;
  }

  /**
   * Decides on one object when all writes before have been decided, and resolves when the result is durable.
   *
   * @throws KubeError what `decide` throws; `overloaded` when too many wait; `indefinite` when the disk failed.
   */
  write(table: Table, ref: ObjectRef, decide: Decide, signal: AbortSignal): Promise<Written> {
    signal.throwIfAborted();
    if (this.closed.aborted) return Promise.reject(closedError());
    if (this.#queue.length >= LIMITS.resourceWritesWaitingMax)
      return Promise.reject(tooManyRequests('too many writes wait'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ table, ref, decide, signal, resolve, reject });
      this.#draining ??= this.#drain().finally(() => {
        this.#draining = undefined;
      });
    });
  }

  /** Finishes the writes that wait; ends the watches. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(closedError());
    await this.#draining;
  }

  async #drain(): Promise<void> {
    // One turn later, so that what a caller asks for at once is one batch.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      await this.#run(this.#queue.splice(0, BATCH_WRITES_MAX));
    }
  }

  async #run(writes: readonly Write[]): Promise<void> {
    const batch = new WriteBatch(() => ++this.#versionGiven);
    const decided: { readonly write: Write; readonly written: Written }[] = [];
    for (const write of writes) {
      try {
        write.signal.throwIfAborted();
        decided.push({ write, written: batch.decide(write.table, write.ref, write.decide) });
      } catch (error) {
        write.reject(error);
      }
    }
    try {
      await this.#makeDurable(batch);
    } catch (error) {
      // Those that change nothing fail as well: they may have seen what others of the batch decided.
      for (const { write } of decided) write.reject(diskFailed(error));
      return;
    }
    this.#publish(batch);
    for (const { write, written } of decided) write.resolve(written);
  }

  async #makeDurable(batch: WriteBatch): Promise<void> {
    if (this.#versionGiven > this.#versionReserved) {
      const reserved = this.#versionGiven + VERSIONS_RESERVED;
      await this.#files.writeReserved(reserved);
      this.#versionReserved = reserved;
    }
    const changes = batch.fileChanges();
    if (changes.length > 0) await this.#files.write(changes);
  }

  /** In one go: whoever sees one change of the batch can see all of them. */
  #publish({ changes }: WriteBatch): void {
    for (const change of changes) {
      change.table.take(change);
      this.#version = change.version;
    }
    for (const table of new Set(changes.map((change) => change.table))) table.notify();
  }
}

function tableKey(type: Pick<ServedKind, 'group' | 'version' | 'plural'>): string {
  return `${type.group}/${type.version}/${type.plural}`;
}

function closedError(): KubeError {
  return unavailable('the server is shutting down');
}

/** Some of it may have reached the disk, and would be there after a restart. */
function diskFailed(error: unknown): KubeError {
  const reason = error instanceof Error ? error.message : String(error);
  return internalError(`the resources could not be written to the home: ${reason}`);
}
