/** What hours of load leave behind in an agent's process: memory that grows, descriptors and connections that stay open. */
import { setTimeout as rest } from 'node:timers/promises';
import { openFiles, type OpenFiles, rssMiB } from './agent-usage.ts';
import {
  afterWarmup,
  type BenchContext,
  createTopic,
  restartAgent,
  startClients,
  startStage,
  wallMs,
} from './bench.ts';
import { type Figure, figure } from './figure.ts';
import { type Sample, slopePerHour, spreadOf } from './stats.ts';

const RECORD_BYTES = 100;
const PARTITIONS = 24;
const RECORDS_PER_SECOND = 10_000;
const SAMPLE_MS = 1_000;
/** Of the whole time: caches fill and the compiler works, which is not growth. */
const WARM_UP_SHARE = 0.25;
const SLOPE_TARGET = { kind: 'atMost', value: 1 } as const;
const MINUTE_MS = 60_000;

interface Reading extends OpenFiles {
  readonly atMs: number;
  readonly rssMiB: number;
}

/** One run, as long as `--seconds`: a producer at a fixed rate, and a consumer behind it. */
export async function benchSoak(context: BenchContext): Promise<Figure[]> {
  const measureMs = context.options.seconds * 1_000;
  await using cluster = await startStage(context, { agents: 1, objects: 'directory' });
  await restartAgent(cluster);
  const topic = await createTopic(cluster, 'soak', PARTITIONS);
  const { bootstrap } = cluster;
  const [producer, consumer] = startClients(context, 2);
  const pid = cluster.agents[0]?.pid;
  if (producer === undefined || consumer === undefined || pid === undefined)
    throw new Error('the cluster is not complete');
  await using _producer = producer;
  await using _consumer = consumer;
  const measureAtMs = afterWarmup();
  const load = producer.ask({
    ...{ kind: 'openLoop', bootstrap, topic, recordBytes: RECORD_BYTES, compression: 'lz4' },
    ...{ seed: 1, measureAtMs, measureMs },
    ...{ recordsPerSecond: RECORDS_PER_SECOND, partitions: 0 },
  });
  const untilMs = measureAtMs + measureMs;
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  const following = consumer.ask({ kind: 'follow', bootstrap, topic, partitions, untilMs });
  const readings = await watch(context, pid, untilMs);
  const [{ failed }, { records }] = await Promise.all([load, following]);
  const startMs = measureAtMs + WARM_UP_SHARE * measureMs;
  const settled = readings.filter(({ atMs }) => atMs >= startMs);
  return figuresOf(settled, failed, records);
}

async function watch(context: BenchContext, pid: number, untilMs: number): Promise<Reading[]> {
  const readings: Reading[] = [];
  let saidMs = wallMs();
  for (let nowMs = saidMs; nowMs < untilMs; nowMs = wallMs()) {
    const reading = { atMs: nowMs, rssMiB: await rssMiB(pid), ...(await openFiles(pid)) };
    readings.push(reading);
    if (nowMs - saidMs >= MINUTE_MS) {
      saidMs = nowMs;
      const { descriptors, connections } = reading;
      context.say(
        `soak: ${reading.rssMiB.toFixed(0)} MiB, ${descriptors} descriptors, ${connections} connections`,
      );
    }
    await rest(SAMPLE_MS);
  }
  return readings;
}

function figuresOf(readings: readonly Reading[], failed: number, consumed: number): Figure[] {
  const memory = readings.map(({ atMs, rssMiB: value }): Sample => ({ atMs, value }));
  const spread = (read: (reading: Reading) => number): number[] => {
    const { min, median, max } = spreadOf(readings.map(read));
    return [min, median, max];
  };
  return [
    figure('soak: growth of memory', 'MiB RSS/h', [slopePerHour(memory)], SLOPE_TARGET),
    figure(
      'soak: memory',
      'MiB RSS',
      spread((reading) => reading.rssMiB),
    ),
    figure(
      'soak: open descriptors',
      'descriptors',
      spread(({ descriptors }) => descriptors),
    ),
    figure(
      'soak: open connections',
      'sockets',
      spread(({ connections }) => connections),
    ),
    figure('soak: sends that failed', 'records', [failed], { kind: 'atMost', value: 0 }),
    figure('soak: records consumed', 'records', [consumed]),
  ];
}
