/**
 * Objects as files of the home: `<plural>/<namespace>/<name>.json`, one for each, and `version.json` with the versions that
 * are set aside. A file is written among the drafts, synced, and renamed into place: it is whole or as it was before. The
 * name follows from the object's key alone, so that a write which failed halfway is overwritten by the next one.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StreamError } from '@streamhouse/core/errors.ts';
import { DirectoryTree, syncDirectory } from '@streamhouse/store/objects/directory-tree.ts';
import { refOf } from '@streamhouse/operator/kube/kube-api.ts';
import type { ApiObject } from './api-object.ts';
import { isJsonObject } from './json.ts';

/** What becomes of the file of one object. */
export interface FileChange {
  readonly plural: string;
  /** `namespace/name`. */
  readonly key: string;
  /** Undefined: removed. */
  readonly next: ApiObject | undefined;
}

const DRAFTS = 'drafts';
const VERSION_FILE = 'version.json';
/** Not 0: a watch from there has a meaning of its own. */
const VERSION_FIRST = 1;
/** File systems allow 255 bytes, names of objects 253, and an ending comes on top. */
const NAME_CHARS_MAX = 200;

export class ResourceFiles {
  readonly #folder: string;
  readonly #tree: DirectoryTree;
  #drafts = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#tree = new DirectoryTree(folder);
  }

  /** Makes the folder and removes what an earlier process began to write and did not finish. */
  static async open(folder: string): Promise<ResourceFiles> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rm(join(folder, DRAFTS), { recursive: true, force: true });
    await mkdir(join(folder, DRAFTS), { mode: 0o700 });
    await syncDirectory(dirname(folder));
    return new ResourceFiles(folder);
  }

  /**
   * All objects of a kind.
   *
   * @throws StreamError `corrupt` RESOURCE_FILE: to leave a file out would look as if its object had been deleted.
   */
  async read(plural: string): Promise<ApiObject[]> {
    await this.#tree.prepare(join(this.#folder, plural));
    const entries = await readdir(join(this.#folder, plural), {
      recursive: true,
      withFileTypes: true,
    });
    const objects: ApiObject[] = [];
    for (const entry of entries) {
      if (entry.isFile() && entry.name.endsWith('.json'))
        objects.push(await readObject(join(entry.parentPath, entry.name)));
    }
    return objects;
  }

  /** Makes the changes durable. They become so one by one: after a crash, some may be there and others not. */
  async write(changes: readonly FileChange[]): Promise<void> {
    const paths = await Promise.all(changes.map((change) => this.#writeOne(change)));
    const folders = new Set(paths.map((path) => dirname(path)));
    await Promise.all([...folders].map((folder) => syncDirectory(folder)));
  }

  /** The versions up to which an earlier process may have counted; 1 when there was none. */
  async readReserved(): Promise<number> {
    const path = join(this.#folder, VERSION_FILE);
    const content = await readJson(path).catch((error: unknown) => {
      if (isMissing(error)) return { reserved: VERSION_FIRST };
      throw error;
    });
    const reserved = isJsonObject(content) ? content['reserved'] : undefined;
    if (typeof reserved !== 'number' || !Number.isSafeInteger(reserved)) throw damaged(path);
    return reserved;
  }

  async writeReserved(reserved: number): Promise<void> {
    await this.#replace(join(this.#folder, VERSION_FILE), { reserved });
    await syncDirectory(this.#folder);
  }

  async #writeOne({ plural, key, next }: FileChange): Promise<string> {
    const { namespace = '', name } = refOf(key);
    const path = join(this.#folder, plural, namespace, fileName(name));
    await this.#tree.prepare(dirname(path));
    if (next === undefined) await rm(path, { force: true });
    else await this.#replace(path, next);
    return path;
  }

  async #replace(path: string, content: object): Promise<void> {
    const draft = join(this.#folder, DRAFTS, String(this.#drafts++));
    try {
      await writeDurably(draft, `${JSON.stringify(content, undefined, 2)}\n`);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** A long name is cut and told apart by its hash; the result is longer than any name that is taken as it is. */
function fileName(name: string): string {
  if (name.length <= NAME_CHARS_MAX) return `${name}.json`;
  const hash = createHash('sha256').update(name).digest('hex');
  return `${name.slice(0, NAME_CHARS_MAX - hash.length + 1)}${hash}.json`;
}

async function readObject(path: string): Promise<ApiObject> {
  const content = await readJson(path);
  const metadata = isJsonObject(content) ? content['metadata'] : undefined;
  const isWhole =
    isJsonObject(metadata) &&
    ['name', 'namespace', 'uid'].every((field) => typeof metadata[field] === 'string') &&
    Number.isSafeInteger(Number(metadata['resourceVersion']));
  if (!isWhole) throw damaged(path);
  return content as ApiObject;
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged(path, cause);
  }
}

function damaged(path: string, cause?: unknown): StreamError {
  const message = `${path} is damaged: restore it, or remove it to give up the resource`;
  return new StreamError('corrupt', 'RESOURCE_FILE', message, { cause });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
