import { StreamError } from '../errors.ts';

/** Time as a port, so that tests and the simulation own it. */
export interface Clock {
  /** Monotonic milliseconds, fractional. Only differences mean something. Use it for every deadline. */
  monotonicMs(): number;
  /** Milliseconds since 1970 as the machine believes. For stamps that people read, never for safety (I-22). */
  wallMs(): number;
  /** Calls `run` once after `delayMs`; the result cancels it. Only the clocks say whether it keeps the process alive. */
  schedule(delayMs: number, run: () => void): () => void;
  /** Calls `run` in the next turn of the event loop: whatever has arrived by now is taken in before. */
  nextTurn(run: () => void): void;
}

/** Numbers in [0, 1). */
export type Random = () => number;

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts. */
export function delay(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const cancel = clock.schedule(delayMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    function onAbort(): void {
      cancel();
      reject(signal.reason);
    }
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** A signal that aborts with `unavailable` TIMED_OUT after `delayMs`, unless it is disposed of before. */
export function abortAfter(
  clock: Clock,
  delayMs: number,
): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const cancel = clock.schedule(delayMs, () => {
    const message = `not done within ${delayMs} ms`;
    controller.abort(new StreamError('unavailable', 'TIMED_OUT', message));
  });
  return { signal: controller.signal, [Symbol.dispose]: cancel };
}
