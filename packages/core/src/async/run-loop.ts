import type { Clock, Random } from './clock.ts';

/** Wakes a loop before its interval is over. Many calls before the wake-up count as one. */
export class Trigger {
  #isSet = false;
  #wake: (() => void) | undefined;

  fire(): void {
    this.#isSet = true;
    this.#wake?.();
  }

  /** Whether it has fired since it was last asked. */
  take(): boolean {
    const wasSet = this.#isSet;
    this.#isSet = false;
    return wasSet;
  }

  /** Calls `run` at every `fire`, in the place of who was called before; the result takes it back. */
  onFire(run: () => void): () => void {
    this.#wake = run;
    return () => {
      this.#wake = undefined;
    };
  }

  /** Resolves at the next `fire`, at once when one came since the last `wait`. */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.take()) return;
    // A signal that has aborted says so no second time.
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        stopWaiting();
        reject(signal.reason);
      };
      const stopWaiting = this.onFire(() => {
        stopWaiting();
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      signal.addEventListener('abort', onAbort, { once: true });
    });
    this.take();
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

/** Resolves when the time is over, the trigger has fired, or the signal aborts. */
async function pause(
  clock: Clock,
  waitMs: number,
  trigger: Trigger | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted || trigger?.take() === true) return;
  // By hand: signals made for each wait cost more than most ticks.
  await new Promise<void>((resolve) => {
    const end = (): void => {
      cancel();
      stopWaiting?.();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.schedule(waitMs, end);
    const stopWaiting = trigger?.onFire(end);
    signal.addEventListener('abort', end, { once: true });
  });
  trigger?.take();
}
