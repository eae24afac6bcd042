import { StreamError } from '@streamhouse/core/errors.ts';
import type { RecordMetadata } from '../public/record.ts';

/** One `sendBatch`: many records, spread over batches, and one promise. */
export class BatchCall {
  readonly promise: Promise<RecordMetadata[]>;
  readonly #results: RecordMetadata[];
  #resolve: (results: RecordMetadata[]) => void = () => {};
  #reject: (error: StreamError) => void = () => {};
  #unsettled: number;
  #failed = 0;
  #error: StreamError | undefined;

  constructor(recordCount: number) {
    this.#unsettled = recordCount;
    this.#results = new Array<RecordMetadata>(recordCount);
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (recordCount === 0) this.#resolve(this.#results);
  }

  /** The record at `index` of the call is written. */
  acknowledge(index: number, metadata: RecordMetadata): void {
    this.#results[index] = metadata;
    this.#unsettled--;
    if (this.#unsettled === 0) this.#settle();
  }

  /** So many of its records have failed. */
  fail(recordCount: number, error: StreamError): void {
    // An unknown outcome tells more than a failure: it must not be hidden behind one.
    if (this.#error === undefined || error.kind === 'indefinite') this.#error = error;
    this.#failed += recordCount;
    this.#unsettled -= recordCount;
    if (this.#unsettled === 0) this.#settle();
  }

  #settle(): void {
    if (this.#error === undefined) this.#resolve(this.#results);
    else if (this.#failed === this.#results.length) this.#reject(this.#error);
    else this.#reject(this.#partialError(this.#error));
  }

  #partialError(cause: StreamError): StreamError {
    const acknowledged = this.#results.length - this.#failed;
    return new StreamError(
      'indefinite',
      'PARTIAL',
      `${acknowledged} records are written, ${this.#failed} failed: ${cause.message}`,
      { cause, details: { acknowledged: String(acknowledged), failed: String(this.#failed) } },
    );
  }
}
