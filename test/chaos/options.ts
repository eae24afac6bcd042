/** The words of the command line -> what to run. Pure. */
import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind } from './faults/fault.ts';

export interface ChaosOptions {
  /** Of the first run; each later one has the next. */
  readonly seed: number;
  readonly runs: number;
  /** Milliseconds of each run in which clients work and faults come. */
  readonly runMs: number;
  readonly kinds: readonly FaultKind[];
  /** Undefined: faults of these kinds. */
  readonly pauses: number | undefined;
  readonly isJson: boolean;
}

export const HELP: string = `npm run chaos -- [options]: a cluster of real processes, broken on purpose, and its history checked.

  --seed N        decides what is broken when (1)
  --minutes M     of faults, over all runs (1)
  --seeds K       runs, each with a fresh cluster and the next seed; they share the minutes (1)
  --faults A,B    only these: ${wrapped(FAULT_KINDS)}
  --pauses N      instead: N holders stopped past their session, half of them in a PUT; --minutes at most (60)
  --json          run.json of each run on stdout, one a line; progress on stderr
  --help

Every run is kept in .cache/chaos/. Exit code: 0 passed, 1 violated, 2 usage, 3 void, 4 not finished.
`;

const RUN_MS_MIN = 20_000;
const MINUTES_MAX = 24 * 60;

/** @throws Error that says what is wrong with the words. */
export function readOptions(words: readonly string[]): ChaosOptions | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string' },
      seeds: { type: 'string', default: '1' },
      faults: { type: 'string' },
      pauses: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const runs = readNumber('seeds', values.seeds, 1, 1_000);
  const { faults, minutes = values.pauses === undefined ? '1' : '60' } = values;
  if (faults !== undefined && values.pauses !== undefined)
    throw new Error('--pauses goes without --faults');
  const runMs = (readNumber('minutes', minutes, 0, MINUTES_MAX) * 60_000) / runs;
  if (runMs < RUN_MS_MIN)
    throw new Error(
      `--minutes: each run needs ${RUN_MS_MIN / 1_000} s, these have ${runMs / 1_000} s`,
    );
  return {
    seed: readNumber('seed', values.seed, 0, 2 ** 31),
    runs,
    runMs,
    kinds: readKinds(faults),
    pauses:
      values.pauses === undefined ? undefined : readNumber('pauses', values.pauses, 1, 100_000),
    isJson: values.json,
  };
}

function readKinds(text: string | undefined): readonly FaultKind[] {
  if (text === undefined) return FAULT_KINDS;
  return text.split(',').map((name) => {
    const known = FAULT_KINDS.find((kind) => kind === name);
    if (known === undefined)
      throw new Error(`--faults: there is no "${name}"; there are ${FAULT_KINDS.join(', ')}`);
    return known;
  });
}

function readNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max && (name === 'minutes' || Number.isInteger(value))) return value;
  throw new Error(`--${name} must be a number from ${min} to ${max}, got "${text}"`);
}

function wrapped(names: readonly string[]): string {
  const lines: string[] = [];
  for (let start = 0; start < names.length; start += 5)
    lines.push(names.slice(start, start + 5).join(', '));
  return lines.join(',\n                  ');
}
