import { InputError, OpenPart, type Splitter } from './splitter.ts';

const LINE_FEED = 0x0a;

/** Cuts at each line feed. A line is bytes, not text: whatever is between two line feeds comes out as it was, a CR included. */
export class LineSplitter implements Splitter {
  readonly #bytesMax: number;
  readonly #open: OpenPart;
  #line = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#open = new OpenPart(bytesMax);
  }

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end === -1) break;
      yield this.#close(chunk.subarray(start, end));
      start = end + 1;
    }
    if (!this.#open.append(chunk.subarray(start))) throw this.#tooLong();
  }

  *end(): Generator<Uint8Array> {
    if (!this.#open.isEmpty) yield this.#close(new Uint8Array(0));
  }

  place(): string {
    return `line ${this.#line}`;
  }

  #close(last: Uint8Array): Uint8Array {
    const line = this.#open.close(last);
    if (line === undefined) throw this.#tooLong();
    this.#line++;
    return line;
  }

  #tooLong(): InputError {
    return new InputError(
      `line ${this.#line + 1} is longer than ${this.#bytesMax} bytes, the most a record may have`,
    );
  }
}
