import { connectConsumer, type Consumer } from '@streamhouse/client/mod.ts';
import { until } from '../../harness/until.ts';
import type { ConsumeTask, Rate } from './protocol.ts';

const POLL_RECORDS_MAX = 10_000;
const POLL_MS = 5_000;
const SHARE_MS = 30_000;

export async function consume(task: ConsumeTask): Promise<Rate> {
  await using consumer = await connectConsumer({
    bootstrap: task.bootstrap,
    autoOffsetReset: 'earliest',
    maxPollRecords: POLL_RECORDS_MAX,
    ...(task.groupId !== undefined && { groupId: task.groupId }),
  });
  const { topic, partitions, measureMs } = task;
  if (task.groupId === undefined) {
    await consumer.assign(partitions.map((partition) => ({ topic, partition, offset: 0 })));
  } else {
    await consumer.subscribe([topic]);
    const isShared = (): boolean => consumer.assignment().length === partitions.length;
    await until(isShared, AbortSignal.timeout(SHARE_MS));
  }
  return measureMs === undefined
    ? await readOnce(consumer)
    : await readAgain(consumer, task, measureMs);
}

async function readOnce(consumer: Consumer): Promise<Rate> {
  const { total } = await consumer.lag();
  const startMs = performance.now();
  let records = 0;
  while (records < total) records += await poll(consumer);
  return { records, elapsedMs: performance.now() - startMs };
}

/** From the beginning whenever the end is reached, until the time is over. */
async function readAgain(consumer: Consumer, task: ConsumeTask, measureMs: number): Promise<Rate> {
  const { total } = await consumer.lag();
  const startMs = task.measureAtMs - performance.timeOrigin;
  let records = 0;
  let left = total;
  for (let nowMs = performance.now(); ; nowMs = performance.now()) {
    if (nowMs >= startMs + measureMs) return { records, elapsedMs: nowMs - startMs };
    if (left === 0) {
      for (const place of consumer.assignment()) consumer.seek(place, 0);
      left = total;
    }
    const polled = await poll(consumer);
    left -= polled;
    if (nowMs >= startMs) records += polled;
  }
}

async function poll(consumer: Consumer): Promise<number> {
  const { length } = await consumer.poll(POLL_MS);
  if (length === 0) throw new Error(`nothing to read for ${POLL_MS} ms before the end was reached`);
  return length;
}
