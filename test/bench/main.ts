/** `npm run bench`: measures, then prints a table or one JSON document. What is under way is told on stderr. */
import { join } from 'node:path';
import { benchApi } from './api/api.ts';
import { benchConsole } from './console/console.ts';
import { benchConsume } from './consume.ts';
import type { Bench, BenchContext } from './bench.ts';
import { benchFailover, benchHandover } from './failover.ts';
import { type Figure, isFault } from './figure.ts';
import { benchFootprint } from './footprint.ts';
import { benchLatency, benchLatencyS3 } from './latency.ts';
import { benchGroups } from './groups/groups.ts';
import { machineFacts } from './machine.ts';
import { benchOperator } from './operator.ts';
import { type BenchName, type BenchOptions, HELP, readOptions } from './options.ts';
import { readProfiles, selfTimes, type SelfTime } from './profile.ts';
import { benchProduce } from './produce.ts';
import { benchPuts } from './puts.ts';
import { renderFigures, renderProfiles } from './report.ts';
import { benchSoak } from './soak.ts';

const PROFILED = ['agent', 'client', 'operator'] as const;
const PROFILE_ROWS = 15;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const BENCH: Readonly<Record<BenchName, Bench>> = {
  produce: benchProduce,
  consume: benchConsume,
  latency: benchLatency,
  'latency-s3': benchLatencyS3,
  footprint: benchFootprint,
  puts: benchPuts,
  failover: benchFailover,
  handover: benchHandover,
  groups: benchGroups,
  api: benchApi,
  console: benchConsole,
  soak: benchSoak,
  operator: benchOperator,
};

const NOTES = [
  'agents, Postgres and clients share the machine; every client is a process of its own and uses the SDK',
  'records are JSON of exactly the size named, all different within a batch, without keys, made before measuring',
  'SDK defaults, durability object, lz4',
  'a target is met when the median of the runs meets it',
  'from the store: the agent is restarted, the caches of the operating system are warm',
  'S3 latency: a gateway in its own process delays each PUT, p50 60 ms and p99 250 ms, log-normal',
];

interface Outcome {
  readonly figures: readonly Figure[];
  readonly failures: readonly { readonly bench: BenchName; readonly error: string }[];
}

async function measure(options: BenchOptions): Promise<Outcome> {
  const startMs = performance.now();
  const context: BenchContext = {
    options,
    say: (line) => {
      const seconds = ((performance.now() - startMs) / 1_000).toFixed(1).padStart(7);
      process.stderr.write(`${seconds} s  ${line}\n`);
    },
    peakRecordsPerSecond: undefined,
  };
  const figures: Figure[] = [];
  const failures: { bench: BenchName; error: string }[] = [];
  for (const bench of options.only) {
    context.say(bench);
    try {
      figures.push(...(await BENCH[bench](context)));
    } catch (error) {
      // The others are worth having all the same.
      failures.push({ bench, error: String(error) });
      context.say(`${bench} failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  return { figures, failures };
}

/** Where the time went, by kind of process. */
async function profiles({
  profileFolder,
}: BenchOptions): Promise<Readonly<Record<string, readonly SelfTime[]>>> {
  if (profileFolder === undefined) return {};
  const tops = PROFILED.map(async (who) => {
    const times = selfTimes(await readProfiles(join(profileFolder, who)));
    return [who, times.slice(0, PROFILE_ROWS)] as const;
  });
  return Object.fromEntries(await Promise.all(tops));
}

async function main(words: readonly string[]): Promise<void> {
  let options: BenchOptions | 'help';
  try {
    options = readOptions(words);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  if (options === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const [startedAt, machine] = [new Date().toISOString(), machineFacts()];
  const { figures, failures } = await measure(options);
  const finishedAt = new Date().toISOString();
  const tops = await profiles(options);
  const document = {
    startedAt,
    finishedAt,
    machine,
    options,
    notes: NOTES,
    figures,
    failures,
    profiles: tops,
  };
  process.stdout.write(
    options.isJson
      ? `${JSON.stringify(document, undefined, 2)}\n`
      : renderFigures(figures) + renderProfiles(tops),
  );
  for (const { name, median, unit } of figures.filter(isFault))
    process.stderr.write(`beyond what may be: ${name}, ${median.toFixed(1)} ${unit}\n`);
  if (failures.length > 0 || figures.some(isFault)) process.exitCode = EXIT_FAILED;
}

await main(process.argv.slice(2));
