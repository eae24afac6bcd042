/**
 * Virtual time. One event after the other; between two of them everything that the first one set going in promises runs to
 * its end. No other source of time or order is asked, so the same events come in the same order whatever the machine does.
 */
import { EventHeap } from './event-heap.ts';

export class Scheduler {
  readonly #heap = new EventHeap();
  #nowMs = 0;
  #steps = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Calls `run` after `delayMs`; the result cancels it. */
  after(delayMs: number, run: () => void): () => void {
    const event = this.#heap.push(this.#nowMs + Math.max(0, delayMs), run);
    return () => {
      event.run = undefined;
    };
  }

  /** Runs until `endMs`, or until `isDone` says so after an event. @throws what an event throws. */
  runUntil(endMs: number, isDone: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          // Whoever shares the thread gets a turn between two runs.
          if (isDone() || !this.#step(endMs)) setImmediate(resolve);
          else afterPromises(step);
        } catch (error) {
          reject(error as Error);
        }
      };
      step();
    });
  }

  /** Runs the next event that is not cancelled; false when none is left before `endMs`. */
  #step(endMs: number): boolean {
    for (;;) {
      const next = this.#heap.peek();
      if (next === undefined || next.atMs > endMs) {
        this.#nowMs = Math.max(this.#nowMs, endMs);
        return false;
      }
      this.#heap.pop();
      if (next.run === undefined) continue;
      this.#nowMs = next.atMs;
      this.#steps++;
      next.run();
      return true;
    }
  }
}

/**
 * Calls `run` when no promise has anything left to do. Node empties its queue of microtasks, in which this one waits, before
 * it looks for another tick; an immediate would wait for the same, and for a round of the event loop besides.
 */
function afterPromises(run: () => void): void {
  queueMicrotask(() => process.nextTick(run));
}
