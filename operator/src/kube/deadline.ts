import type { Clock } from '@streamhouse/core/async/clock.ts';
import { KubeError } from './kube-api.ts';

/** A signal that aborts with its parent, or with `indefinite` TIMED_OUT when it was not extended in time. */
export class Deadline implements Disposable {
  readonly #clock: Clock;
  readonly #parent: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onParent = (): void => this.#controller.abort(this.#parent.reason);
  #cancel: () => void = () => {};

  constructor(clock: Clock, parent: AbortSignal, delayMs: number) {
    this.#clock = clock;
    this.#parent = parent;
    if (parent.aborted) this.#onParent();
    else parent.addEventListener('abort', this.#onParent, { once: true });
    this.extend(delayMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on it aborts after `delayMs` and no earlier. */
  extend(delayMs: number): void {
    this.#cancel();
    this.#cancel = this.#clock.schedule(delayMs, () => {
      const message = `nothing came from the API server within ${delayMs} ms`;
      this.#controller.abort(new KubeError('indefinite', 'TIMED_OUT', message));
    });
  }

  [Symbol.dispose](): void {
    this.#cancel();
    this.#parent.removeEventListener('abort', this.#onParent);
  }
}
