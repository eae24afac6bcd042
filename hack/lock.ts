import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
const BEAT_MS = 1_000;
/** A holder that missed this many beats in a row is gone. */
const STALE_MS = 30 * BEAT_MS;

/**
 * Runs `work` while no other process on this machine does under the same path. A holder that died is replaced.
 * @throws the signal's reason when it aborts before it is our turn.
 */
export async function whileLocked<T>(
  path: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const holder = randomUUID();
  while (!(await take(path, holder))) {
    signal.throwIfAborted();
    await sleep(POLL_MS);
  }
  const beat = setInterval(() => {
    // Gone where this machine slept for long: the work goes on all the same.
    utimes(path, new Date(), new Date()).catch(() => undefined);
  }, BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    const current = await readFile(path, 'utf8').catch(() => '');
    if (current === holder) await rm(path, { force: true });
  }
}

async function take(path: string, holder: string): Promise<boolean> {
  try {
    await writeFile(path, holder, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const beatMs = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
  if (Date.now() - beatMs < STALE_MS) return false;
  // Of several that wait one takes it away; it tries again like all others.
  const taken = `${path}.${randomUUID()}`;
  await rename(path, taken).then(
    () => rm(taken),
    () => undefined,
  );
  return false;
}
