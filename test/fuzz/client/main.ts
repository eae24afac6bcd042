/**
 * A process with the SDK in it: it connects to the address that it is told, uses everything, and says what was not as
 * promised: an error that is no StreamError, or one that nobody caught. Its first word is that it runs.
 */
import {
  type Admin,
  connectAdmin,
  connectConsumer,
  connectProducer,
  StreamError,
} from '@streamhouse/client/mod.ts';
import { TARGET_TOPIC } from '../../harness/target.ts';

/** For all that is done on one connection. */
const USE_MS_MAX = 1_000;
const POLL_MS = 100;

let uncaught: string[] = [];
process.on('uncaughtException', (error) => uncaught.push(`uncaught: ${error.stack}`));

const ADMIN_USES: readonly ((admin: Admin, signal: AbortSignal) => Promise<unknown>)[] = [
  (admin, signal) => admin.createTopic({ name: TARGET_TOPIC }, { signal }),
  (admin, signal) => admin.describeTopic(TARGET_TOPIC, { signal }),
  (admin, signal) => admin.listTopics({ signal }),
  (admin, signal) => admin.alterTopic(TARGET_TOPIC, { partitions: 2 }, { signal }),
  (admin, signal) => admin.deleteTopic(TARGET_TOPIC, { signal }),
  (admin, signal) => admin.metadata([TARGET_TOPIC], { signal }),
];

async function useAdmin(bootstrap: string, signal: AbortSignal): Promise<void> {
  await using admin = await connectAdmin({ bootstrap, signal, requestTimeoutMs: USE_MS_MAX });
  for (const use of ADMIN_USES) await refusable(() => use(admin, signal), signal);
}

async function useConsumer(bootstrap: string, signal: AbortSignal): Promise<void> {
  await using consumer = await connectConsumer({ bootstrap, signal, requestTimeoutMs: USE_MS_MAX });
  await consumer.assign([{ topic: TARGET_TOPIC, partition: 0, offset: 0 }], { signal });
  await refusable(() => consumer.poll(POLL_MS, { signal }), signal);
  await refusable(() => consumer.lag({ signal }), signal);
  await refusable(() => consumer.seekToTimestamp(1, undefined, { signal }), signal);
  await refusable(() => consumer.poll(POLL_MS, { signal }), signal);
}

async function useProducer(bootstrap: string, signal: AbortSignal): Promise<void> {
  const options = { bootstrap, signal, requestTimeoutMs: USE_MS_MAX };
  await using producer = await connectProducer({
    ...options,
    deliveryTimeoutMs: USE_MS_MAX,
    maxBlockMs: USE_MS_MAX,
  });
  const record = { topic: TARGET_TOPIC, partition: 0, value: 'one' };
  await refusable(() => producer.send(record), signal);
}

/** Whether it succeeds is the server's choice; how it fails is the SDK's. */
async function refusable(use: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  try {
    await use();
  } catch (error) {
    if (!isExpected(error, signal)) uncaught.push(`rejected: ${describe(error)}`);
  }
}

function isExpected(error: unknown, signal: AbortSignal): boolean {
  const isBug = error instanceof StreamError && error.reason === 'UNEXPECTED';
  return (error instanceof StreamError && !isBug) || error === signal.reason;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\n${describe(error.cause)}`;
  return `${error.stack}${cause}`;
}

process.on('message', (address: string) => {
  uncaught = [];
  const signal = AbortSignal.timeout(USE_MS_MAX);
  const uses = [useAdmin, useConsumer, useProducer].map((use) =>
    refusable(() => use(address, signal), signal),
  );
  void Promise.all(uses).then(() => process.send?.(uncaught));
});
process.on('disconnect', () => process.exit());
process.send?.([]);
