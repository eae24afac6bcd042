/** What groups cost that do nothing: the processor time of their agent, beside that of the same agent without them. */
import { setTimeout as rest } from 'node:timers/promises';
import { connectAdmin } from '@streamhouse/client/mod.ts';
import type { Cluster } from '../../harness/cluster.ts';
import { watchUsage } from '../agent-usage.ts';
import { type BenchContext, inTurn, startClients, startStage } from '../bench.ts';
import { type Figure, figure } from '../figure.ts';

const GROUPS = 1_000;
const PROCESSES = 2;
const HEARTBEAT_MS = 3_000;
/** What is measured is small beside what a machine does besides. */
const SECONDS_PER_SECOND = 8;
/** For what joins and ends leave behind. */
const SETTLE_MS = 5_000;
const TARGET = { kind: 'atMost', value: 2 } as const;

export async function benchIdleGroups(context: BenchContext): Promise<Figure[]> {
  await using cluster = await startStage(context, { agents: 1, objects: 'directory' });
  await using admin = await connectAdmin({ bootstrap: cluster.bootstrap });
  const name = 'groups-idle';
  await admin.createTopic({ name, partitions: 1 });
  const topicId = (await admin.metadata([name])).topics[0]?.topicId;
  if (topicId === undefined) throw new Error('the topic is not there');
  const runs = await inTurn(context.options.runs, async (run) => {
    const without = await usage(context, cluster);
    const beside = await withGroups(context, cluster, { run, topic: name, topicId });
    const percent = { without, beside, groups: beside - without };
    context.say(
      `${GROUPS} idle groups ${run + 1}: ${beside.toFixed(2)} - ${without.toFixed(2)} = ${percent.groups.toFixed(2)} % of a core`,
    );
    return percent;
  });
  const column = (read: (run: (typeof runs)[number]) => number): number[] => runs.map(read);
  return [
    figure(
      'agent processor, no groups',
      '% of a core',
      column(({ without }) => without),
    ),
    figure(
      `agent processor, ${GROUPS} idle groups`,
      '% of a core',
      column(({ beside }) => beside),
    ),
    figure(
      `agent processor, due to ${GROUPS} idle groups`,
      '% of a core',
      column(({ groups }) => groups),
      TARGET,
    ),
  ];
}

async function withGroups(
  context: BenchContext,
  cluster: Cluster,
  {
    run,
    topic,
    topicId,
  }: { readonly run: number; readonly topic: string; readonly topicId: string },
): Promise<number> {
  await using parts = new AsyncDisposableStack();
  const [address = ''] = cluster.bootstrap;
  const clients = startClients(context, PROCESSES).map((client) => parts.use(client));
  await Promise.all(
    clients.map((client, number) =>
      client.ask({
        kind: 'idleStart',
        address,
        groupPrefix: `idle-${run}-${number}`,
        count: GROUPS / PROCESSES,
        topic,
        topicId,
        heartbeatMs: HEARTBEAT_MS,
      }),
    ),
  );
  const counts = () => Promise.all(clients.map((client) => client.ask({ kind: 'idleCounts' })));
  await rest(SETTLE_MS);
  const before = await counts();
  const percent = await usage(context, cluster);
  const after = await counts();
  await Promise.all(clients.map((client) => client.ask({ kind: 'idleEnd' })));
  const sum = (read: (count: (typeof after)[number]) => number): number =>
    after.reduce((total, count) => total + read(count), 0);
  const failed = sum((count) => count.failed);
  if (failed > 0) throw new Error(`${failed} members of idle groups were not left alone`);
  const answered =
    sum((count) => count.answered) - before.reduce((total, count) => total + count.answered, 0);
  context.say(`${answered} heartbeats were answered`);
  return percent;
}

/** Percent of a core that the agent uses by itself. */
async function usage(context: BenchContext, cluster: Cluster): Promise<number> {
  const pid = cluster.agents[0]?.pid;
  if (pid === undefined) throw new Error('the agent does not run');
  await rest(SETTLE_MS);
  const watch = rest(context.options.seconds * SECONDS_PER_SECOND * 1_000);
  return (await watchUsage(pid, watch)).cpuPercent;
}
