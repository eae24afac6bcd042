import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { InitProducerResponse } from '@streamhouse/api/gen/streamhouse/v1/InitProducerResponse.ts';
import type { ProduceBatch__Output } from '@streamhouse/api/gen/streamhouse/v1/ProduceBatch.ts';
import type { ProducerServiceHandlers } from '@streamhouse/api/gen/streamhouse/v1/ProducerService.ts';
import type { ProduceStreamRequest__Output } from '@streamhouse/api/gen/streamhouse/v1/ProduceStreamRequest.ts';
import type { ProduceStreamResponse } from '@streamhouse/api/gen/streamhouse/v1/ProduceStreamResponse.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import type { Offset } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { admitBatch } from '../partition/admission.ts';
import {
  callEnded,
  checkDecoded,
  errorMessage,
  failStream,
  messagesOf,
  type ServiceContext,
  unary,
} from './call.ts';
import { produceRecords } from './produce-records.ts';
import { acknowledgeAt, findHeld } from './validate.ts';

type StreamCall = ServerDuplexStream<ProduceStreamRequest__Output, ProduceStreamResponse>;

export function producerService(context: ServiceContext): ProducerServiceHandlers {
  return {
    InitProducer: unary(context, async (_request, signal): Promise<InitProducerResponse> => {
      const producerId = await context.current().metadata.log.allocateProducerId(signal);
      return { producerId, producerEpoch: 0 };
    }),
    Produce: unary(context, async (request, signal) => {
      try {
        return await produceRecords(context.current(), request, signal);
      } catch (error) {
        context.metrics.countRefused(toStreamError(error).kind);
        throw error;
      }
    }),
    ProduceStream: (call) => {
      const stream = new ProduceStream(context, call);
      stream.run().catch((error: unknown) => failStream(call, error, context.log));
    },
  };
}

/** One pipelined connection of a producer. Bounded: it is read no further while too many batches wait for their answer. */
class ProduceStream {
  readonly #context: ServiceContext;
  readonly #call: StreamCall;
  readonly #end = new AbortController();
  #acks: NonNullable<ProduceStreamResponse['acks']> = [];
  /** Batches whose answers have not left: an answer that is not read counts like one that is not there (I-41). */
  #inFlight = 0;
  #isWriteScheduled = false;
  #resume: (() => void) | undefined;
  #ended = false;

  constructor(context: ServiceContext, call: StreamCall) {
    this.#context = context;
    this.#call = call;
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close());
  }

  async run(): Promise<void> {
    const life = this.#context.current();
    const stopTelling = life.onDraining(() => this.#write({ acks: [], draining: true }));
    try {
      for await (const request of messagesOf(this.#call)) {
        checkDecoded(request);
        for (const batch of request.batches) await this.#admit(batch);
      }
    } finally {
      stopTelling();
    }
    this.#ended = true;
    this.#endIfDone();
  }

  async #admit(batch: ProduceBatch__Output): Promise<void> {
    await this.#room();
    this.#inFlight++;
    const { requestId } = batch;
    const reply = (result: Offset | StreamError): void => this.#reply(requestId, result);
    try {
      const life = this.#context.current();
      const partition = findHeld(life, batch.topicId, batch.partition);
      const at = acknowledgeAt(batch.durability);
      await admitBatch(life, partition, batch.recordBatch, at, reply, this.#end.signal);
    } catch (error) {
      this.#reply(requestId, error);
    }
  }

  /** Waits until not too many answers are outstanding. */
  async #room(): Promise<void> {
    while (this.#inFlight >= LIMITS.produceStreamInFlightMax) {
      if (this.#end.signal.aborted) throw callEnded();
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
      this.#resume = undefined;
    }
  }

  #reply(requestId: number, result: unknown): void {
    const isOffset = typeof result === 'number';
    this.#acks.push(
      isOffset
        ? { requestId, baseOffset: result }
        : { requestId, error: errorMessage(result, this.#context.log) },
    );
    if (result instanceof StreamError) this.#context.metrics.countRefused(result.kind);
    if (this.#isWriteScheduled) return;
    this.#isWriteScheduled = true;
    // One message for all that a publish acknowledges.
    queueMicrotask(() => {
      this.#isWriteScheduled = false;
      const acks = this.#acks;
      this.#acks = [];
      this.#write({ acks }, () => {
        this.#inFlight -= acks.length;
        this.#resume?.();
        this.#endIfDone();
      });
    });
  }

  #write(response: ProduceStreamResponse, onLeft?: () => void): void {
    if (!this.#end.signal.aborted) this.#call.write(response, onLeft);
  }

  #endIfDone(): void {
    if (!this.#ended || this.#inFlight > 0) return;
    this.#ended = false;
    this.#call.end();
  }

  #close(): void {
    this.#end.abort(callEnded());
    this.#resume?.();
  }
}
