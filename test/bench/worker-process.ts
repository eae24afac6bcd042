import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Answer, Task, Tasks } from './worker/protocol.ts';

const PROGRAM = join(import.meta.dirname, 'worker', 'main.ts');

/** A process of our own that does what it is asked. It ends with us. */
export class WorkerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 1;

  /** @param nodeOptions for the process, for example `--cpu-prof`. */
  constructor(nodeOptions: readonly string[] = []) {
    this.#child = fork(PROGRAM, { execArgv: [...nodeOptions], stdio: ['ignore', 2, 2, 'ipc'] });
    this.#child.on('message', (answer: Answer) => this.#onAnswer(answer));
    this.#child.once('exit', (code, signal) => {
      for (const { reject } of this.#open.values()) {
        reject(new Error(`a worker ended with ${signal ?? `exit code ${code}`}`));
      }
    });
  }

  /** @throws Error with what the worker says. */
  ask<K extends keyof Tasks>(
    task: Tasks[K]['task'] & { readonly kind: K },
  ): Promise<Tasks[K]['result']> {
    const id = this.#nextId++;
    const deferred = Promise.withResolvers<unknown>();
    this.#open.set(id, deferred);
    this.#child.send({ id, task: task as Task });
    return deferred.promise as Promise<Tasks[K]['result']>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    await exit;
  }

  #onAnswer(answer: Answer): void {
    const deferred = this.#open.get(answer.id);
    this.#open.delete(answer.id);
    if ('error' in answer) deferred?.reject(new Error(answer.error));
    else deferred?.resolve(answer.result);
  }
}
