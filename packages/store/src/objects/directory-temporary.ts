/**
 * Files on their way into the directory store: `<root>/.tmp/<pid>-<start>-<random>/<number>`, one directory for each
 * life of a process. Whoever opens the store removes the directories of the dead. Should it take a living owner for
 * dead (another pid namespace on the same volume), that owner's puts fail as `unavailable`, and nothing is lost.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from './directory-errors.ts';

const LIFE = /^(\d+)-(\d+)-[0-9a-f]+$/;

export class TemporaryFiles {
  readonly #parent: string;
  readonly #directory: string;
  #count = 0;

  private constructor(parent: string, life: string) {
    this.#parent = parent;
    this.#directory = join(parent, life);
  }

  /** Makes the directory of this life below an existing root. `onError` hears of remains that could not be removed. */
  static async open(root: string, onError: (error: unknown) => void): Promise<TemporaryFiles> {
    const parent = join(root, '.tmp');
    const start = (await processStart(process.pid)) ?? 0;
    const life = `${process.pid}-${start}-${randomBytes(6).toString('hex')}`;
    const files = new TemporaryFiles(parent, life);
    await files.restore();
    await removeDead(parent).catch(onError);
    return files;
  }

  /** A path that no file has had in this life. */
  next(): string {
    this.#count += 1;
    return join(this.#directory, String(this.#count));
  }

  /** Makes the directory again when someone removed it; fails with ENOENT when the root itself is gone. */
  async restore(): Promise<void> {
    await makeDirectory(this.#parent);
    await makeDirectory(this.#directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Makes one directory; no error when it is there. */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

async function removeDead(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, pid, start] = LIFE.exec(name) ?? [];
    if (pid === undefined || start === undefined) continue;
    const startNow = await processStart(Number(pid));
    if (startNow === Number(start)) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

/**
 * When a process started, in clock ticks since boot: with the pid it names one life, as pids come again. Undefined
 * when there is no such process; 0 where the system does not tell. Source: proc_pid_stat(5), fields 3 and 22.
 */
async function processStart(pid: number): Promise<number | undefined> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return undefined;
  }
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const isEnded = fields[0] === 'Z' || fields[0] === 'X';
  return isEnded ? undefined : Number(fields[19] ?? 0);
}
