import { type Clock, delay, type Random } from './clock.ts';

/** Wakes a loop before its interval is over. Many calls before the wake-up count as one. */
export class Trigger {
  #isSet = false;
  #wake: (() => void) | undefined;

  fire(): void {
    this.#isSet = true;
    this.#wake?.();
  }

  /** Resolves at the next `fire`, at once when one came since the last `wait`. */
  async wait(signal: AbortSignal): Promise<void> {
    if (!this.#isSet) {
      // A signal that has aborted says so no second time.
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => reject(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        this.#wake = () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        };
      }).finally(() => {
        this.#wake = undefined;
      });
    }
    this.#isSet = false;
  }
}

export interface LoopOptions {
  readonly name: string;
  /** Milliseconds between the end of one tick and the start of the next. */
  readonly everyMs: number;
  /** Share of `everyMs` added at random, 0..1, so that processes do not beat in step. */
  readonly jitter?: number;
  readonly trigger?: Trigger;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** A tick that throws is reported here and the loop goes on. */
  readonly onError: (error: unknown, name: string) => void;
}

/** Runs `tick` at once and then every interval or trigger, one at a time, until the signal aborts. Never rejects. */
export async function runLoop(
  options: LoopOptions,
  tick: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { signal, clock, random } = options;
  while (!signal.aborted) {
    try {
      await tick(signal);
    } catch (error) {
      if (!signal.aborted) options.onError(error, options.name);
    }
    const waitMs = options.everyMs * (1 + (options.jitter ?? 0) * random());
    await pause(clock, waitMs, options.trigger, signal);
  }
}

async function pause(
  clock: Clock,
  waitMs: number,
  trigger: Trigger | undefined,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const waits = [delay(clock, waitMs, either)];
  if (trigger !== undefined) waits.push(trigger.wait(either));
  try {
    await Promise.race(waits);
  } catch {
    // Aborted: the caller's loop condition sees it.
  } finally {
    done.abort();
    await Promise.allSettled(waits);
  }
}
