/**
 * The owner of a search's thread. The expression is somebody else's program: it may run for as long as it likes, and take as
 * much memory, but not here. Past its time the thread is ended, whatever it is doing.
 */
import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { abortAfter, type Clock } from '@streamhouse/core/async/clock.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { InvalidRequest } from '../problem.ts';
import type { SearchCriteria, SearchRecord } from './record-matcher.ts';
import {
  type Outcome,
  OUTCOMES,
  type SearchTask,
  type SearchWorkerMessage,
} from './search-messages.ts';

export class SearchThread implements AsyncDisposable {
  /** Why the first record failed. */
  failure = '';
  readonly #worker: Worker;
  readonly #clock: Clock;

  private constructor(criteria: SearchCriteria, clock: Clock) {
    this.#clock = clock;
    this.#worker = new Worker(new URL('./search-worker.ts', import.meta.url), {
      workerData: criteria,
      resourceLimits: { maxOldGenerationSizeMb: LIMITS.apiSearchHeapMibMax },
    });
    // One that has run out of memory is found missing by whoever waits for it.
    this.#worker.on('error', () => undefined);
  }

  /** @throws InvalidRequest naming the expression. */
  static async open(
    criteria: SearchCriteria,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<SearchThread> {
    await using owned = new AsyncDisposableStack();
    const thread = owned.use(new SearchThread(criteria, clock));
    for await (const message of thread.#messages(signal)) {
      if (message.type === 'refused') throw filterFault(message.message);
      owned.move();
      return thread;
    }
    throw filterFault('cannot be read');
  }

  /** Looks at each in turn. Resolves fewer outcomes than records when its time, or its memory, is used up: then it is over. */
  async look(records: readonly SearchRecord[], signal: AbortSignal): Promise<readonly Outcome[]> {
    using timeout = abortAfter(this.#clock, LIMITS.apiSearchBatchMsMax);
    const outcomes = new Uint8Array(new SharedArrayBuffer(records.length));
    const task: SearchTask = { records: records.map(ownBytes), outcomes };
    this.#worker.postMessage(task);
    try {
      for await (const message of this.#messages(AbortSignal.any([signal, timeout.signal]))) {
        if (message.type === 'failed') this.failure = message.message;
        if (message.type === 'done') break;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!timeout.signal.aborted && !isOutOfMemory(error)) throw error;
    }
    const known = outcomes.indexOf(0);
    return Array.from(
      known < 0 ? outcomes : outcomes.slice(0, known),
      (code) => OUTCOMES[code] ?? 'none',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  async *#messages(signal: AbortSignal): AsyncGenerator<SearchWorkerMessage> {
    for await (const event of on(this.#worker, 'message', { signal, close: ['exit'] }))
      yield (event as [SearchWorkerMessage])[0];
  }
}

/** Views would take along all of the batch that they are of. */
function ownBytes({ key, value, headers, ...place }: SearchRecord): SearchRecord {
  const copy = (bytes: Uint8Array | null): Uint8Array | null => bytes && new Uint8Array(bytes);
  return {
    ...place,
    ...{ key: copy(key), value: copy(value) },
    headers: headers.map((header) => ({ name: header.name, value: copy(header.value) })),
  };
}

function isOutOfMemory(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY';
}

export function filterFault(message: string): InvalidRequest {
  return new InvalidRequest([{ path: 'query.filter', message }]);
}
