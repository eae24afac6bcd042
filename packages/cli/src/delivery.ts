import { type Producer, type RecordInput, StreamError } from '@streamhouse/client/mod.ts';

/** Half of the SDK's buffer: waiting here and not there, no `send` can run into its time limit for want of room. */
const IN_FLIGHT_BYTES_MAX = 33_554_432;
/** A record costs more than its bytes: promises, a place in a queue. */
const IN_FLIGHT_RECORDS_MAX = 100_000;

/** How the records that were sent ended. They add up to `sent` once all are settled. */
export interface DeliveryCounts {
  readonly sent: number;
  readonly acknowledged: number;
  /** May or may not be written: time was over before an answer. */
  readonly unknown: number;
  readonly failed: number;
}

/** Sends records of one topic with a bound on what is in flight, and counts how each one ended. */
export class Delivery {
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #stopped = new AbortController();
  readonly #counts = { sent: 0, acknowledged: 0, unknown: 0, failed: 0 };
  #inFlightBytes = 0;
  #inFlightRecords = 0;
  #failure: unknown;
  #onRoom: (() => void) | undefined;

  constructor(producer: Producer, topic: string) {
    this.#producer = producer;
    this.#topic = topic;
  }

  get counts(): DeliveryCounts {
    return { ...this.#counts };
  }

  /** Aborts at the first record that was not acknowledged. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Why the first record that was not acknowledged was not. */
  get failure(): unknown {
    return this.#failure;
  }

  get hasRoom(): boolean {
    return (
      this.#inFlightBytes < IN_FLIGHT_BYTES_MAX && this.#inFlightRecords < IN_FLIGHT_RECORDS_MAX
    );
  }

  send(record: RecordInput): void {
    const bytes = sizeOf(record);
    this.#inFlightBytes += bytes;
    this.#inFlightRecords++;
    this.#counts.sent++;
    this.#producer.send({ ...record, topic: this.#topic }).then(
      () => {
        this.#counts.acknowledged++;
        this.#settle(bytes);
      },
      (error: unknown) => {
        const isUnknown = error instanceof StreamError && error.kind === 'indefinite';
        this.#counts[isUnknown ? 'unknown' : 'failed']++;
        this.#failure ??= error;
        this.#stopped.abort();
        this.#settle(bytes);
      },
    );
  }

  /** Resolves when there is room for another record. One caller at a time. */
  async room(): Promise<void> {
    while (!this.hasRoom) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
    }
  }

  #settle(bytes: number): void {
    this.#inFlightBytes -= bytes;
    this.#inFlightRecords--;
    if (this.hasRoom) this.#onRoom?.();
  }
}

/** Roughly, as texts are counted in UTF-16 units. Values are bytes here, and they are what is large. */
function sizeOf(record: RecordInput): number {
  return (record.key?.length ?? 0) + (record.value?.length ?? 0);
}
