/** Programs that use the system: the SDK as it is, in processes of their own. */
import { type AgentChannel, callUnary } from '@streamhouse/client/cluster/agent-channel.ts';
import type { ClusterComponents } from '@streamhouse/client/cluster/cluster.ts';
import { openConsumer } from '@streamhouse/client/consumer/consumer.ts';
import { openProducer } from '@streamhouse/client/producer/producer.ts';
import type { ProduceRequest } from '@streamhouse/api/gen/streamhouse/v1/ProduceRequest.ts';
import type { ProduceResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ProduceResponse.ts';
import { delay } from '@streamhouse/core/async/clock.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import type { History, Send } from '../check/history.ts';
import type { SeededRandom } from '../kernel/random.ts';
import type { SimProcess } from '../kernel/sim-process.ts';

export interface WorkloadTopic {
  readonly name: string;
  readonly partitions: number;
}

export interface ClientOptions {
  readonly process: SimProcess;
  readonly random: SeededRandom;
  readonly bootstrap: readonly string[];
  readonly openChannel: (address: string) => AgentChannel;
  readonly topics: readonly WorkloadTopic[];
  readonly history: History;
  /** Aborts when no more is to be sent. */
  readonly enough: AbortSignal;
  /** A bug of the bookkeeping, to see that it is found: what is not known is told as failed. */
  readonly isUnknownTold: boolean;
}

/** Between two sends of a producer. */
const PAUSE_MS = { min: 20, max: 300 };
const UNARY_TIMEOUT_MS = 3_000;
const POLL_MS = 1_000;
const RETRY_MS = 200;

/** Sends with the producer of the SDK, which repeats what fails and must write nothing twice. */
export async function runProducer(options: ClientOptions): Promise<void> {
  const { process, random, history, enough } = options;
  // Some programs are in a hurry: what they give up must be told as what is known of it.
  const deliveryTimeoutMs = random.chance(0.3) ? random.integer(1_000, 8_000) : 120_000;
  const compression = random.pick(['none', 'lz4'] as const);
  const settings = { deliveryTimeoutMs, compression, requestTimeoutMs: 5_000 };
  const producer = await connected(options, (components) =>
    openProducer({ bootstrap: options.bootstrap, ...settings }, components),
  );
  for (let count = 0; !enough.aborted; count++) {
    const send = newSend(options, count, true);
    const { topic, partition, value } = send;
    producer.send({ topic, partition, value }).then(
      ({ offset }) => history.settle(send, { type: 'ok', offset }),
      (error: unknown) => fail(options, send, error),
    );
    // Now and then many at once, so that several batches are in flight.
    if (random.chance(0.7))
      await delay(process.clock, random.between(PAUSE_MS.min, PAUSE_MS.max), signalOf());
  }
}

/** Sends each record once, by the call for simple programs: whatever comes back is the last word on it. */
export async function runSimpleProducer(options: ClientOptions): Promise<void> {
  const { process, random, history, enough } = options;
  const channels = options.bootstrap.map((address) => options.openChannel(address));
  for (let count = 0; !enough.aborted; count++) {
    const send = newSend(options, count, false);
    const { topic, partition, value } = send;
    const record = { value: Buffer.from(value) };
    const { producer } = random.pick(channels);
    callUnary<ProduceRequest, ProduceResponse__Output>(
      (...call) => producer.produce(...call),
      { topic, partition, records: [record] },
      { signal: signalOf(), timeoutMs: UNARY_TIMEOUT_MS, clock: process.clock },
    ).then(
      ({ positions }) => history.settle(send, { type: 'ok', offset: positions[0]?.offset ?? -1 }),
      (error: unknown) => fail(options, send, error),
    );
    await delay(process.clock, random.between(PAUSE_MS.min, PAUSE_MS.max), signalOf());
  }
}

/** Reads every partition of the first topic from its beginning, for ever. */
export async function runConsumer(options: ClientOptions): Promise<void> {
  const { process, history, bootstrap, topics } = options;
  const consumer = await connected(options, (components) =>
    openConsumer({ bootstrap, requestTimeoutMs: 5_000 }, components),
  );
  const [topic] = topics;
  if (topic === undefined) return;
  const { name, partitions } = topic;
  const starts = Array.from({ length: partitions }, (_, partition) => ({
    ...{ topic: name, partition, offset: 0 },
  }));
  await tried(options, () => consumer.assign(starts));
  for (;;) {
    try {
      for (const { partition, offset, value } of await consumer.poll(POLL_MS))
        history.read(
          process.name,
          name,
          partition,
          offset,
          new TextDecoder().decode(value ?? undefined),
        );
    } catch (error) {
      const { kind, message } = toStreamError(error);
      history.violate('I-16', `${process.name} cannot go on: ${kind} ${message}`);
      return;
    }
  }
}

function newSend(
  { process, random, topics, history }: ClientOptions,
  count: number,
  isSequenced: boolean,
): Send {
  const topic = random.pick(topics);
  return history.send({
    producer: process.name,
    topic: topic.name,
    partition: random.integer(0, topic.partitions - 1),
    value: `${process.name}-${count}`,
    isSequenced,
  });
}

function fail({ history, isUnknownTold }: ClientOptions, send: Send, error: unknown): void {
  const { kind, reason } = toStreamError(error);
  const isUnknown = (kind === 'indefinite' || kind === 'internal') && !isUnknownTold;
  history.settle(send, { type: isUnknown ? 'unknown' : 'fail', reason: `${kind} ${reason}` });
}

function connected<T>(
  options: ClientOptions,
  connect: (components: ClusterComponents) => Promise<T>,
): Promise<T> {
  const { process, random, openChannel } = options;
  const components = { clock: process.clock, random: random.next, openChannel };
  return tried(options, () => connect(components));
}

/** Until it works: nothing may be there yet. */
async function tried<T>({ process }: ClientOptions, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch {
      await delay(process.clock, RETRY_MS, signalOf());
    }
  }
}

/** Nothing in a simulation is ever given up by hand. */
function signalOf(): AbortSignal {
  return new AbortController().signal;
}
