/** The root of an image that no builder made: the bundle, Node.js, and the libraries of this machine that both need. */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from './bundle.ts';

const run = promisify(execFile);
/** As in the official image of Node.js. */
const USER = 'node:x:1000:1000::/tmp:/sbin/nologin';
const GROUP = 'node:x:1000:';

/** The shared libraries that a program names, and the loader, by the paths that it finds them under. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]);
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] ?? '');
}

async function nativeModules(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  return files.filter((file) => file.endsWith('.node')).map((file) => join(folder, file));
}

/** Fills an empty folder. Linux with glibc only; the Node.js is the one that runs this. */
export async function imageRoot(root: string): Promise<void> {
  // A temporary folder admits its owner only, and the image has another user.
  await chmod(root, 0o755);
  const app = join(root, 'app');
  await bundle(app);
  const node = await realpath(process.execPath);
  const programs = [node, ...(await nativeModules(join(app, 'node_modules')))];
  const libraries = new Set((await Promise.all(programs.map(librariesOf))).flat());
  for (const library of libraries) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await copyFile(await realpath(library), join(root, library));
  }
  const bin = join(root, 'usr/local/bin');
  await mkdir(bin, { recursive: true });
  await copyFile(node, join(bin, 'node'));
  await chmod(join(bin, 'node'), 0o755);
  await mkdir(join(root, 'etc'), { recursive: true });
  await writeFile(join(root, 'etc/passwd'), `root:x:0:0::/:/sbin/nologin\n${USER}\n`);
  await writeFile(join(root, 'etc/group'), `root:x:0:\n${GROUP}\n`);
  await writeFile(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  await mkdir(join(root, 'tmp'));
  await chmod(join(root, 'tmp'), 0o1777);
}
