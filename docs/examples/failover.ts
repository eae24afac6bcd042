/**
 * Produces 50 records a second and reads them back. Kill an agent meanwhile: `kill -9` with a pid that `npm start` shows. Records go
 * on, those of the agent's partitions after its lease has passed to another one. Ctrl-C ends it, and counts.
 *
 *     node hack/launch.mjs docs/examples/failover.ts [BOOTSTRAP]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Consumer, connectAdmin, connectConsumer, connectProducer } from '@streamhouse/client';
import { ensureTopic } from './ensure-topic.ts';

const TOPIC = 'pulse';
const EVERY_MS = 20;
// More than one, so that the program starts also while one of them is down.
const [bootstrap = 'localhost:9090,localhost:9091,localhost:9092'] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

let [acknowledged, consumed, slowestMs] = [0, 0, 0];
const missing = new Set<string>();
const twice: string[] = [];

/** A consumer that reads what is produced from now on. */
async function connectReader(): Promise<Consumer> {
  await using admin = await connectAdmin({ bootstrap });
  const { partitionDescriptions } = await admin.describeTopic(TOPIC);
  const reader = await connectConsumer({ bootstrap });
  await reader.assign(
    partitionDescriptions.map(({ partition, highWatermark }) => ({
      topic: TOPIC,
      partition,
      offset: highWatermark,
    })),
  );
  return reader;
}

async function read(reader: Consumer): Promise<void> {
  for await (const { value } of reader) {
    const id = Buffer.from(value ?? []).toString();
    if (!missing.delete(id)) twice.push(id);
    consumed++;
  }
}

await ensureTopic(bootstrap, TOPIC, 6);
await using producer = await connectProducer({ bootstrap });
await using reader = await connectReader();
const reading = read(reader);

for (let id = 1; !stop.signal.aborted; id++) {
  const sentMs = performance.now();
  missing.add(`${id}`);
  void producer.send({ topic: TOPIC, value: `${id}` }).then(() => {
    acknowledged++;
    slowestMs = Math.max(slowestMs, performance.now() - sentMs);
  });
  await sleep(EVERY_MS);
  if (id % 50 > 0) continue;
  console.log(
    `${acknowledged} of ${id} acknowledged, ${consumed} consumed, slowest ${slowestMs.toFixed()} ms`,
  );
  slowestMs = 0;
}

await producer.flush();
while (missing.size > 0) await sleep(EVERY_MS);
await reader.close();
await reading;
console.log(`${acknowledged} acknowledged, ${consumed} consumed, ${twice.length} of them twice`);
