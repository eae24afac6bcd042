/** A cluster, and what every test of groups does with it. */
import {
  type Admin,
  connectAdmin,
  connectConsumer,
  connectProducer,
  type Consumer,
  type ConsumerOptions,
  type ConsumerRecord,
  type PartitionName,
  type Producer,
  type RebalanceListener,
} from '@streamhouse/client/mod.ts';
import { type Cluster, startCluster } from '../../harness/cluster.ts';
import { until } from '../../harness/until.ts';

export const PARTITIONS = 4;
const PATIENCE_MS = 30_000;

export interface GroupStage extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly admin: Admin;
  readonly producer: Producer;
  /** A topic with so many records in each of its four partitions. */
  createTopic(name: string, records?: number): Promise<string>;
  fill(topic: string, records: number, partitions?: readonly number[]): Promise<void>;
  /** A consumer that reads from the beginning and commits by hand. */
  connect(groupId: string, options?: Partial<ConsumerOptions>): Promise<Consumer>;
  /** What the group has committed, by partition. */
  committed(groupId: string): Promise<Record<number, number>>;
}

export async function openGroupStage(): Promise<GroupStage> {
  await using parts = new AsyncDisposableStack();
  const cluster = parts.use(await startCluster({ agents: 2, objects: 'directory' }));
  const { bootstrap } = cluster;
  const admin = parts.use(await connectAdmin({ bootstrap }));
  const producer = parts.use(await connectProducer({ bootstrap }));
  const fill: GroupStage['fill'] = async (topic, records, partitions = [0, 1, 2, 3]) => {
    const each = Array.from({ length: records }, (_, index) => index);
    await producer.sendBatch(
      topic,
      partitions.flatMap((partition) => each.map((index) => ({ partition, value: `${index}` }))),
    );
  };
  const all = parts.move();
  return {
    cluster,
    admin,
    producer,
    fill,
    async createTopic(name, records = 0) {
      await admin.createTopic({ name, partitions: PARTITIONS });
      if (records > 0) await fill(name, records);
      return name;
    },
    connect: (groupId, options) =>
      connectConsumer({
        bootstrap,
        groupId,
        autoOffsetReset: 'earliest',
        autoCommit: false,
        ...options,
      }),
    async committed(groupId) {
      const groups = await admin.listGroups();
      if (!groups.some((group) => group.groupId === groupId)) return {};
      const { offsets } = await admin.describeGroup(groupId);
      return Object.fromEntries(offsets.map(({ partition, offset }) => [partition, offset]));
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

export function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  return until(condition, AbortSignal.timeout(PATIENCE_MS));
}

export function partitionsOf(places: readonly PartitionName[]): number[] {
  return places.map(({ partition }) => partition).toSorted((a, b) => a - b);
}

/** `partition/offset` of each. */
export function placesOf(records: readonly ConsumerRecord[]): string[] {
  return records.map(({ partition, offset }) => `${partition}/${offset}`);
}

/** Polls all of them in turn until the condition holds: what they read. */
export async function pollUntil(
  members: readonly Consumer[],
  condition: (records: readonly ConsumerRecord[]) => boolean | Promise<boolean>,
): Promise<ConsumerRecord[]> {
  const records: ConsumerRecord[] = [];
  await eventually(async () => {
    for (const member of members) records.push(...(await member.poll(20)));
    return await condition(records);
  });
  return records;
}

/** Polls until they own so many partitions each. */
export function pollUntilShared(
  members: readonly Consumer[],
  counts: readonly number[],
): Promise<ConsumerRecord[]> {
  return pollUntil(
    members,
    () => members.map((member) => member.assignment().length).join() === counts.join(),
  );
}

/** Reads from the beginning until one poll has records of all partitions: then the program has them all in its hands. */
export async function pollAllAtOnce(consumer: Consumer): Promise<void> {
  await eventually(async () => {
    for (const place of consumer.assignment()) consumer.seek(place, 0);
    // A round to the agents, in which the records come as well.
    await consumer.lag();
    const records = await consumer.poll(100);
    return new Set(records.map(({ partition }) => partition)).size === PARTITIONS;
  });
}

/** Writes down what a listener is told. */
export function listening(): {
  readonly told: string[];
  readonly listener: RebalanceListener;
} {
  const told: string[] = [];
  const note = (what: string) => (places: readonly PartitionName[]) => {
    told.push(`${what} ${partitionsOf(places).join()}`);
  };
  const listener = {
    onAssigned: note('assigned'),
    onRevoked: note('revoked'),
    onLost: note('lost'),
  };
  return { told, listener };
}
