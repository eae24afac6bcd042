import type { Clock } from '@streamhouse/core/async/clock.ts';
import { SingleBar } from 'cli-progress';
import { formatBytes, formatCount } from './format.ts';

/** Records, bytes and rate on a terminal, with a bar when the size of the input is known. Without a terminal it draws nothing. */
export class Progress implements Disposable {
  readonly #bar: SingleBar | undefined;
  readonly #clock: Clock;
  readonly #startMs: number;

  constructor(
    stream: NodeJS.WritableStream | undefined,
    bytesTotal: number | undefined,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    if (stream === undefined) return;
    const bar = bytesTotal === undefined ? '' : '{bar} {percentage}%  ';
    this.#bar = new SingleBar({
      stream,
      format: `${bar}{records} records  {size}  {rate} records/s`,
      barsize: 24,
      clearOnComplete: true,
      // A cursor that is hidden stays hidden when the process is killed.
      hideCursor: false,
    });
    this.#bar.start(bytesTotal ?? 0, 0, payload(0, 0, 0));
  }

  update(records: number, bytes: number): void {
    this.#bar?.update(bytes, payload(records, bytes, this.elapsedMs()));
  }

  /** Milliseconds since this was made. */
  elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startMs;
  }

  [Symbol.dispose](): void {
    this.#bar?.stop();
  }
}

function payload(records: number, bytes: number, elapsedMs: number): object {
  return {
    records: formatCount(records),
    size: formatBytes(bytes),
    rate: formatCount(elapsedMs === 0 ? 0 : (records * 1_000) / elapsedMs),
  };
}
