import { setTimeout as rest } from 'node:timers/promises';
import { connectProducer, type Producer, type RecordInput } from '@streamhouse/client/mod.ts';
import { payloadPool } from '../payloads.ts';
import { OpenLoopSchedule } from '../schedule.ts';
import { LatencyHistogram } from '../stats.ts';
import type { OpenLoopResult, OpenLoopTask } from './protocol.ts';

/** Records of one `sendBatch`: what is due beyond them follows in the next call of the same turn. */
const CALL_RECORDS_MAX = 500;

/** Sends on schedule. Latency counts from the time a record was meant to be sent, also when the process was late. */
export async function openLoop(task: OpenLoopTask): Promise<OpenLoopResult> {
  await using producer = await connectProducer({
    bootstrap: task.bootstrap,
    compression: task.compression,
    durability: 'object',
  });
  const load = new OpenLoop(producer, task);
  await load.run();
  return load.result();
}

class OpenLoop {
  readonly #producer: Producer;
  readonly #task: OpenLoopTask;
  readonly #pool: Uint8Array[];
  readonly #latencies = new LatencyHistogram();
  readonly #calls = new Set<Promise<void>>();
  #next = 0;
  #failed = 0;
  #lateMsMax = 0;
  #measureFromMs = Number.POSITIVE_INFINITY;

  constructor(producer: Producer, task: OpenLoopTask) {
    this.#producer = producer;
    this.#task = task;
    this.#pool = payloadPool(task.recordBytes, task.seed);
  }

  async run(): Promise<void> {
    const { recordsPerSecond, measureAtMs, measureMs } = this.#task;
    const startMs = performance.now();
    this.#measureFromMs = measureAtMs - performance.timeOrigin;
    const endMs = this.#measureFromMs + measureMs;
    const schedule = new OpenLoopSchedule(recordsPerSecond, startMs);
    for (let nowMs = startMs; nowMs < endMs; nowMs = performance.now()) {
      for (let times = schedule.due(nowMs, CALL_RECORDS_MAX); times.length > 0; ) {
        this.#send(times);
        times = schedule.due(nowMs, CALL_RECORDS_MAX);
      }
      await rest(1);
    }
    await Promise.all(this.#calls);
  }

  result(): OpenLoopResult {
    return {
      latencies: this.#latencies.toJSON(),
      failed: this.#failed,
      lateMsMax: this.#lateMsMax,
    };
  }

  /** One call for all that is due now, as a server does that answers several requests in a turn. */
  #send(times: readonly number[]): void {
    const records = times.map(() => this.#record());
    const [first = 0] = times;
    if (first >= this.#measureFromMs) {
      this.#lateMsMax = Math.max(this.#lateMsMax, performance.now() - first);
    }
    const call = this.#producer
      .sendBatch(this.#task.topic, records)
      .then(
        () => this.#onAcknowledged(times),
        () => {
          this.#failed += times.length;
        },
      )
      .finally(() => this.#calls.delete(call));
    this.#calls.add(call);
  }

  #record(): RecordInput {
    const number = this.#next++;
    const value = this.#pool[number % this.#pool.length] ?? null;
    const { partitions } = this.#task;
    return partitions === 0 ? { value } : { value, partition: number % partitions };
  }

  #onAcknowledged(times: readonly number[]): void {
    const nowMs = performance.now();
    for (const time of times) if (time >= this.#measureFromMs) this.#latencies.record(nowMs - time);
  }
}
