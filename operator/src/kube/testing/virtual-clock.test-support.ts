import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '@streamhouse/core/async/clock.ts';

const STEPS_MAX = 5_000;

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** Time that only the test moves. Turns of the event loop are real: sockets need them. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  nextTurn(run: () => void): void {
    setImmediate(run);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Timers that are due run in their order, each followed by the turns in which what it woke goes on. */
  async pass(delayMs: number): Promise<void> {
    await settle();
    const endMs = this.#nowMs + delayMs;
    for (let next = this.#next(); next !== undefined && next.atMs <= endMs; next = this.#next()) {
      this.#fire(next);
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }

  /** Moves to the next timer whenever nothing happens any more, until the condition holds. @throws when it never does. */
  async until(isSo: () => boolean): Promise<void> {
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      await settle();
      if (isSo()) return;
      const next = this.#next();
      if (next !== undefined) this.#fire(next);
    }
    throw new Error('it did not become so');
  }

  /** Time goes on and no timer runs, as in a process that is stopped, until the result is called. */
  freeze(delayMs: number): () => void {
    this.#nowMs += delayMs;
    return () => {
      for (const timer of this.#timers) if (timer.atMs <= this.#nowMs) this.#fire(timer);
    };
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (first === undefined || timer.atMs < first.atMs) first = timer;
    return first;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    timer.run();
  }
}

/** Enough turns for a request to a server in this process and its answer; time that passes too early is one more fault. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 12; turns++) await turn();
}
