import { createInterface } from 'node:readline';
import type { CliContext } from './context.ts';
import { CommandError, EXIT } from './exit-code.ts';

/** Asks on the terminal. @throws CommandError unless the answer is yes. */
export async function confirm(question: string, context: CliContext): Promise<void> {
  await context.stderr.writeText(`${question} [y/N] `);
  const answer = await firstLine(context);
  context.interrupted.throwIfAborted();
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new CommandError(EXIT.failed, 'nothing is changed');
}

/** Empty when the input ends first, or the command is interrupted. */
async function firstLine({ stdin, interrupted }: CliContext): Promise<string> {
  const lines = createInterface({ input: stdin, terminal: false, signal: interrupted });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
  }
}
