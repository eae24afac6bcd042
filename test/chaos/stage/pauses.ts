/**
 * Processes that are stopped. Each has a file in the home while it is, so that the guard of the home lets it go on, and
 * end, when we are gone before.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signalProcess } from '@streamhouse/standalone/process.ts';
import { STOPPED_FOLDER } from '../../harness/guard.ts';

export class Pauses implements Disposable {
  readonly #folder: string;
  readonly #pids = new Set<number>();

  constructor(home: string) {
    this.#folder = join(home, STOPPED_FOLDER);
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Synchronous, so that it can happen in the middle of something. Whether the process was there. */
  stop(pid: number): boolean {
    writeFileSync(join(this.#folder, String(pid)), '');
    this.#pids.add(pid);
    return signalProcess(pid, 'SIGSTOP');
  }

  resume(pid: number): void {
    signalProcess(pid, 'SIGCONT');
    this.#pids.delete(pid);
    rmSync(join(this.#folder, String(pid)), { force: true });
  }

  [Symbol.dispose](): void {
    for (const pid of this.#pids) this.resume(pid);
  }
}
