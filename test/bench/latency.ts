/** How long an acknowledgement takes, at a steady 10,000 records/s and at half of the peak, on a local and on a slow store. */
import type { Cluster } from '../harness/cluster.ts';
import {
  type BenchContext,
  createTopic,
  inTurn,
  startClients,
  startS3Stage,
  startStage,
  afterWarmup,
} from './bench.ts';
import { type Figure, figure, type Target } from './figure.ts';
import { peakOf } from './produce.ts';
import { LatencyHistogram } from './stats.ts';

const RECORD_BYTES = 100;
const PARTITIONS = 24;
const STEADY_RECORDS_PER_SECOND = 10_000;
const PERCENTILES = [
  ['p50', 0.5],
  ['p99', 0.99],
  ['p99.9', 0.999],
] as const;
const LOCAL_TARGET = { kind: 'atMost', value: 10 } as const;
const S3_TARGET = { kind: 'atMost', value: 350 } as const;

export async function benchLatency(context: BenchContext): Promise<Figure[]> {
  const peak = await peakOf(context);
  await using cluster = await startStage(context, { agents: 1, objects: 'directory' });
  return await latencies(context, cluster, 'ack', peak / 2, LOCAL_TARGET);
}

export async function benchLatencyS3(context: BenchContext): Promise<Figure[]> {
  const peak = await peakOf(context);
  await using s3 = await startS3Stage();
  await using cluster = await startStage(context, { agents: 1, objects: { gateway: s3.place } });
  return await latencies(context, cluster, 'ack with S3 latency', peak / 2, S3_TARGET);
}

async function latencies(
  context: BenchContext,
  cluster: Cluster,
  title: string,
  half: number,
  target: Target,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [what, rate] of [
    ['at 10,000 records/s', STEADY_RECORDS_PER_SECOND],
    ['at half of the peak', Math.round(half)],
  ] as const) {
    const runs = await inTurn(context.options.runs, (run) => measure(context, cluster, rate, run));
    for (const [name, share] of PERCENTILES) {
      figures.push(
        figure(
          `${title} ${name} ${what}`,
          'ms',
          runs.map((run) => run.percentile(share)),
          name === 'p99' ? target : undefined,
        ),
      );
    }
    if (what === 'at half of the peak') {
      figures.push(figure(`${title}: half of the peak`, 'records/s', [rate]));
    }
  }
  return figures;
}

async function measure(
  context: BenchContext,
  cluster: Cluster,
  recordsPerSecond: number,
  run: number,
): Promise<LatencyHistogram> {
  const topic = await createTopic(cluster, `latency-${recordsPerSecond}-${run}`, PARTITIONS);
  const [client] = startClients(context, 1);
  if (client === undefined) throw new Error('no client');
  await using _owned = client;
  const { latencies, failed, lateMsMax } = await client.ask({
    kind: 'openLoop',
    bootstrap: cluster.bootstrap,
    topic,
    recordBytes: RECORD_BYTES,
    compression: 'lz4',
    seed: run,
    measureAtMs: afterWarmup(),
    measureMs: context.options.seconds * 1_000,
    recordsPerSecond,
    partitions: 0,
  });
  if (failed > 0) throw new Error(`${failed} records failed: the figures would leave them out`);
  const histogram = LatencyHistogram.from(latencies);
  const shown = PERCENTILES.map(([name, share]) => `${name} ${histogram.percentile(share)} ms`);
  context.say(
    `${topic}: ${shown.join(', ')}; the load was at most ${lateMsMax.toFixed(1)} ms late`,
  );
  return histogram;
}
