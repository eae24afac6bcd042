import { connectConsumer } from '@streamhouse/client/mod.ts';
import type { FollowTask, Rate } from './protocol.ts';

const POLL_MS = 1_000;

/** Reads what comes, until the time is over and nothing is left. */
export async function follow(task: FollowTask): Promise<Rate> {
  const { bootstrap, topic, partitions, untilMs } = task;
  await using consumer = await connectConsumer({ bootstrap, autoOffsetReset: 'earliest' });
  await consumer.assign(partitions.map((partition) => ({ topic, partition, offset: 0 })));
  const startMs = performance.now();
  let records = 0;
  for (;;) {
    const isOver = performance.timeOrigin + performance.now() >= untilMs;
    const { length } = await consumer.poll(POLL_MS);
    records += length;
    if (isOver && length === 0) return { records, elapsedMs: performance.now() - startMs };
  }
}
