/**
 * A member of a group in a process of its own, which can be killed and stopped. It does what its standard input says, a word a
 * line, and answers each with a line of JSON: `poll`: `[partition, offset]` of each record; `commit`: the reason of the
 * error, or `committed`; `owned`: its partitions.
 */
import { createInterface } from 'node:readline';
import { connectConsumer, StreamError } from '@streamhouse/client/mod.ts';

const [bootstrap = '', groupId = '', topic = '', sessionTimeoutMs] = process.argv.slice(2);
const consumer = await connectConsumer({
  bootstrap,
  groupId,
  sessionTimeoutMs: Number(sessionTimeoutMs),
  autoOffsetReset: 'earliest',
  autoCommit: false,
});
await consumer.subscribe([topic]);

async function answer(word: string): Promise<unknown> {
  switch (word) {
    case 'poll':
      return (await consumer.poll(100)).map(({ partition, offset }) => [partition, offset]);
    case 'commit':
      try {
        await consumer.commit();
        return 'committed';
      } catch (error) {
        if (error instanceof StreamError) return error.reason;
        throw error;
      }
    default:
      return consumer.assignment().map(({ partition }) => partition);
  }
}

for await (const word of createInterface(process.stdin)) {
  console.log(JSON.stringify(await answer(word)));
}
await consumer.close();
