/** The words of the command line -> what to measure. Pure. */
import { parseArgs } from 'node:util';

export const BENCHES = [
  'produce',
  'consume',
  'latency',
  'latency-s3',
  'footprint',
  'puts',
  'failover',
  'handover',
  'groups',
  'api',
  'console',
] as const;
/** Too long to be measured with the others, or with needs of their own: `operator` takes a Kubernetes control plane. */
const ON_REQUEST = ['soak', 'operator'] as const;
export type BenchName = (typeof BENCHES | typeof ON_REQUEST)[number];

export interface BenchOptions {
  readonly only: readonly BenchName[];
  /** Of each throughput and latency measurement. */
  readonly runs: number;
  /** Seconds of each measurement, after the warm-up. */
  readonly seconds: number;
  /** Of each failover and handover. */
  readonly faults: number;
  readonly isJson: boolean;
  /** Folder for CPU profiles of agents and clients; undefined: none. */
  readonly profileFolder: string | undefined;
}

export const HELP: string = `npm run bench -- [options]: measures a cluster of real processes on this machine.

  --only NAME[,NAME]  ${BENCHES.join(', ')};
                      ${ON_REQUEST.join(', ')}: one run, asked for by name
  --runs N            of each measurement (3)
  --seconds N         of each run, after its warm-up (8)
  --faults N          of each kind of failover and handover, and of rebalances (20)
  --quick             one run of 2 seconds, 2 faults: to see that it works, not how fast
  --profile DIR       write CPU profiles of agents and clients there, and say what they spend their time on
  --json              one JSON document on stdout instead of a table
`;

/** @throws Error that says what is wrong with the words. */
export function readOptions(words: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string' },
      runs: { type: 'string' },
      seconds: { type: 'string' },
      faults: { type: 'string' },
      quick: { type: 'boolean', default: false },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const defaults = values.quick
    ? { runs: 1, seconds: 2, faults: 2 }
    : { runs: 3, seconds: 8, faults: 20 };
  return {
    only: readNames(values.only),
    runs: readCount('runs', values.runs, defaults.runs),
    seconds: readCount('seconds', values.seconds, defaults.seconds),
    faults: readCount('faults', values.faults, defaults.faults),
    isJson: values.json,
    profileFolder: values.profile,
  };
}

function readNames(text: string | undefined): readonly BenchName[] {
  if (text === undefined) return BENCHES;
  const names = [...BENCHES, ...ON_REQUEST];
  return text.split(',').map((name) => {
    const known = names.find((bench) => bench === name);
    if (known === undefined)
      throw new Error(`--only: there is no "${name}"; there are ${names.join(', ')}`);
    return known;
  });
}

function readCount(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new Error(`--${name} must be a whole number from 1 to 9999, got "${text}"`);
  return count;
}
