import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { signalProcess } from '@streamhouse/standalone/process.ts';

const MAIN = new URL('member-main.ts', import.meta.url).pathname;

export interface MemberOptions {
  readonly bootstrap: readonly string[];
  readonly groupId: string;
  readonly topic: string;
  readonly sessionTimeoutMs: number;
}

/** `member-main.ts` as a test drives it. Its end is the end of its process, without a farewell. */
export class MemberProcess implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor({ bootstrap, groupId, topic, sessionTimeoutMs }: MemberOptions) {
    const words = [MAIN, bootstrap.join(), groupId, topic, String(sessionTimeoutMs)];
    this.#process = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#process.stdout!)[Symbol.asyncIterator]();
  }

  poll(): Promise<[partition: number, offset: number][]> {
    return this.#ask('poll');
  }

  commit(): Promise<string> {
    return this.#ask('commit');
  }

  owned(): Promise<number[]> {
    return this.#ask('owned');
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    signalProcess(this.#process.pid!, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }

  async #ask<T>(word: string): Promise<T> {
    this.#process.stdin!.write(`${word}\n`);
    const { value } = await this.#lines.next();
    return JSON.parse(value as string) as T;
  }
}
