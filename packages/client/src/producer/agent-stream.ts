/** One ProduceStream to one agent: batches out, several to a message; answers in. */
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { Durability } from '@streamhouse/api/gen/streamhouse/v1/Durability.ts';
import type { ProduceBatch } from '@streamhouse/api/gen/streamhouse/v1/ProduceBatch.ts';
import type { ProduceStreamRequest } from '@streamhouse/api/gen/streamhouse/v1/ProduceStreamRequest.ts';
import type { ProduceStreamResponse__Output as ProduceStreamResponse } from '@streamhouse/api/gen/streamhouse/v1/ProduceStreamResponse.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { AgentChannel } from '../cluster/agent-channel.ts';
import { callError, partError } from '../cluster/wire-error.ts';
import type { QueueEntry } from './partition-queue.ts';
import type { PartitionWriter } from './partition-writer.ts';
import type { PendingBatch } from './pending-batch.ts';
import type { ProducerDurability } from '../public/producer.ts';

/** Bytes at which a message is sent and the next one begun: large enough to be cheap, small enough to be pipelined. */
const MESSAGE_BYTES = 1_048_576;

const DURABILITY: Readonly<Record<ProducerDurability, Durability>> = {
  topic: Durability.DURABILITY_UNSPECIFIED,
  object: Durability.DURABILITY_OBJECT,
  memory: Durability.DURABILITY_MEMORY,
};

/** A batch as it was sent, so that its answer finds it. */
export interface SentBatch {
  readonly writer: PartitionWriter;
  readonly entry: QueueEntry<PendingBatch>;
  readonly round: number;
  /** Monotonic milliseconds. */
  readonly sentAtMs: number;
}

export interface AgentStreamHandlers {
  readonly onAcknowledged: (sent: SentBatch, baseOffset: number) => void;
  readonly onRefused: (sent: SentBatch, error: StreamError) => void;
  /** More may be sent: after a time in which `canTake` was false. */
  readonly onReady: (stream: AgentStream) => void;
  readonly onDraining: (stream: AgentStream) => void;
  /** It is over; `unanswered` in the order of sending. */
  readonly onEnded: (stream: AgentStream, unanswered: SentBatch[], error: StreamError) => void;
}

export class AgentStream {
  readonly address: string;
  /** Writers that have something to send once it can take more. */
  readonly waiting: Set<PartitionWriter> = new Set();
  /** The agent takes nothing new on it. It ends once all is answered, and the next stream finds a new life or none. */
  isDraining = false;
  readonly #call: ClientDuplexStream<ProduceStreamRequest, ProduceStreamResponse>;
  readonly #handlers: AgentStreamHandlers;
  readonly #durability: Durability;
  readonly #inFlight = new Map<number, SentBatch>();
  #message: ProduceBatch[] = [];
  #messageBytes = 0;
  #nextRequestId = 1;
  #isCongested = false;
  #isEnded = false;

  constructor(
    channel: AgentChannel,
    durability: ProducerDurability,
    handlers: AgentStreamHandlers,
  ) {
    this.address = channel.address;
    this.#durability = DURABILITY[durability];
    this.#handlers = handlers;
    this.#call = channel.producer.produceStream();
    this.#call.on('data', (response: ProduceStreamResponse) => this.#onResponse(response));
    this.#call.on('drain', () => this.#onDrain());
    this.#call.on('error', (error: ServiceError) => this.#end(callError(error)));
    this.#call.on('end', () => this.#end(streamEnded()));
  }

  /** Whether batches may be added now. */
  get canTake(): boolean {
    return (
      !this.#isCongested &&
      !this.isDraining &&
      !this.#isEnded &&
      this.#inFlight.size < LIMITS.produceStreamInFlightMax
    );
  }

  /** Monotonic milliseconds at which the oldest unanswered batch was sent. */
  get oldestSentAtMs(): number {
    for (const { sentAtMs } of this.#inFlight.values()) return sentAtMs;
    return Number.POSITIVE_INFINITY;
  }

  /** Puts a batch into the message that `flush` sends. */
  add(sent: SentBatch): void {
    const { writer, entry } = sent;
    const requestId = this.#nextRequestId++;
    this.#inFlight.set(requestId, sent);
    this.#message.push({
      requestId,
      topicId: writer.topicIdBytes,
      partition: writer.partition,
      recordBatch: entry.batch.bytes,
      durability: this.#durability,
    });
    this.#messageBytes += entry.batch.bytes.length;
    if (this.#messageBytes >= MESSAGE_BYTES) this.flush();
  }

  flush(): void {
    if (this.#message.length === 0 || this.#isEnded) return;
    const batches = this.#message;
    this.#message = [];
    this.#messageBytes = 0;
    if (!this.#call.write({ batches })) this.#isCongested = true;
  }

  /** Gives it up: what is unanswered ends with `error`. */
  cancel(error: StreamError): void {
    this.#end(error);
    this.#call.cancel();
  }

  #onResponse(response: ProduceStreamResponse): void {
    const couldTake = this.canTake;
    for (const { requestId, baseOffset, error } of response.acks) {
      const sent = this.#inFlight.get(requestId);
      if (sent === undefined) continue;
      this.#inFlight.delete(requestId);
      if (error === null || error === undefined) this.#handlers.onAcknowledged(sent, baseOffset);
      else this.#handlers.onRefused(sent, partError(error));
    }
    if (response.draining && !this.isDraining) {
      this.isDraining = true;
      this.#handlers.onDraining(this);
    }
    if (!couldTake && this.canTake) this.#handlers.onReady(this);
    if (this.isDraining && this.#inFlight.size === 0 && !this.#call.writableEnded) this.#call.end();
  }

  #onDrain(): void {
    this.#isCongested = false;
    if (this.canTake) this.#handlers.onReady(this);
  }

  #end(error: StreamError): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const unanswered = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#handlers.onEnded(this, unanswered, error);
  }
}

function streamEnded(): StreamError {
  return new StreamError('indefinite', 'STREAM_ENDED', 'the agent ended the stream');
}
