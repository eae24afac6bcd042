import { open, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnTied, type TiedProcess } from '../tied.ts';

const POLL_MS = 50;
const LOG_CHARS_SHOWN = 2_000;

/** One program of a cluster. Its log is `NAME.log` in the cluster's folder. */
export class Component implements AsyncDisposable {
  readonly #name: string;
  readonly #log: string;
  readonly #process: TiedProcess;
  #hasEnded = false;

  private constructor(name: string, log: string, process: TiedProcess) {
    this.#name = name;
    this.#log = log;
    this.#process = process;
    void process.ended.then(() => {
      this.#hasEnded = true;
    });
  }

  /** Starts a program of the folder `binaries`, or one anywhere by its path. */
  static async start(
    program: string,
    { binaries, folder }: { readonly binaries: string; readonly folder: string },
    args: readonly string[],
  ): Promise<Component> {
    const name = basename(program);
    const log = join(folder, `${name}.log`);
    await using file = await open(log, 'a');
    const process = spawnTied([resolve(binaries, program), ...args], {
      cwd: folder,
      output: file.fd,
    });
    return new Component(name, log, process);
  }

  /** Waits until it works. @throws Error with the end of its log when it ends first or the signal aborts. */
  async until(isReady: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    while (!(await isReady())) {
      if (this.#hasEnded || signal.aborted) {
        const log = await readFile(this.#log, 'utf8');
        const what = this.#hasEnded ? 'ended' : 'did not become ready';
        throw new Error(`${this.#name} ${what}: ${log.slice(-LOG_CHARS_SHOWN)}`);
      }
      await sleep(POLL_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
