import { pause } from '@streamhouse/standalone/process.ts';

const POLL_MS = 20;

/** Waits until the condition holds. @throws the signal's reason when it aborts first. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  while (!(await condition())) await pause(POLL_MS, signal);
}
