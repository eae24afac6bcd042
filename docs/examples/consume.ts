/**
 * Consumes what produce.ts wrote, and commits each batch when it is done. Stop it with Ctrl-C and start it again: it goes on where
 * it was. Start it twice: the two share the partitions.
 *
 *     node hack/launch.mjs docs/examples/consume.ts [BOOTSTRAP]
 */
import { connectConsumer } from '@streamhouse/client';
import { ensureTopic } from './ensure-topic.ts';

const TOPIC = 'readings';
const [bootstrap = 'localhost:9090'] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

await ensureTopic(bootstrap, TOPIC, 6);
await using consumer = await connectConsumer({
  bootstrap,
  groupId: 'averages',
  autoOffsetReset: 'earliest',
  autoCommit: false,
  maxPollRecords: 10_000,
});
await consumer.subscribe([TOPIC]);

let [count, sum] = [0, 0];
for await (const records of consumer.batches({ signal: stop.signal })) {
  for (const { value } of records) {
    sum += JSON.parse(Buffer.from(value ?? []).toString()).celsius;
  }
  count += records.length;
  await consumer.commit();
  console.log(`${count} records committed, ${(sum / count).toFixed(2)} degrees on average`);
}
