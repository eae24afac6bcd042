/** NDJSON to events. Reads a file of any length in the memory of its longest line. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { HistoryEvent } from './history.ts';
import { eventFault } from './history-format.ts';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 1024 * 1024;
/** Of one line. A longer one is refused: it is not of a history. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;

/** A history that cannot be judged, because it is not what `history.ts` says. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
  /** Of the file, from 1. */
  readonly line: number;

  constructor(line: number, fault: string) {
    super(`line ${line}: ${fault}`);
    this.line = line;
  }
}

/**
 * Hands every event of the file to `take`, in their order.
 *
 * @throws HistoryError for the first line that is no event, that has another `i` than its place, or whose `t` falls. What
 * the file system throws is passed on.
 */
export async function readHistory(
  path: string,
  take: (event: HistoryEvent) => void,
): Promise<void> {
  const parser = new LineParser();
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      take(parser.parse(bytes.subarray(start, end)));
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > LINE_BYTES_MAX)
      throw new HistoryError(parser.line, `longer than ${LINE_BYTES_MAX} bytes`);
  }
  if (rest.length > 0) take(parser.parse(rest));
}

class LineParser {
  #events = 0;
  #lastNs = 0;

  /** Of the line that comes next. */
  get line(): number {
    return this.#events + 1;
  }

  parse(bytes: Buffer): HistoryEvent {
    const event = this.#event(bytes);
    if (event.i !== this.#events)
      throw new HistoryError(this.line, `i is ${event.i}, must be ${this.#events}`);
    if (event.t < this.#lastNs)
      throw new HistoryError(this.line, `t falls from ${this.#lastNs} to ${event.t}`);
    this.#events++;
    this.#lastNs = event.t;
    return event;
  }

  #event(bytes: Buffer): HistoryEvent {
    if (!isUtf8(bytes)) throw new HistoryError(this.line, 'not UTF-8');
    let event: unknown;
    try {
      event = JSON.parse(bytes.toString('utf8'));
    } catch {
      throw new HistoryError(this.line, 'not JSON');
    }
    const fault = eventFault(event);
    if (fault !== undefined) throw new HistoryError(this.line, `the event${fault}`);
    return event as HistoryEvent;
  }
}
