/** The machine's clock. The one file of core that touches the runtime; only composition roots import it. */
import type { Clock } from './clock.ts';

const NS_PER_MS = 1e6;

export const systemClock: Clock = {
  // hrtime and not performance.now: the same base in every thread of the process.
  monotonicMs: () => Number(process.hrtime.bigint()) / NS_PER_MS,
  wallMs: () => Date.now(),
  schedule(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  nextTurn: (run) => void setImmediate(run),
};

/**
 * The same clock for a library inside someone's program: its timers keep the process alive, so that a program that awaits an
 * answer does not exit in the middle because no socket happens to be open. Whoever uses it cancels them when it closes.
 */
export const holdingClock: Clock = {
  ...systemClock,
  schedule(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
