/** How long a commit takes, from the time it was due. */
import { type BenchContext, createTopic, inTurn, startClients, startStage } from '../bench.ts';
import { type Figure, figure } from '../figure.ts';
import { LatencyHistogram } from '../stats.ts';

const MEMBERS = 10;
const PARTITIONS = 100;
const COMMITS_PER_SECOND = 100;
const WARMUP_MS = 2_000;
const TARGET = { kind: 'atMost', value: 20 } as const;

export async function benchGroupCommits(context: BenchContext): Promise<Figure[]> {
  await using cluster = await startStage(context, { agents: 1, objects: 'directory' });
  const topic = await createTopic(cluster, 'groups-commits', PARTITIONS);
  const runs = await inTurn(context.options.runs, async (run) => {
    const [client] = startClients(context, 1);
    if (client === undefined) throw new Error('no client');
    await using _owned = client;
    const { latencies, failed } = await client.ask({
      kind: 'commits',
      bootstrap: cluster.bootstrap,
      groupId: `commits-${run}`,
      topic,
      partitions: PARTITIONS,
      members: MEMBERS,
      commitsPerSecond: COMMITS_PER_SECOND,
      warmupMs: WARMUP_MS,
      measureMs: context.options.seconds * 1_000,
    });
    if (failed > 0) throw new Error(`${failed} commits failed`);
    const histogram = LatencyHistogram.from(latencies);
    const [p50, p99] = [histogram.percentile(0.5), histogram.percentile(0.99)];
    context.say(`commits ${run + 1}: p50 ${p50} ms, p99 ${p99} ms of ${histogram.total}`);
    return { p50, p99 };
  });
  const name = `commit, ${MEMBERS} members, ${COMMITS_PER_SECOND} commits/s`;
  return [
    figure(
      `${name}, p50`,
      'ms',
      runs.map(({ p50 }) => p50),
    ),
    figure(
      `${name}, p99`,
      'ms',
      runs.map(({ p99 }) => p99),
      TARGET,
    ),
  ];
}
