/** The log file of one agent: appended by the process itself, kept below a bound and read back by the supervisor. */
import { copyFile, open, stat, truncate } from 'node:fs/promises';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';

/** Bytes of a log file before it is moved to FILE.1, which replaces the one before: an agent keeps at most twice that. */
const LOG_FILE_BYTES_MAX = 16_777_216;

const TAIL_BYTES_MAX = 16_384;
const CHECK_MS = 10_000;

/** The last lines of a text file; none when it cannot be read. */
export async function lastLines(path: string, count: number): Promise<string[]> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const length = Math.min(size, TAIL_BYTES_MAX);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const lines = buffer.toString('utf8').split('\n');
    return lines.filter((line) => line.trim() !== '').slice(-count);
  } catch {
    return [];
  }
}

/**
 * Moves the content away when it has become too much. The writer keeps its descriptor: it appends, so after the cut it goes on
 * at the start. Lines written between the copy and the cut are lost.
 */
export async function boundLogFile(
  path: string,
  bytesMax: number = LOG_FILE_BYTES_MAX,
): Promise<void> {
  const { size } = await stat(path);
  if (size <= bytesMax) return;
  await copyFile(path, `${path}.1`);
  await truncate(path, 0);
}

/** Keeps log files below their bound until the signal aborts. Never rejects. */
export async function boundLogFiles(
  files: () => readonly string[],
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await runLoop(
    {
      name: 'log-files',
      everyMs: CHECK_MS,
      clock: systemClock,
      random: Math.random,
      signal,
      onError: (error) => log(`a log file could not be shortened: ${(error as Error).message}`),
    },
    async () => {
      await Promise.all(files().map((file) => boundLogFile(file)));
    },
  );
}
