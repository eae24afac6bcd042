/** The words of the command line -> what to simulate. Pure. */
import { parseArgs } from 'node:util';

export interface SimulateOptions {
  readonly seeds: number;
  readonly firstSeed: number;
  readonly isJson: boolean;
  readonly isTraced: boolean;
}

export const HELP: string = `npm run simulate -- [options]: runs agents and clients on virtual time, with faults from a seed.

  --seeds N   runs, of N seeds in a row (20)
  --seed S    the first of them (1)
  --trace     print all that happens
  --json      one JSON document on stdout
Exit: 0 all invariants held, 1 one was violated, 2 the words are wrong.
`;

/** @throws Error that says what is wrong with the words. */
export function readOptions(words: readonly string[]): SimulateOptions | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      seeds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { json: isJson, trace: isTraced } = values;
  const [seeds, firstSeed] = [readCount('seeds', values.seeds), readCount('seed', values.seed)];
  return { seeds, firstSeed, isJson, isTraced };
}

function readCount(name: string, text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new Error(`--${name} must be a whole number from 1, got "${text}"`);
  return count;
}
