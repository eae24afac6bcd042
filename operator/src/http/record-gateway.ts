/** The way to the agents, for records and groups: the SDK, connected when it is first needed to the agents that there are. */
import { connectAdmin } from '@streamhouse/client/admin.ts';
import { connectConsumer } from '@streamhouse/client/consumer/consumer.ts';
import { connectProducer } from '@streamhouse/client/producer/producer.ts';
import type { Consumer } from '@streamhouse/client/public/consumer.ts';
import type { GroupReset, GroupResetResult } from '@streamhouse/client/public/groups.ts';
import type { Producer } from '@streamhouse/client/public/producer.ts';
import type {
  ConsumerRecord,
  ProducerRecord,
  RecordMetadata,
} from '@streamhouse/client/public/record.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { AgentStore } from '@streamhouse/store/metadata/agents.ts';

/** Milliseconds until a connection stands. */
const CONNECT_MS_MAX = 5_000;
const POLL_MS = 1_000;
/** Addresses that are tried, any of which leads to all agents. */
const BOOTSTRAP_MAX = 16;

export interface ReadRequest {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** First offset that is not wanted. */
  readonly end: number;
  readonly recordsMax: number;
}

export interface RecordGatewayOptions {
  readonly agents: Pick<AgentStore, 'live'>;
  readonly clock: Clock;
}

interface Reader extends AsyncDisposable {
  readonly consumer: Consumer;
}

export class RecordGateway implements AsyncDisposable {
  readonly #options: RecordGatewayOptions;
  #producer: Promise<Producer> | undefined;
  #readers = 0;

  constructor(options: RecordGatewayOptions) {
    this.#options = options;
  }

  /** Sends all and resolves what became of each, in their order. @throws StreamError when there is no way to the agents. */
  async produce(
    records: readonly ProducerRecord[],
    signal: AbortSignal,
  ): Promise<readonly PromiseSettledResult<RecordMetadata>[]> {
    const connecting = (this.#producer ??= this.#connectProducer(signal));
    const producer = await connecting.catch((error: unknown) => {
      if (this.#producer === connecting) this.#producer = undefined;
      throw error;
    });
    const results = await Promise.allSettled(records.map((record) => producer.send(record)));
    if (results.some(isLost) && this.#producer === connecting) {
      // Its agents may be gone, all of them: the next one asks again which there are.
      this.#producer = undefined;
      void producer.close();
    }
    return results;
  }

  /** Records from the offset on, at least one where there are any, until one of the bounds or the time is reached. */
  async read(request: ReadRequest, signal: AbortSignal): Promise<readonly ConsumerRecord[]> {
    const records: ConsumerRecord[] = [];
    let bytes = 0;
    for await (const polled of this.polls(request, signal)) {
      for (const record of polled) {
        bytes += recordBytes(record);
        if (records.length > 0 && bytes > LIMITS.apiAnswerBytesMax) return records;
        records.push(record);
        if (records.length === request.recordsMax) return records;
      }
    }
    return records;
  }

  /** Records from the offset on as they come in, `recordsMax` at a time, until all are there or the time is over. */
  async *polls(
    { topic, partition, offset, end, recordsMax }: ReadRequest,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ConsumerRecord[]> {
    if (offset >= end) return;
    await using reader = await this.#openReader(recordsMax, signal);
    const { consumer } = reader;
    const deadlineMs = this.#options.clock.monotonicMs() + LIMITS.apiConsumeMsMax;
    await consumer.assign([{ topic, partition, offset }], { signal });
    let next = offset;
    while (next < end && this.#options.clock.monotonicMs() < deadlineMs) {
      const polled = await consumer.poll(POLL_MS, { signal });
      const last = polled.at(-1);
      if (last !== undefined) next = last.offset + 1;
      yield polled.filter((record) => record.offset < end);
    }
  }

  /** The offset of the first record that is not older, or the end. */
  async offsetAt(
    at: { readonly topic: string; readonly partition: number; readonly timestampMs: number },
    signal: AbortSignal,
  ): Promise<number> {
    const { topic, partition, timestampMs } = at;
    await using reader = await this.#openReader(1, signal);
    const { consumer } = reader;
    await consumer.assign([{ topic, partition, offset: 0 }], { signal });
    await consumer.seekToTimestamp(timestampMs, [{ topic, partition }], { signal });
    return await consumer.position({ topic, partition }, { signal });
  }

  /** Through the group's coordinator, which tells its members. */
  async resetOffsets(reset: GroupReset, signal: AbortSignal): Promise<GroupResetResult> {
    await using admin = await connectAdmin(await this.#connect(signal));
    return await admin.resetOffsets(reset, { signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#producer?.catch(() => undefined))?.close();
  }

  async #openReader(recordsMax: number, signal: AbortSignal): Promise<Reader> {
    if (this.#readers >= LIMITS.apiConsumersMax) {
      const message = `${LIMITS.apiConsumersMax} requests read records already`;
      throw new StreamError('overloaded', 'READERS_BUSY', message, { retryAfterMs: 1_000 });
    }
    await using parts = new AsyncDisposableStack();
    this.#readers += 1;
    parts.defer(() => {
      this.#readers -= 1;
    });
    const consumer = parts.use(
      await connectConsumer({
        ...(await this.#connect(signal)),
        autoOffsetReset: 'none',
        maxPollRecords: recordsMax,
        prefetchBytesMax: LIMITS.apiAnswerBytesMax,
      }),
    );
    const owned = parts.move();
    return { consumer, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  }

  async #connectProducer(signal: AbortSignal): Promise<Producer> {
    const time = { maxBlockMs: LIMITS.apiProduceMsMax, deliveryTimeoutMs: LIMITS.apiProduceMsMax };
    return await connectProducer({ ...(await this.#connect(signal)), ...time });
  }

  async #connect(
    signal: AbortSignal,
  ): Promise<{ bootstrap: string[]; connectTimeoutMs: number; signal: AbortSignal }> {
    const agents = await this.#options.agents.live(signal);
    const bootstrap = agents.map(({ address }) => address).slice(0, BOOTSTRAP_MAX);
    if (bootstrap.length > 0) return { bootstrap, connectTimeoutMs: CONNECT_MS_MAX, signal };
    throw new StreamError('unavailable', 'NO_AGENTS', 'no agent is there to take or give records', {
      retryAfterMs: 1_000,
    });
  }
}

function isLost(result: PromiseSettledResult<unknown>): boolean {
  if (result.status === 'fulfilled') return false;
  return ['fenced', 'unavailable', 'indefinite'].includes(toStreamError(result.reason).kind);
}

/** Of key, value and headers. */
export function recordBytes({ key, value, headers }: ConsumerRecord): number {
  const inHeaders = headers.reduce((sum, { value: text }) => sum + (text?.length ?? 0), 0);
  return (key?.length ?? 0) + (value?.length ?? 0) + inHeaders;
}
