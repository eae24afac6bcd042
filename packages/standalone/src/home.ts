/**
 * The home: the folder where one standalone cluster keeps everything, owned by one process at a time.
 *
 * Ownership is a file `owner.N` with a number that only grows. Whoever finds the owner of the highest number dead or gone
 * links `owner.N+1` into place: `link` lets one process win, and as a number is never used twice by two winners, no one can
 * remove the lock of a successor by mistake, which is what goes wrong when a stale lock file is deleted and written anew.
 */
import { randomUUID } from 'node:crypto';
import {
  chmod,
  link,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { StreamError } from '@streamhouse/core/errors.ts';
import { processStart } from './process.ts';

/** Proof that this process owns the folder, until it is disposed. */
export interface Home extends AsyncDisposable {
  /** Absolute path without symbolic links. */
  readonly path: string;
}

interface Owner {
  readonly pid: number;
  /** See `processStart`; null once the owner has left. */
  readonly start: string | null;
}

/**
 * Creates the folder if needed and takes it.
 *
 * @throws StreamError `conflict` HOME_IN_USE with the pid of the owner.
 */
export async function openHome(folder: string): Promise<Home> {
  // Others may pass through, because Postgres may have to run as another user; they cannot list it.
  if ((await mkdir(folder, { recursive: true })) !== undefined) await chmod(folder, 0o711);
  const path = await realpath(folder);
  const self: Owner = { pid: process.pid, start: (await processStart(process.pid)) ?? null };
  const draft = join(path, `draft.${randomUUID()}`);
  await writeFile(draft, JSON.stringify(self), { mode: 0o600 });
  try {
    const number = await takeOwnership(path, draft);
    return { path, [Symbol.asyncDispose]: () => leave(path, number) };
  } finally {
    await rm(draft, { force: true });
  }
}

async function takeOwnership(path: string, draft: string): Promise<number> {
  for (;;) {
    const highest = Math.max(0, ...(await ownerNumbers(path)));
    const owner = highest === 0 ? undefined : await readOwner(path, highest);
    if (owner !== undefined && (await isPresent(owner))) {
      throw new StreamError(
        'conflict',
        'HOME_IN_USE',
        `another StreamHouse (pid ${owner.pid}) is using ${path}`,
        {
          details: { pid: String(owner.pid) },
        },
      );
    }
    const number = highest + 1;
    if (!(await linkNew(draft, ownerFile(path, number)))) continue;
    const numbers = await ownerNumbers(path);
    // A number that its winner already cleared away could be linked again by one who read the list long before.
    if (Math.max(...numbers) > number) {
      await rm(ownerFile(path, number), { force: true });
      continue;
    }
    await Promise.all(
      numbers
        .filter((each) => each < number)
        .map((each) => rm(ownerFile(path, each), { force: true })),
    );
    return number;
  }
}

async function leave(path: string, number: number): Promise<void> {
  const gone: Owner = { pid: process.pid, start: null };
  const draft = join(path, `draft.${randomUUID()}`);
  try {
    await writeFile(draft, JSON.stringify(gone), { mode: 0o600 });
    await rename(draft, ownerFile(path, number));
  } catch (error) {
    // The whole home may have been removed meanwhile; then there is nothing left to give back.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function ownerFile(path: string, number: number): string {
  return join(path, `owner.${number}`);
}

async function ownerNumbers(path: string): Promise<number[]> {
  const names = await readdir(path);
  return names.flatMap((name) =>
    /^owner\.\d+$/.test(name) ? [Number(name.slice('owner.'.length))] : [],
  );
}

/** Undefined when the file is gone or unreadable: it is whole from its first moment, so an unreadable one is no lock. */
async function readOwner(path: string, number: number): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(ownerFile(path, number), 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

async function isPresent(owner: Owner): Promise<boolean> {
  return owner.start !== null && (await processStart(owner.pid)) === owner.start;
}

async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
