import type { Clock } from '@streamhouse/core/async/clock.ts';

/** Milliseconds of such work in one turn of the event loop. */
const SHARE_MS = 20;

/**
 * Bounds how long synchronous work keeps the event loop from everything else (I-41): one message may hold thousands of
 * batches that expand to 16 MiB each. Past its share the work waits for the next turn, first come, first served.
 */
export class TurnShare {
  readonly #clock: Clock;
  #spentMs = 0;
  #isTurnAwaited = false;
  #line: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether work has to wait for `nextTurn`. */
  get isSpent(): boolean {
    return this.#spentMs >= SHARE_MS;
  }

  nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      this.#line.push(resolve);
    });
  }

  /** Does the work now and counts its time. */
  run<T>(work: () => T): T {
    const startMs = this.#clock.monotonicMs();
    try {
      return work();
    } finally {
      this.#spentMs += this.#clock.monotonicMs() - startMs;
      this.#awaitTurn();
    }
  }

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    this.#clock.nextTurn(() => {
      this.#isTurnAwaited = false;
      this.#spentMs = 0;
      const line = this.#line;
      this.#line = [];
      for (const go of line) go();
    });
  }
}
