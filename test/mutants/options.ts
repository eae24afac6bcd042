/** The words of the command line -> which mutants. Pure. */
import { parseArgs } from 'node:util';
import type { Mutant } from './mutant.ts';

export interface MutantOptions {
  readonly mutants: readonly Mutant[];
  readonly isJson: boolean;
}

export const HELP: string = `npm run mutants -- [options]: the product with one bug each must be noticed by its tests.

  --only ID[,ID]  these mutants only
  --json          one JSON document on stdout instead of a table
  --list          what there is: mutants, the invariants that they break, what kills them

Exit code: 0 every mutant was killed, 1 one survived, 2 wrong words, 3 nothing can be said: the tree without any bug does
not pass, or a test ended without saying what it found.
`;

/** @throws Error that says what is wrong with the words. */
export function readOptions(
  words: readonly string[],
  all: readonly Mutant[],
): MutantOptions | 'help' | 'list' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.list) return 'list';
  return { mutants: select(values.only, all), isJson: values.json };
}

function select(text: string | undefined, all: readonly Mutant[]): readonly Mutant[] {
  if (text === undefined) return all;
  return text.split(',').map((id) => {
    const known = all.find((mutant) => mutant.id === id);
    if (known === undefined) throw new Error(`--only: there is no mutant "${id}"; see --list`);
    return known;
  });
}
