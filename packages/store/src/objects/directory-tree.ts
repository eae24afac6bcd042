import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { makeDirectory } from './directory-temporary.ts';

/**
 * The directories below a root. A file is durable once its own directory and each one above it were synced; those
 * above are synced once in a life, so a put pays for one directory.
 */
export class DirectoryTree {
  readonly #root: string;
  /** Directories whose entry in their parent is durable, oldest first. */
  readonly #known = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Makes a directory and those above it durable. Not the root: when that is gone, this fails with ENOENT. */
  async prepare(directory: string): Promise<void> {
    if (directory === this.#root || this.#known.has(directory)) return;
    const parent = dirname(directory);
    await this.prepare(parent);
    await makeDirectory(directory);
    await syncDirectory(parent);
    if (this.#known.size >= LIMITS.objectDirectoriesKnownMax) this.#forgetOldest();
    this.#known.add(directory);
  }

  /** After an entry that should be there was not: someone else changes the tree. */
  forget(): void {
    this.#known.clear();
  }

  #forgetOldest(): void {
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }
}

/** Makes the entries of a directory durable. Sharing one sync among puts that meet was measured and gained nothing. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
