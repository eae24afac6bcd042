/** Says aloud why there is no node on this machine, or has its programs built while other tests run. */
import { findNode } from './end-to-end.ts';

/** Begins, and resolves how to end. */
export async function setup(): Promise<() => Promise<void>> {
  const ending = new AbortController();
  const log = (line: string): void => console.error(`tests on a node: ${line}`);
  const told = findNode({ signal: ending.signal, log, isLowPriority: true }).then(
    (found) => {
      if ('reason' in found) log(`SKIPPED: ${found.reason}`);
    },
    // The test finds the same and fails.
    () => {},
  );
  return async () => {
    ending.abort();
    await told;
  };
}
