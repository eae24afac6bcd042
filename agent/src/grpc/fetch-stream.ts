import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { FetchPartition__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchPartition.ts';
import type { FetchResponse } from '@streamhouse/api/gen/streamhouse/v1/FetchResponse.ts';
import type { FetchStreamRequest__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchStreamRequest.ts';
import { Trigger } from '@streamhouse/core/async/run-loop.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { iterateBatches } from '@streamhouse/core/record/batch-header.ts';
import { callEnded, checkDecoded, messagesOf, type ServiceContext } from './call.ts';
import { type FetchResult, fetchOnce, untilReadable } from './fetch.ts';
import { checkCount, invalidField } from './validate.ts';

type StreamCall = ServerDuplexStream<FetchStreamRequest__Output, FetchResponse>;

/** Pushes what becomes readable, as far as the client's credit goes. Ends when the client does, or at the first error. */
export async function runFetchStream(context: ServiceContext, call: StreamCall): Promise<void> {
  const end = new AbortController();
  call.on('cancelled', () => end.abort(callEnded()));
  const stream = new FetchStream(context, call, end.signal);
  const read = async (): Promise<void> => {
    for await (const request of messagesOf(call)) {
      checkDecoded(request);
      stream.request(request);
    }
  };
  const finish = (): void => end.abort(callEnded());
  // Whichever fails first ends the call; the other one then has nobody to tell.
  await Promise.all([stream.send().finally(finish), read().finally(finish)]);
  call.end();
}

class FetchStream {
  readonly #context: ServiceContext;
  readonly #call: StreamCall;
  readonly #signal: AbortSignal;
  readonly #changed = new Trigger();
  #positions: readonly FetchPartition__Output[] = [];
  #creditBytes = 0;
  /** Aborts when what is read is replaced: an answer to what was read before is not sent. */
  #replaced = new AbortController();
  #sent: Promise<void> = Promise.resolve();

  constructor(context: ServiceContext, call: StreamCall, signal: AbortSignal) {
    this.#context = context;
    this.#call = call;
    this.#signal = signal;
  }

  request({ partitions, creditBytes }: FetchStreamRequest__Output): void {
    if (!Number.isSafeInteger(creditBytes) || creditBytes < 0) {
      throw invalidField('credit_bytes', `must not be negative, got ${creditBytes}`);
    }
    if (partitions.length > 0) {
      this.#positions = checkCount('partitions', partitions, LIMITS.requestPartitionsMax);
      this.#replaced.abort();
      this.#replaced = new AbortController();
    }
    this.#creditBytes = Math.min(this.#creditBytes + creditBytes, Number.MAX_SAFE_INTEGER);
    this.#changed.fire();
  }

  async send(): Promise<void> {
    try {
      while (!this.#signal.aborted) {
        if (this.#creditBytes <= 0 || this.#positions.length === 0)
          await this.#changed.wait(this.#signal);
        else await this.#sendOnce();
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    }
  }

  async #sendOnce(): Promise<void> {
    const life = this.#context.current();
    const replaced = this.#replaced.signal;
    const asked = this.#positions;
    const bytesMax = Math.min(this.#creditBytes, LIMITS.fetchStreamBytesMax);
    const result = await fetchOnce(this.#context, life, asked, bytesMax, this.#signal);
    if (replaced.aborted) return;
    if (result.bytes === 0 && !result.hasErrors) {
      const signal = AbortSignal.any([this.#signal, replaced]);
      await untilReadable(life, asked, result.partitions, LIMITS.fetchWaitMsMax, signal);
      return;
    }
    result.count();
    this.#creditBytes -= result.bytes;
    this.#positions = advance(asked, result);
    const partitions = result.partitions.filter(
      (one) => one.error != null || one.recordBatches?.length !== 0,
    );
    // One message is on its way while the next is read, and no more: who does not read costs two (I-41).
    await this.#sent;
    this.#sent = this.#write({ partitions });
  }

  /** Resolves when the message has left for the connection, or the call is over. */
  #write(response: FetchResponse): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#signal.removeEventListener('abort', done);
        resolve();
      };
      this.#signal.addEventListener('abort', done, { once: true });
      this.#call.write(response, done);
    });
  }
}

/** Where each partition goes on; one that failed is read no further until the client asks again. */
function advance(
  asked: readonly FetchPartition__Output[],
  result: FetchResult,
): readonly FetchPartition__Output[] {
  return asked.flatMap((one, index) => {
    const fetched = result.partitions[index];
    if (fetched === undefined || fetched.error != null) return [];
    let offset = one.offset;
    const bytes = fetched.recordBatches;
    if (bytes instanceof Uint8Array) {
      for (const { header } of iterateBatches(bytes))
        offset = header.baseOffset + header.lastOffsetDelta + 1;
    }
    return [{ ...one, offset }];
  });
}
