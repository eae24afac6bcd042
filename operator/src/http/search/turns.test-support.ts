/** How long a thread keeps others waiting. */

const EVERY_MS = 5;

export interface TurnWatch extends Disposable {
  /** Milliseconds of the CPU that the longest turn of this thread's event loop took. */
  longestMs(): number;
}

/** Counts what the thread itself took: a machine that is busy with other things does not count. */
export function watchTurns(): TurnWatch {
  let [longestMs, lastMs] = [0, cpuMs()];
  const look = (): void => {
    const nowMs = cpuMs();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    longestMs: () => {
      look();
      return longestMs;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
