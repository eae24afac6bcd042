/** How much the SDK brings into one agent at level `object`: records and bytes per second, by size, partitions, producers. */
import type { Cluster } from '../harness/cluster.ts';
import { scrape } from './agent-usage.ts';
import {
  type BenchContext,
  createTopic,
  inTurn,
  startClients,
  startStage,
  afterWarmup,
} from './bench.ts';
import { type Figure, figure } from './figure.ts';
import type { WorkerProcess } from './worker-process.ts';

interface Shape {
  readonly recordBytes: number;
  readonly partitions: number;
  readonly producers: number;
}

interface Run {
  readonly recordsPerSecond: number;
  readonly mibPerSecond: number;
  /** Bytes of values over bytes stored. */
  readonly ratio: number;
}

const MIB = 1_048_576;
const PEAK_RECORD_BYTES = 100;
const SHAPES: readonly Shape[] = [100, 1_024].flatMap((recordBytes) =>
  [1, 24].flatMap((partitions) =>
    [1, 3].map((producers) => ({ recordBytes, partitions, producers })),
  ),
);
const PEAK_TARGET = { kind: 'atLeast', value: 500_000 } as const;
const SINGLE_TARGET = { kind: 'atLeast', value: 100 } as const;

export async function benchProduce(context: BenchContext): Promise<Figure[]> {
  await using cluster = await startStage(context, { agents: 1, objects: 'directory' });
  const figures: Figure[] = [];
  let peak: readonly number[] = [];
  let peakMedian = 0;
  for (const shape of SHAPES) {
    const runs = await inTurn(context.options.runs, (run) => measure(context, cluster, shape, run));
    const shown = figuresOf(shape, runs);
    figures.push(...shown);
    const median = shown[0]?.median ?? 0;
    if (shape.recordBytes === PEAK_RECORD_BYTES && median > peakMedian) {
      peakMedian = median;
      peak = runs.map((run) => run.recordsPerSecond);
    }
  }
  context.peakRecordsPerSecond = peakMedian;
  figures.unshift(figure('produce 100 B, best of all shapes', 'records/s', peak, PEAK_TARGET));
  return figures;
}

/** The rate that the latency benches take half of, when the produce bench did not run before them. */
export async function peakOf(context: BenchContext): Promise<number> {
  if (context.peakRecordsPerSecond === undefined) {
    await using cluster = await startStage(context, { agents: 1, objects: 'directory' });
    const shape = { recordBytes: PEAK_RECORD_BYTES, partitions: 24, producers: 1 };
    const { recordsPerSecond } = await measure(context, cluster, shape, 0);
    context.peakRecordsPerSecond = recordsPerSecond;
  }
  return context.peakRecordsPerSecond;
}

async function measure(
  context: BenchContext,
  cluster: Cluster,
  shape: Shape,
  run: number,
): Promise<Run> {
  const name = `produce-${shape.recordBytes}-${shape.partitions}-${shape.producers}-${run}`;
  const topic = await createTopic(cluster, name, shape.partitions);
  await using parts = new AsyncDisposableStack();
  const clients = startClients(context, shape.producers).map((client) => parts.use(client));
  const metricsUrl = cluster.agents[0]?.metricsUrl ?? '';
  const before = await scrape(metricsUrl);
  const rate = await produceSideBySide(context, cluster, clients, topic, shape);
  const after = await scrape(metricsUrl);
  const grown = (series: string): number => (after.get(series) ?? 0) - (before.get(series) ?? 0);
  const written = grown('streamhouse_log_records_total') * shape.recordBytes;
  const ratio = written / grown('streamhouse_log_bytes_total');
  context.say(
    `${name}: ${Math.round(rate).toLocaleString('en')} records/s, compressed ${ratio.toFixed(2)} to 1`,
  );
  return {
    recordsPerSecond: rate,
    mibPerSecond: (rate * shape.recordBytes) / MIB,
    ratio,
  };
}

async function produceSideBySide(
  { options }: BenchContext,
  cluster: Cluster,
  clients: readonly WorkerProcess[],
  topic: string,
  { recordBytes }: Shape,
): Promise<number> {
  const measureAtMs = afterWarmup();
  const rates = await Promise.all(
    clients.map((client, seed) =>
      client.ask({
        kind: 'produce',
        bootstrap: cluster.bootstrap,
        topic,
        recordBytes,
        compression: 'lz4',
        seed,
        measureAtMs,
        measureMs: options.seconds * 1_000,
      }),
    ),
  );
  return rates.reduce((sum, { records, elapsedMs }) => sum + (records * 1_000) / elapsedMs, 0);
}

function figuresOf(shape: Shape, runs: readonly Run[]): Figure[] {
  const { recordBytes, partitions, producers } = shape;
  const name = `produce ${recordBytes} B, ${partitions} partitions, ${producers} producers`;
  const isSingle = recordBytes === 1_024 && partitions === 1 && producers === 1;
  return [
    figure(
      name,
      'records/s',
      runs.map((run) => run.recordsPerSecond),
    ),
    figure(
      name,
      'MiB/s',
      runs.map((run) => run.mibPerSecond),
      isSingle ? SINGLE_TARGET : undefined,
    ),
    figure(
      `${name}, lz4`,
      'bytes:stored',
      runs.map((run) => run.ratio),
    ),
  ];
}
