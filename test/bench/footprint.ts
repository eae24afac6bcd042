/** What an agent's process needs for 10,000 records/s: memory and processor. */
import { setTimeout as rest } from 'node:timers/promises';
import type { Cluster } from '../harness/cluster.ts';
import { rssMiB, watchUsage } from './agent-usage.ts';
import {
  type BenchContext,
  createTopic,
  inTurn,
  restartAgent,
  startClients,
  startStage,
  afterWarmup,
  wallMs,
} from './bench.ts';
import { type Figure, figure } from './figure.ts';

const RECORD_BYTES = 100;
const PARTITIONS = 24;
const RECORDS_PER_SECOND = 10_000;
/** At that rate the agent's cache of 32 MiB is full then: until it is, memory only grows. */
const WARMUP_MS = 75_000;
/** For a started agent to come to rest. */
const IDLE_MS = 2_000;
const TARGET = { kind: 'atMost', value: 150 } as const;

export async function benchFootprint(context: BenchContext): Promise<Figure[]> {
  const runs = await inTurn(context.options.runs, (run) => measure(context, run));
  const column = (read: (run: (typeof runs)[number]) => number): number[] => runs.map(read);
  return [
    figure(
      'agent memory, idle',
      'MiB RSS',
      column((run) => run.idleMiB),
    ),
    figure(
      'agent memory at 10,000 records/s, greatest',
      'MiB RSS',
      column((run) => run.rssMiBMax),
      TARGET,
    ),
    figure(
      'agent memory at 10,000 records/s, middle',
      'MiB RSS',
      column((run) => run.rssMiBMedian),
    ),
    figure(
      'agent processor at 10,000 records/s',
      '% of a core',
      column((run) => run.cpuPercent),
    ),
  ];
}

/** A fresh agent each time: memory depends on what a process has done before. */
async function measure(context: BenchContext, run: number) {
  await using cluster = await startStage(context, { agents: 1, objects: 'directory' });
  // The first start of a home compiles everything, which takes memory once.
  await restartAgent(cluster);
  const pid = pidOf(cluster);
  await rest(IDLE_MS);
  const idleMiB = await rssMiB(pid);
  const topic = await createTopic(cluster, 'footprint', PARTITIONS);
  const [client] = startClients(context, 1);
  if (client === undefined) throw new Error('no client');
  await using _owned = client;
  const measureAtMs = afterWarmup(WARMUP_MS);
  const load = client.ask({
    kind: 'openLoop',
    bootstrap: cluster.bootstrap,
    topic,
    recordBytes: RECORD_BYTES,
    compression: 'lz4',
    seed: run,
    measureAtMs,
    measureMs: context.options.seconds * 1_000,
    recordsPerSecond: RECORDS_PER_SECOND,
    partitions: 0,
  });
  await rest(measureAtMs - wallMs());
  const usage = await watchUsage(pid, load);
  await load;
  context.say(
    `footprint: ${usage.rssMiBMax.toFixed(0)} MiB, ${usage.cpuPercent.toFixed(0)} % of a core`,
  );
  return { idleMiB, ...usage };
}

function pidOf(cluster: Cluster): number {
  const pid = cluster.agents[0]?.pid;
  if (pid === undefined) throw new Error('the agent does not run');
  return pid;
}
