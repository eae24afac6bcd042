/**
 * Objects as files below a directory of one machine. An object becomes visible by `link`, which fails when the name
 * is taken, and only after its bytes are durable: a killed process leaves an object whole or not at all.
 * Empty directories stay, since removing one could undo what a put beside it holds for durable.
 */
import { type FileHandle, link, mkdir, open, realpath, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StreamError } from '@streamhouse/core/errors.ts';
import { directoryError, errnoOf, isAbsent } from './directory-errors.ts';
import { fileSize, listTree } from './directory-list.ts';
import { TemporaryFiles } from './directory-temporary.ts';
import { DirectoryTree, syncDirectory } from './directory-tree.ts';
import { checkBytes, checkKey, checkPrefix, checkRange } from './key.ts';
import type { ByteRange, CallOptions, ObjectStore, StoredObject } from './port.ts';

export interface DirectoryStoreOptions {
  /** Made when it is not there. Several processes of one machine may share it. */
  readonly root: string;
  /** Hears of temporary files that could not be removed; nothing depends on them. */
  readonly onError?: (error: unknown) => void;
}

/** @throws StreamError `unauthorized` or `unavailable` when the directory cannot be made or written. */
export async function openDirectoryStore(options: DirectoryStoreOptions): Promise<ObjectStore> {
  const onError = options.onError ?? (() => undefined);
  try {
    await mkdir(options.root, { recursive: true });
    const root = await realpath(options.root);
    await syncDirectory(dirname(root));
    return new DirectoryStore(root, await TemporaryFiles.open(root, onError), onError);
  } catch (error) {
    throw directoryError(error, `Opening the object store in ${options.root}`);
  }
}

class DirectoryStore implements ObjectStore {
  readonly #root: string;
  readonly #temporary: TemporaryFiles;
  readonly #tree: DirectoryTree;
  readonly #onError: (error: unknown) => void;
  readonly #puts = new Set<Promise<void>>();
  #isClosed = false;

  constructor(root: string, temporary: TemporaryFiles, onError: (error: unknown) => void) {
    this.#root = root;
    this.#temporary = temporary;
    this.#tree = new DirectoryTree(root);
    this.#onError = onError;
  }

  async put(key: string, bytes: Uint8Array, { signal }: CallOptions): Promise<void> {
    checkKey(key);
    checkBytes(bytes.length);
    this.#begin(signal);
    const put = this.#put(key, bytes, signal);
    this.#puts.add(put);
    try {
      await put;
    } finally {
      this.#puts.delete(put);
    }
  }

