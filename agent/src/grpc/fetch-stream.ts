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
  /** Counts replacements of what is read: an answer to an older one is not sent. */
  #version = 0;

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
      this.#version++;
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
    const version = this.#version;
    const asked = this.#positions;
    const bytesMax = Math.min(this.#creditBytes, LIMITS.fetchBytesMax);
    const result = await fetchOnce(this.#context, life, asked, bytesMax, this.#signal);
    if (version !== this.#version) return;
    if (result.bytes === 0 && !result.hasErrors) {
      await untilReadable(life, asked, result.partitions, LIMITS.fetchWaitMsMax, this.#signal);
      return;
    }
    this.#creditBytes -= result.bytes;
    this.#positions = advance(asked, result);
    const partitions = result.partitions.filter(
      (one) => one.error != null || one.recordBatches?.length !== 0,
    );
    if (!this.#call.write({ partitions })) await this.#drained();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#call.off('drain', go);
        this.#signal.removeEventListener('abort', go);
        resolve();
      };
      this.#call.once('drain', go);
      this.#signal.addEventListener('abort', go, { once: true });
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
