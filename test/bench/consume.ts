/** How much consumers read: what was just written, from the agent's memory; and all of it from the store after a restart. */
import type { Cluster } from '../harness/cluster.ts';
import {
  type BenchContext,
  createTopic,
  inTurn,
  restartAgent,
  startClients,
  startStage,
  afterWarmup,
} from './bench.ts';
import { type Figure, figure } from './figure.ts';

const RECORD_BYTES = 100;
const MIB = 1_048_576;
export const PARTITIONS = 24;
/** Records per second. */
export const CONSUME_TARGET = { kind: 'atLeast', value: 1_000_000 } as const;
/** Fits compressed into what an agent keeps of its latest objects. */
export const TAIL_RECORDS = 300_000;
/** Far more than any cache of an agent, per second of measurement. */
const STORED_RECORDS_PER_SECOND = 800_000;
export const CONSUMERS = [1, 2] as const;

export async function benchConsume(context: BenchContext): Promise<Figure[]> {
  await using cluster = await startStage(context, { agents: 1, objects: 'directory' });
  const tail = await createTopic(cluster, 'consume-tail', PARTITIONS);
  const stored = await createTopic(cluster, 'consume-stored', PARTITIONS);
  const storedRecords = STORED_RECORDS_PER_SECOND * context.options.seconds;
  await fill(context, cluster, stored, storedRecords);
  const figures: Figure[] = [];
  for (const consumers of CONSUMERS) {
    await fill(context, cluster, tail, TAIL_RECORDS);
    const runs = await inTurn(context.options.runs, () =>
      read(context, cluster, {
        topic: tail,
        consumers,
        groupId: undefined,
        measureMs: context.options.seconds * 1_000,
      }),
    );
    figures.push(...figuresOf(`consume from the tail, ${consumers} consumers`, runs));
  }
  for (const consumers of CONSUMERS) {
    const runs = await inTurn(context.options.runs, async () => {
      await restartAgent(cluster);
      const reading = { topic: stored, consumers, groupId: undefined, measureMs: undefined };
      return await read(context, cluster, reading);
    });
    figures.push(...figuresOf(`consume from the store, ${consumers} consumers`, runs));
  }
  return figures;
}

export async function fill(
  context: BenchContext,
  cluster: Cluster,
  topic: string,
  records: number,
): Promise<void> {
  context.say(`filling ${topic} with ${records.toLocaleString('en')} records`);
  const [client] = startClients(context, 1);
  if (client === undefined) return;
  await using _owned = client;
  await client.ask({
    kind: 'fill',
    bootstrap: cluster.bootstrap,
    topic,
    recordBytes: RECORD_BYTES,
    compression: 'lz4',
    seed: 1,
    records,
  });
}

export interface Reading {
  readonly topic: string;
  readonly consumers: number;
  /** Undefined: each assigns its share of the partitions to itself. */
  readonly groupId: string | undefined;
  /** Undefined: all of it, once. */
  readonly measureMs: number | undefined;
}

/** Records per second of all consumers together, each with its share of the partitions. */
export async function read(
  context: BenchContext,
  cluster: Cluster,
  { topic, consumers, groupId, measureMs }: Reading,
): Promise<number> {
  await using parts = new AsyncDisposableStack();
  const clients = startClients(context, consumers).map((client) => parts.use(client));
  const measureAtMs = afterWarmup();
  const rates = await Promise.all(
    clients.map((client, number) =>
      client.ask({
        kind: 'consume',
        bootstrap: cluster.bootstrap,
        topic,
        partitions: Array.from({ length: PARTITIONS }, (_, index) => index).filter(
          (partition) => partition % consumers === number,
        ),
        groupId,
        measureAtMs,
        measureMs,
      }),
    ),
  );
  const total = rates.reduce((sum, rate) => sum + (rate.records * 1_000) / rate.elapsedMs, 0);
  context.say(
    `${topic}, ${consumers} consumers${groupId === undefined ? '' : ' of a group'}: ${Math.round(total).toLocaleString('en')} records/s`,
  );
  return total;
}

function figuresOf(name: string, runs: readonly number[]): Figure[] {
  return [
    figure(name, 'records/s', runs, CONSUME_TARGET),
    figure(
      name,
      'MiB/s',
      runs.map((rate) => (rate * RECORD_BYTES) / MIB),
    ),
  ];
}
