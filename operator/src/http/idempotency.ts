import { hash } from 'node:crypto';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { InvalidRequest } from './problem.ts';

const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Answers by `Idempotency-Key`, so that a request that comes again is not done again. What failed before anything was done is
 * forgotten; an answer of which it is not known whether it was done is kept, as a second attempt could do it twice.
 * Of this process: a client that repeats a request goes to the same replica, or finds what it made by reading.
 */
export class RepeatedRequests<T> {
  readonly #answers = new Map<string, { readonly request: string; readonly answer: Promise<T> }>();

  /**
   * @param who and the operation, within which a key is one.
   * @param request all that the caller sent.
   * @throws StreamError `conflict` IDEMPOTENCY_KEY_REUSED; InvalidRequest for a key that is none.
   */
  async once(
    who: string,
    key: string | undefined,
    request: unknown,
    run: () => Promise<T>,
  ): Promise<{ readonly answer: T; readonly isRepeated: boolean }> {
    if (key === undefined) return { answer: await run(), isRepeated: false };
    if (!KEY.test(key)) {
      const message = 'must have 1 to 255 visible characters';
      throw new InvalidRequest([{ path: 'headers.idempotency-key', message }]);
    }
    const name = `${who} ${key}`;
    const fingerprint = hash('sha256', JSON.stringify(request));
    const known = this.#answers.get(name);
    if (known === undefined)
      return { answer: await this.#keep(name, fingerprint, run()), isRepeated: false };
    if (known.request === fingerprint) return { answer: await known.answer, isRepeated: true };
    const message = 'this Idempotency-Key was used for another request: take a new one';
    throw new StreamError('conflict', 'IDEMPOTENCY_KEY_REUSED', message);
  }

  async #keep(name: string, request: string, answer: Promise<T>): Promise<T> {
    this.#answers.set(name, { request, answer });
    const oldest = this.#answers.keys().next().value;
    if (this.#answers.size > LIMITS.apiIdempotentAnswersMax && oldest !== undefined)
      this.#answers.delete(oldest);
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof StreamError && error.kind === 'indefinite'))
        this.#answers.delete(name);
      throw error;
    }
  }
}
