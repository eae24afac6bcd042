/** Cuts a stream of bytes into the parts that become records, whatever the size of the chunks it comes in. */
export interface Splitter {
  /**
   * The parts that this chunk completes, as views of it where they can be. Parts before a fault are yielded before it is thrown.
   *
   * @throws InputError when the bytes cannot be cut, or a part is longer than the bound.
   */
  push(chunk: Uint8Array): Iterable<Uint8Array>;
  /** What is left when the input is over. */
  end(): Iterable<Uint8Array>;
  /** Where the part yielded last stands, for people: "line 7". */
  place(): string;
}

/** The input is not what was promised. Its message names the place; records before it may have been sent. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** The bytes of one part that goes on in the next chunk. Bounded, so that an input without an end of line cannot fill the memory. */
export class OpenPart {
  readonly #bytesMax: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** @returns false, and keeps nothing, when the part would be longer than the bound. */
  append(piece: Uint8Array): boolean {
    if (this.#bytes + piece.length > this.#bytesMax) return false;
    if (piece.length > 0) this.#pieces.push(piece);
    this.#bytes += piece.length;
    return true;
  }

  /** The whole part, ended by `last`; the next part is begun. Undefined when it is longer than the bound. */
  close(last: Uint8Array): Uint8Array | undefined {
    if (!this.append(last)) return undefined;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }
}
