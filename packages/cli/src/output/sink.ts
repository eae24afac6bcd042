import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { escapeControlsOfLines } from './escape.ts';

/** An output stream of the process. A reader that goes away is not an error: `closed` aborts and writes are dropped. */
export class Sink {
  readonly isTerminal: boolean;
  readonly #stream: Writable;
  readonly #closed = new AbortController();
  #gathered: Uint8Array[] = [];

  constructor(stream: Writable & { readonly isTTY?: boolean }) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true;
    // EPIPE above all; there is nobody left to tell of another failure to write.
    stream.on('error', () => this.#closed.abort());
  }

  /** Aborts once nothing can be written any more. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Writes a text of whole lines, made harmless when it goes to a terminal. */
  async writeText(text: string): Promise<void> {
    await this.#write(Buffer.from(this.isTerminal ? escapeControlsOfLines(text) : text));
  }

  /** Keeps bytes until `flush`, so that many records become one write. */
  gather(bytes: Uint8Array): void {
    this.#gathered.push(bytes);
  }

  /** Writes what was gathered, as it is; waits when the reader is slow. */
  async flush(): Promise<void> {
    if (this.#gathered.length === 0) return;
    const bytes = Buffer.concat(this.#gathered);
    this.#gathered = [];
    await this.#write(bytes);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.closed.aborted || this.#stream.write(bytes)) return;
    try {
      await once(this.#stream, 'drain', { signal: this.closed });
    } catch {
      // The reader is gone: `closed` says so.
    }
  }
}
