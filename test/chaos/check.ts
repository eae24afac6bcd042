/** The checker as the program that it is: it knows nothing of the product, and the harness only what it prints. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const PROGRAM = join(import.meta.dirname, 'checker', 'main.ts');
/** It found something; its other exits but 0 mean that it could not judge. */
const EXIT_ANOMALIES = 1;

/** As `npm run check-history -- FILE --json` prints it. */
interface Printed {
  readonly anomalies: readonly {
    readonly kind: string;
    readonly total: number;
    readonly findings: readonly { readonly text: string }[];
  }[];
  readonly figures: unknown;
}

export interface Checked {
  /** One sentence for each kind of anomaly that was found. */
  readonly anomalies: readonly string[];
  readonly figures: unknown;
}

/** @throws Error with what the checker said when it could not judge. */
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
  if (child.exitCode !== 0 && child.exitCode !== EXIT_ANOMALIES)
    throw new Error(`the checker ended with ${child.exitCode}: ${complaint}`);
  const { anomalies, figures } = JSON.parse(output) as Printed;
  return {
    anomalies: anomalies.map(
      ({ kind, total, findings }) => `${kind}, ${total} times; first: ${findings[0]?.text}`,
    ),
    figures,
  };
}