  async get(key: string, range: ByteRange, { signal }: CallOptions): Promise<Uint8Array> {
    checkKey(key);
    checkRange(range);
    this.#begin(signal);
    try {
      await using handle = await open(join(this.#root, key), 'r');
      const bytes = await readRange(handle, range);
      if (bytes === undefined) throw await this.#missing(key);
      signal.throwIfAborted();
      return bytes;
    } catch (error) {
      if (isAbsent(error)) throw await this.#missing(key);
      throw signal.aborted ? signal.reason : directoryError(error, `Reading ${key}`);
    }
  }

  async size(key: string, { signal }: CallOptions): Promise<number | undefined> {
    checkKey(key);
    this.#begin(signal);
    try {
      const bytes = await fileSize(join(this.#root, key));
      if (bytes === undefined) await this.#requireRoot();
      return bytes;
    } catch (error) {
      throw directoryError(error, `Looking for ${key}`);
    }
  }

  async *list(prefix: string, { signal }: CallOptions): AsyncGenerator<StoredObject> {
    checkPrefix(prefix);
    this.#begin(signal);
    try {
      await this.#requireRoot();
      yield* listTree(this.#root, '', prefix, signal);
    } catch (error) {
      throw signal.aborted ? signal.reason : directoryError(error, `Listing ${prefix}`);
    }
  }

  /** Not synced: an object that comes back after a power cut is an orphan, found by the next listing. */
  async delete(key: string, { signal }: CallOptions): Promise<void> {
    checkKey(key);
    this.#begin(signal);
    try {
      await unlink(join(this.#root, key));
    } catch (error) {
      // EISDIR: keys go on below this one, so it is no object itself.
      if (isAbsent(error) || errnoOf(error) === 'EISDIR') return await this.#requireRoot();
      throw directoryError(error, `Deleting ${key}`);
    }
  }

  /** Writes and removes a temporary file, which finds a missing root, a missing right and a full disk. */
  async check({ signal }: CallOptions): Promise<void> {
    this.#begin(signal);
    try {
      await this.#discard(await this.#writeTemporary(new Uint8Array(1)));
    } catch (error) {
      if (isAbsent(error)) await this.#requireRoot();
      throw directoryError(error, `Writing to the object store in ${this.#root}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.allSettled(this.#puts);
    await this.#temporary[Symbol.asyncDispose]();
  }

  async #put(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const path = join(this.#root, key);
    const directory = dirname(path);
    const doing = `Writing ${key}`;
    let temporary: string | undefined;
    try {
      temporary = await this.#writeTemporary(bytes);
      await this.#tree.prepare(directory);
      signal.throwIfAborted();
      await link(temporary, path);
    } catch (error) {
      if (temporary !== undefined) await this.#discard(temporary);
      if (signal.aborted) throw signal.reason;
      if (errnoOf(error) === 'ENOENT') throw await this.#changed(doing, error);
      throw directoryError(error, doing);
    }
    const [synced] = await Promise.allSettled([syncDirectory(directory), this.#discard(temporary)]);
    if (synced.status === 'fulfilled') return;
    const message = `${doing}: it is there, but may not outlast a power cut.`;
    throw new StreamError('indefinite', 'OBJECT_STORE_FAILED', message, { cause: synced.reason });
  }

  /** Bytes in a new file, durable. */
  async #writeTemporary(bytes: Uint8Array): Promise<string> {
    const path = this.#temporary.next();
    const handle = await this.#create(path);
    try {
      await writeAll(handle, bytes);
      await handle.datasync();
    } catch (error) {
      await this.#discard(path);
      throw error;
    } finally {
      await handle.close();
    }
    return path;
  }

  async #create(path: string): Promise<FileHandle> {
    try {
      return await open(path, 'wx');
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await this.#temporary.restore();
      return await open(path, 'wx');
    }
  }

  async #discard(temporary: string): Promise<void> {
    await unlink(temporary).catch(this.#onError);
  }

  /** A name on the way to an object was not there: the root is gone, or someone removed a directory. */
  async #changed(doing: string, cause: unknown): Promise<StreamError> {
    this.#tree.forget();
    await this.#requireRoot();
    const message = `${doing}: a directory of the object store was removed meanwhile.`;
    return new StreamError('unavailable', 'OBJECT_STORE_CHANGED', message, { cause });
  }

  async #missing(key: string): Promise<StreamError> {
    await this.#requireRoot();
    return new StreamError('notFound', 'OBJECT_MISSING', `There is no object ${key}.`);
  }

  /** Without it, a disk that is not mounted would look like a store whose objects are all lost. */
  async #requireRoot(): Promise<void> {
    try {
      await stat(this.#root);
    } catch (cause) {
      const message = `The directory of the object store, ${this.#root}, is gone. Mount or restore it.`;
      throw new StreamError('notFound', 'BUCKET_MISSING', message, { cause });
    }
  }

  #begin(signal: AbortSignal): void {
    signal.throwIfAborted();
    if (this.#isClosed)
      throw new StreamError('unavailable', 'OBJECT_STORE_CLOSED', 'The object store is closed.');
  }
}

/** One call of the system for most objects: `writeFile` would make one for each half MiB. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
  }
}

/** Undefined when the handle is not of a file. */
async function readRange(handle: FileHandle, range: ByteRange): Promise<Uint8Array | undefined> {
  const found = await handle.stat();
  if (!found.isFile()) return undefined;
  // The size first, so that a short object costs no more memory than it has bytes.
  const bytes = Buffer.allocUnsafe(
    Math.max(0, Math.min(range.length, found.size - range.position)),
  );
  for (let filled = 0; filled < bytes.length; ) {
    const { bytesRead } = await handle.read(
      bytes,
      filled,
      bytes.length - filled,
      range.position + filled,
    );
    if (bytesRead === 0)
      throw new StreamError('corrupt', 'OBJECT_TRUNCATED', 'An object became shorter.');
    filled += bytesRead;
  }
  return bytes;
}
