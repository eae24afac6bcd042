import type { ConsumerRecord } from '@streamhouse/client/mod.ts';
import { type RecordShape, renderRecord, TABLE_TITLE } from './record-writer.ts';
import type { Sink } from './sink.ts';

/** Prints consumed records to a sink, one write for many of them. */
export class RecordPrinter {
  readonly #sink: Sink;
  readonly #shape: RecordShape;

  constructor(sink: Sink, shape: RecordShape) {
    this.#sink = sink;
    this.#shape = shape;
  }

  /** What stands above the first record. */
  async begin(): Promise<void> {
    if (this.#shape.output === 'table') await this.#sink.writeText(TABLE_TITLE);
  }

  /** Resolves when they are written out, or `isClosed`. */
  async print(records: readonly ConsumerRecord[]): Promise<void> {
    for (const record of records) {
      for (const bytes of renderRecord(record, this.#shape)) this.#sink.gather(bytes);
    }
    await this.#sink.flush();
  }

  /** Whether nobody reads what is printed: the last records may not have come to anyone. */
  get isClosed(): boolean {
    return this.#sink.closed.aborted;
  }
}
