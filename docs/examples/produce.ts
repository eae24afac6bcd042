/**
 * Produces 100,000 records, and shows how fast they are acknowledged.
 *
 *     node hack/launch.mjs docs/examples/produce.ts [BOOTSTRAP]
 */
import { connectProducer } from '@streamhouse/client';
import { ensureTopic } from './ensure-topic.ts';

const BATCHES = 10;
const BATCH_RECORDS = 10_000;
const TOPIC = 'readings';
const [bootstrap = 'localhost:9090'] = process.argv.slice(2);

await ensureTopic(bootstrap, TOPIC, 6);
await using producer = await connectProducer({ bootstrap });
const startMs = performance.now();
let acknowledged = 0;

async function produce(batch: number): Promise<void> {
  const records = Array.from({ length: BATCH_RECORDS }, (_, index) => {
    const id = batch * BATCH_RECORDS + index;
    // The records of one sensor go to one partition, in this order.
    return { key: `sensor-${id % 1_000}`, value: JSON.stringify({ id, celsius: 20 + (id % 7) }) };
  });
  await producer.sendBatch(TOPIC, records);
  acknowledged += records.length;
  const seconds = (performance.now() - startMs) / 1_000;
  const rate = Math.round(acknowledged / seconds);
  console.log(`${acknowledged} records acknowledged, ${rate} records/s`);
}

// All at once: waiting for one batch before the next is sent would leave the producer idle most of the time.
await Promise.all(Array.from({ length: BATCHES }, (_, batch) => produce(batch)));
