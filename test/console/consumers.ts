/** Consumers of groups, for pages to show. */
import { connectConsumer, type Consumer } from '@streamhouse/client/mod.ts';
import type { Stage } from './stage.ts';

/** Reads from the beginning; what it has read is committed when `readOn` says so. */
export async function join(stage: Stage, groupId: string, topic: string): Promise<Consumer> {
  const { bootstrap } = stage.cluster;
  const options = { bootstrap, groupId, autoCommit: false } as const;
  const consumer = await connectConsumer({ ...options, autoOffsetReset: 'earliest' });
  await consumer.subscribe([topic]);
  return consumer;
}

export async function readOn(consumer: Consumer, count: number): Promise<void> {
  for (let seen = 0; seen < count; ) seen += (await consumer.poll(1_000)).length;
  await consumer.commit();
}

/** A group that reads so many records and leaves. */
export async function readBy(
  stage: Stage,
  groupId: string,
  topic: string,
  count: number,
): Promise<void> {
  await using consumer = await join(stage, groupId, topic);
  await readOn(consumer, count);
}
