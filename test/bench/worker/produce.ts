import { connectProducer, type Producer, type RecordInput } from '@streamhouse/client/mod.ts';
import { payloadPool } from '../payloads.ts';
import type { FillTask, ProduceTask, Rate } from './protocol.ts';

/** Bytes handed to the SDK and not yet acknowledged: enough to keep every partition of a topic busy. */
const OUTSTANDING_BYTES = 16_777_216;
const CALL_BYTES_MAX = 131_072;
const CALL_RECORDS_MAX = 1_000;

/** As fast as it goes: always the same bytes outstanding. Counts what is acknowledged while it measures. */
export async function produce(task: ProduceTask): Promise<Rate> {
  await using producer = await connect(task);
  const startMs = task.measureAtMs - performance.timeOrigin;
  const endMs = startMs + task.measureMs;
  let records = 0;
  await sendCalls(producer, task, (count) => {
    const nowMs = performance.now();
    if (nowMs >= startMs && nowMs < endMs) records += count;
    return nowMs < endMs;
  });
  return { records, elapsedMs: task.measureMs };
}

export async function fill(task: FillTask): Promise<Rate> {
  await using producer = await connect(task);
  const startMs = performance.now();
  let left = task.records;
  await sendCalls(producer, task, (count) => {
    left -= count;
    return left > 0;
  });
  return { records: task.records - left, elapsedMs: performance.now() - startMs };
}

function connect(task: ProduceTask | FillTask): Promise<Producer> {
  const { bootstrap, compression } = task;
  return connectProducer({ bootstrap, compression, durability: 'object' });
}

/** Until `onAcknowledged` says that it is enough. */
async function sendCalls(
  producer: Producer,
  task: ProduceTask | FillTask,
  onAcknowledged: (records: number) => boolean,
): Promise<void> {
  const { topic, recordBytes } = task;
  const calls = callsOf(payloadPool(recordBytes, task.seed), recordBytes);
  const callRecords = calls[0]?.length ?? 1;
  let next = 0;
  let isEnough = false;
  const sender = async (): Promise<void> => {
    while (!isEnough) {
      const records = calls[next++ % calls.length] ?? [];
      await producer.sendBatch(topic, records);
      if (!onAcknowledged(records.length)) isEnough = true;
    }
  };
  const senders = Math.ceil(OUTSTANDING_BYTES / (callRecords * recordBytes));
  await Promise.all(Array.from({ length: senders }, sender));
}

/** The pool, cut into what is handed over at once. */
function callsOf(pool: readonly Uint8Array[], recordBytes: number): RecordInput[][] {
  const perCall = Math.min(CALL_RECORDS_MAX, Math.floor(CALL_BYTES_MAX / recordBytes));
  return Array.from({ length: Math.floor(pool.length / perCall) }, (_, call) =>
    pool.slice(call * perCall, (call + 1) * perCall).map((value) => ({ value })),
  );
}
