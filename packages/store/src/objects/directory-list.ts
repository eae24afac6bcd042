import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { isAbsent } from './directory-errors.ts';
import type { StoredObject } from './port.ts';

/**
 * Objects of a tree in byte order of their keys. A directory larger than a page is read again for each page, so that
 * memory stays at two pages of names for each level, whatever is in it.
 *
 * @param at key of the directory that is listed, '' or ending in '/'
 * @param rest what is left of the prefix below it
 */
export async function* listTree(
  root: string,
  at: string,
  rest: string,
  signal: AbortSignal,
): AsyncGenerator<StoredObject> {
  const slash = rest.indexOf('/');
  if (slash >= 0) {
    yield* listTree(root, at + rest.slice(0, slash + 1), rest.slice(slash + 1), signal);
    return;
  }
  for (let after = ''; ; ) {
    const page = await readPage(join(root, at), rest, after, signal);
    const sizes = await readSizes(root, at, page);
    for (const [index, name] of page.entries()) {
      signal.throwIfAborted();
      const bytes = sizes[index];
      if (name.endsWith('/')) yield* listTree(root, at + name, '', signal);
      else if (bytes !== undefined) yield { key: at + name, bytes };
    }
    if (page.length < LIMITS.objectListPageKeysMax) return;
    after = page.at(-1) ?? after;
  }
}

/** The first names of a directory after one, in order. Directories end in '/', which sorts them as their keys sort. */
async function readPage(
  path: string,
  prefix: string,
  after: string,
  signal: AbortSignal,
): Promise<string[]> {
  const names: string[] = [];
  const keep = (): void => {
    names.sort(compareBytes);
    names.length = Math.min(names.length, LIMITS.objectListPageKeysMax);
  };
  try {
    for await (const entry of await opendir(path, { bufferSize: 512 })) {
      signal.throwIfAborted();
      const name = nameOf(entry);
      if (name === undefined || !name.startsWith(prefix) || name <= after) continue;
      names.push(name);
      if (names.length >= 2 * LIMITS.objectListPageKeysMax) keep();
    }
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  keep();
  return names;
}

/** Undefined for what is no object: temporary files, sockets, links. */
function nameOf(entry: Dirent): string | undefined {
  if (entry.name.startsWith('.')) return undefined;
  if (entry.isDirectory()) return `${entry.name}/`;
  return entry.isFile() ? entry.name : undefined;
}

async function readSizes(
  root: string,
  at: string,
  page: readonly string[],
): Promise<(number | undefined)[]> {
  return await Promise.all(page.map((name) => sizeOf(root, at, name)));
}

/** Undefined for a directory. */
async function sizeOf(root: string, at: string, name: string): Promise<number | undefined> {
  return name.endsWith('/') ? undefined : await fileSize(join(root, at, name));
}

/** Undefined when there is no such file, as for one that was deleted while it was listed. */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
