/** As whom Postgres runs, and where that user can reach its files. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StreamError } from '@streamhouse/core/errors.ts';

/** Postgres refuses to run as root, so root gives it to another account. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

// The user id that systems keep for programs that own nothing.
const NOBODY: Account = { uid: 65_534, gid: 65_534 };
const FALLBACK_FOLDER = '/var/lib/streamhouse';

/** Undefined when Postgres can run as the user of this process. */
export async function postgresAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const [, , uid, gid] =
    passwd
      .split('\n')
      .find((line) => line.startsWith('postgres:'))
      ?.split(':') ?? [];
  return uid === undefined || gid === undefined ? NOBODY : { uid: Number(uid), gid: Number(gid) };
}

export interface PlaceOptions {
  /** Absolute path without symbolic links. */
  readonly home: string;
  readonly account: Account | undefined;
  /** Parent of the folder that is used when the account cannot reach the home. */
  readonly fallbackFolder?: string;
}

/**
 * The folder for everything that Postgres reads and writes: `HOME/postgres`, or one outside when a folder above the home
 * is closed to the account, as /root is.
 *
 * @throws StreamError `invalid` HOME_UNREACHABLE when neither can be used.
 */
export async function postgresFolder(options: PlaceOptions): Promise<string> {
  const { home } = options;
  const inside = join(home, 'postgres');
  const closed =
    options.account === undefined ? undefined : await firstClosed(home, options.account);
  if (closed === undefined) return await openFolder(inside);
  const digest = createHash('sha256').update(home).digest('hex').slice(0, 12);
  const outside = join(options.fallbackFolder ?? FALLBACK_FOLDER, `${basename(home)}-${digest}`);
  try {
    const folder = await openFolder(outside);
    if (options.account === undefined || (await firstClosed(folder, options.account)) === undefined)
      return folder;
    throw new Error(`${outside} is closed too`);
  } catch (cause) {
    throw new StreamError(
      'invalid',
      'HOME_UNREACHABLE',
      `Postgres must not run as root, and user ${options.account?.uid} cannot enter ${closed}; ` +
        'start as another user, or choose a home that all can reach with --home',
      { cause },
    );
  }
}

async function openFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
  return path;
}

/** The topmost folder on the way to `path` that the account cannot pass through. */
async function firstClosed(path: string, account: Account): Promise<string | undefined> {
  const parent = dirname(path);
  const above = parent === path ? undefined : await firstClosed(parent, account);
  if (above !== undefined) return above;
  const { mode, uid, gid } = await stat(path);
  const mayEnter = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  return (mode & mayEnter) === 0 ? path : undefined;
}
