/** Many connections to one server at a time, out of another process: both ends do not fit into what one may open. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, 'main.ts');

export interface CrowdMember {
  /** Bytes at once, as Latin-1. */
  readonly first: string;
  /** Sent again and again until the connection is closed; empty: nothing. */
  readonly drip: string;
  readonly everyMs: number;
}

export interface CrowdQuestion {
  readonly port: number;
  readonly count: number;
  readonly member: CrowdMember;
}

export interface CrowdEnd {
  /** Connections by the status that they were closed with; under 0 those without an answer. */
  readonly statuses: Readonly<Record<string, number>>;
}

export interface Crowd {
  /** Resolves when all connections are open. */
  readonly opened: Promise<void>;
  /** Resolves when the server has closed all of them. */
  readonly ended: Promise<CrowdEnd>;
}

export interface CrowdTold {
  readonly opened?: true;
  readonly end?: CrowdEnd;
}

/** Rejects when the process ends before the server has closed all connections. */
export function gather(question: CrowdQuestion): Crowd & AsyncDisposable {
  const child = fork(PROGRAM, { stdio: ['ignore', 2, 2, 'ipc'] });
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<CrowdEnd>();
  child.on('message', ({ opened: isOpened, end }: CrowdTold) => {
    if (isOpened === true) opened.resolve();
    if (end !== undefined) ended.resolve(end);
  });
  const gone = once(child, 'exit');
  child.once('exit', (code) => {
    const error = new Error(`the crowd ended with ${code}`);
    opened.reject(error);
    ended.reject(error);
  });
  opened.promise.catch(() => undefined);
  ended.promise.catch(() => undefined);
  child.send(question);
  return {
    opened: opened.promise,
    ended: ended.promise,
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}
