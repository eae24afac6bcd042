/**
 * One process' part of the history. Lines are written at once and synchronously: an invocation is in the file before its
 * call begins, even if the process is killed during the call.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { HistoryEvent, Operation } from '../checker/history.ts';

/** A line of one process: its place in the whole history is known after the run. */
export type PartialEvent = Omit<HistoryEvent, 'i'>;

export class Recorder implements Disposable {
  readonly #file: number;
  readonly #originNs: bigint;

  constructor(path: string, originNs: bigint) {
    this.#file = openSync(path, 'a', 0o600);
    this.#originNs = originNs;
  }

  /** Nanoseconds since the run began. */
  now(): number {
    return Number(process.hrtime.bigint() - this.#originNs);
  }

  write<F extends Operation['f']>(
    by: string,
    type: HistoryEvent['type'],
    f: F,
    value: (Operation & { readonly f: F })['value'],
    err?: string,
  ): void {
    const event = {
      t: this.now(),
      process: by,
      type,
      f,
      value,
      ...(err === undefined ? {} : { err }),
    };
    writeSync(this.#file, `${JSON.stringify(event)}\n`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** Kind and reason of an error, as `err` in the history has it. */
export function errorName(error: unknown): string {
  const { kind, reason } = error as { readonly kind?: string; readonly reason?: string };
  return kind === undefined ? String(error) : `${kind} ${reason}`;
}
