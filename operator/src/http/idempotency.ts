import { hash } from 'node:crypto';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import type { RequestStore } from '@streamhouse/store/metadata/requests.ts';
import type { Answer } from './answer.ts';
import { InvalidRequest } from './problem.ts';

const KEY = /^[\x21-\x7e]{1,255}$/;

export interface Repeatable {
  /** Who asks for which operation: within it a key is one. */
  readonly who: string;
  readonly key: string;
  /** All that the caller sent. */
  readonly request: unknown;
}

/**
 * Answers by `Idempotency-Key`, so that a request that comes again is not done again, whichever operator it comes to. A key whose
 * request was refused is free again; one of which it is not known whether it was done is not, as a second attempt could do
 * it twice.
 */
export class RepeatedRequests {
  readonly #store: RequestStore;
  /** Those under way in this process. */
  readonly #running = new Map<
    string,
    { readonly fingerprint: string; readonly answer: Promise<Answer> }
  >();

  constructor(store: RequestStore) {
    this.#store = store;
  }

  /**
   * @throws StreamError `conflict` IDEMPOTENCY_KEY_REUSED; `unavailable` REQUEST_RUNNING while another operator is at it;
   *   `indefinite` OUTCOME_UNKNOWN; InvalidRequest for a key that is none.
   */
  async once(
    { who, key, request }: Repeatable,
    run: () => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    if (!KEY.test(key)) {
      const message = 'must have 1 to 255 visible characters';
      throw new InvalidRequest([{ path: 'headers.idempotency-key', message }]);
    }
    const name = hash('sha256', JSON.stringify([who, key]));
    const fingerprint = hash('sha256', JSON.stringify(request));
    const running = this.#running.get(name);
    if (running !== undefined && running.fingerprint !== fingerprint) throw keyReused();
    if (running !== undefined) return repeated(await running.answer);
    const answer = this.#begin(name, fingerprint, run, signal);
    this.#running.set(name, { fingerprint, answer });
    try {
      return await answer;
    } finally {
      this.#running.delete(name);
    }
  }

  async #begin(
    name: string,
    fingerprint: string,
    run: () => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const state = await this.#store.begin(name, fingerprint, signal);
    switch (state.kind) {
      case 'begun':
        return await this.#run(name, run);
      case 'done':
        return repeated(JSON.parse(state.answer) as Answer);
      case 'other':
        throw keyReused();
      case 'running': {
        const message = 'the first request with this Idempotency-Key is not answered yet';
        throw new StreamError('unavailable', 'REQUEST_RUNNING', message, { retryAfterMs: 1_000 });
      }
      case 'unknown': {
        const message = 'it is not known whether the first request with this key was done: look';
        throw new StreamError('indefinite', 'OUTCOME_UNKNOWN', message);
      }
    }
  }

  async #run(name: string, run: () => Promise<Answer>): Promise<Answer> {
    // The time of the request may be over by now, and what became of it has to be kept all the same.
    const { signal } = new AbortController();
    let answer: Answer;
    try {
      answer = await run();
    } catch (error) {
      if (toStreamError(error).kind !== 'indefinite') await this.#store.forget(name, signal);
      throw error;
    }
    // Without it the key stands for a request of which nobody knows: what was done is told all the same.
    await this.#store.finish(name, JSON.stringify(answer), signal).catch(() => undefined);
    return answer;
  }
}

function keyReused(): StreamError {
  const message = 'this Idempotency-Key was used for another request: take a new one';
  return new StreamError('conflict', 'IDEMPOTENCY_KEY_REUSED', message);
}

function repeated(answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' } };
}
