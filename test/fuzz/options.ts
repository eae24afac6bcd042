/** The words of the command line -> what to fuzz. Pure. */
import { parseArgs } from 'node:util';

export interface FuzzOptions {
  readonly targets: readonly string[];
  /** Of each target. */
  readonly seconds: number;
  readonly seed: number;
  readonly isJson: boolean;
  /** Writes the seeds of the corpus instead. */
  readonly isWritingCorpus: boolean;
  /** Files that are given to the one target, in one round, instead of mutations. */
  readonly replay: readonly string[];
}

const SECONDS_DEFAULT = 10;
const SECONDS_MAX = 86_400;
const SEED_MAX = 0xffff_ffff;

export function helpText(targets: readonly string[]): string {
  return `npm run fuzz -- [options]: gives decoders and servers what is nearly right, and sees that they refuse it well.

  --target NAME[,NAME]  all unless given: ${targets.join(', ')}
  --seconds N           of each target (${SECONDS_DEFAULT})
  --seed N              the same inputs for the same seed (the time unless given)
  --replay FILE[,FILE]  these inputs and no others, to one --target
  --write-corpus        write the seeds of the corpus, and nothing else
  --json                one JSON document on stdout instead of a table

It ends with 1 when there is a finding, whose inputs are then in files.
`;
}

/** @throws Error that says what is wrong with the words. */
export function readOptions(
  words: readonly string[],
  targets: readonly string[],
  seed: number,
): FuzzOptions | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      target: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      replay: { type: 'string' },
      'write-corpus': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const options = {
    targets: readNames(values.target, targets),
    seconds: readInteger('seconds', values.seconds, SECONDS_DEFAULT, SECONDS_MAX),
    seed: readInteger('seed', values.seed, seed % SEED_MAX, SEED_MAX),
    isJson: values.json,
    isWritingCorpus: values['write-corpus'],
    replay: values.replay?.split(',') ?? [],
  };
  if (options.replay.length > 0 && options.targets.length !== 1)
    throw new Error('--replay needs one --target');
  return options;
}

function readNames(text: string | undefined, targets: readonly string[]): readonly string[] {
  if (text === undefined) return targets;
  const names = text.split(',');
  const unknown = names.find((name) => !targets.includes(name));
  if (unknown !== undefined)
    throw new Error(`--target: there is no "${unknown}"; there are ${targets.join(', ')}`);
  return names;
}

function readInteger(
  name: string,
  text: string | undefined,
  fallback: number,
  max: number,
): number {
  if (text === undefined) return fallback;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= max) return value;
  throw new Error(`--${name} must be a whole number from 1 to ${max}, got "${text}"`);
}
