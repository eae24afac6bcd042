/** The final reads: everything, from the first offset to where it ends now. */
import { connectConsumer } from '@streamhouse/client/mod.ts';
import { groupReads } from './following.ts';
import type { WorkerTask } from './protocol.ts';
import type { Recorder } from './recorder.ts';
import { connectPatiently } from './sending.ts';

const POLL_MS = 1_000;

/** @throws what the SDK throws; the supervisor begins again with another process. */
export async function readAll(
  { name, bootstrap, topics }: WorkerTask,
  recorder: Recorder,
): Promise<void> {
  await using consumer = await connectPatiently(() =>
    connectConsumer({ bootstrap, autoOffsetReset: 'none' }),
  );
  const ids = new Map(topics.map(({ topic, topicId }) => [topic, topicId]));
  const from = topics.flatMap(({ topic, topicId, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({
      topic,
      topicId,
      partition,
      offset: 0,
    })),
  );
  recorder.write(name, 'invoke', 'assign', { from });
  await consumer.assign(from.map(({ topic, partition, offset }) => ({ topic, partition, offset })));
  recorder.write(name, 'ok', 'assign', { from });
  recorder.write(name, 'invoke', 'end', { ends: [] });
  const lag = await consumer.lag();
  const ends = lag.partitions.map(({ topic, partition, highWatermark }) => {
    const topicId = ids.get(topic) ?? '';
    return { topic, topicId, partition, offset: highWatermark };
  });
  recorder.write(name, 'ok', 'end', { ends });
  for (let left = lag.total; left > 0; ) {
    recorder.write(name, 'invoke', 'poll', { records: [] });
    const polled = await consumer.poll(POLL_MS);
    recorder.write(name, 'ok', 'poll', { records: groupReads(polled, ids) });
    left -= polled.length;
  }
}
