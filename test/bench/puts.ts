/** That what the object store is asked for, and what it costs, does not depend on the number of partitions (I-42). */
import { setTimeout as rest } from 'node:timers/promises';
import { scrape } from './agent-usage.ts';
import {
  type BenchContext,
  createTopic,
  inTurn,
  startClients,
  startS3Stage,
  startStage,
  afterWarmup,
  wallMs,
} from './bench.ts';
import { type Figure, figure } from './figure.ts';
import { spreadOf } from './stats.ts';

const RECORD_BYTES = 100;
const RECORDS_PER_SECOND = 2_000;
const [FEW, MANY] = [10, 10_000];
/** Until the tokens that an idle agent has saved are spent. */
const SETTLE_MS = 6_000;
/** Windows of measurement in one run: the tokens saved and spent within a short one would count as a difference. */
const WINDOWS = 4;
const TARGET = { kind: 'atMost', value: 5 } as const;

export async function benchPuts(context: BenchContext): Promise<Figure[]> {
  const few = await inTurn(context.options.runs, () => measure(context, FEW));
  const many = await inTurn(context.options.runs, () => measure(context, MANY));
  const puts = (runs: typeof few): number[] => runs.map((run) => run.putsPerSecond);
  const middle = spreadOf(puts(few)).median;
  return [
    figure(`PUTs at ${FEW} partitions`, 'PUTs/s', puts(few)),
    figure(`PUTs at ${MANY.toLocaleString('en')} partitions`, 'PUTs/s', puts(many)),
    figure(
      'PUTs, difference of the two',
      '%',
      puts(many).map((rate) => (100 * Math.abs(rate - middle)) / middle),
      TARGET,
    ),
    figure(
      `agent publishes at ${MANY.toLocaleString('en')} partitions`,
      'publishes/s',
      many.map((run) => run.publishesPerSecond),
    ),
  ];
}

async function measure(context: BenchContext, partitions: number) {
  await using s3 = await startS3Stage();
  await using cluster = await startStage(context, { agents: 1, objects: { gateway: s3.place } });
  const topic = await createTopic(cluster, 'puts', partitions);
  const [client] = startClients(context, 1);
  if (client === undefined) throw new Error('no client');
  await using _owned = client;
  const measureMs = WINDOWS * context.options.seconds * 1_000;
  const measureAtMs = afterWarmup();
  const load = client.ask({
    kind: 'openLoop',
    bootstrap: cluster.bootstrap,
    topic,
    recordBytes: RECORD_BYTES,
    compression: 'lz4',
    seed: 1,
    measureAtMs,
    measureMs: SETTLE_MS + measureMs + 1_000,
    recordsPerSecond: RECORDS_PER_SECOND,
    partitions,
  });
  const counted = async (): Promise<readonly [puts: number, publishes: number]> => {
    const metrics = await scrape(cluster.agents[0]?.metricsUrl ?? '');
    return [await s3.puts(), metrics.get('streamhouse_metadata_publishes_total') ?? 0];
  };
  const run = countRates(counted, measureAtMs + SETTLE_MS - wallMs(), measureMs);
  const [{ failed }, rates] = await Promise.all([load, run]);
  if (failed > 0) throw new Error(`${failed} records failed`);
  context.say(`${partitions} partitions: ${rates.putsPerSecond.toFixed(2)} PUTs/s`);
  return rates;
}

async function countRates(
  counted: () => Promise<readonly [puts: number, publishes: number]>,
  settleMs: number,
  measureMs: number,
): Promise<{ putsPerSecond: number; publishesPerSecond: number }> {
  await rest(settleMs);
  const [startMs, [puts, publishes]] = [performance.now(), await counted()];
  await rest(measureMs);
  const [endMs, [putsAfter, publishesAfter]] = [performance.now(), await counted()];
  const perSecond = (count: number): number => (count * 1_000) / (endMs - startMs);
  return {
    putsPerSecond: perSecond(putsAfter - puts),
    publishesPerSecond: perSecond(publishesAfter - publishes),
  };
}
