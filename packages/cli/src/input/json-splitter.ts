import { LineSplitter } from './line-splitter.ts';
import { InputError, OpenPart, type Splitter } from './splitter.ts';

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACKET_OPEN = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_CLOSE = 0x5d;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const BYTE_ORDER_MARK = Uint8Array.of(0xef, 0xbb, 0xbf);

/**
 * Cuts a JSON array into the texts of its elements, in memory of one element however long the array is.
 *
 * It knows strings, escapes and depth and no more: an element is what stands between two commas of the outermost array. Whoever
 * parses each element rejects whatever is no JSON, so that both together take exactly the texts that `JSON.parse` takes.
 */
export class JsonArraySplitter implements Splitter {
  readonly #bytesMax: number;
  readonly #open: OpenPart;
  #phase: 'before' | 'inside' | 'after' = 'before';
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #elements = 0;
  #line: number;

  /** @param firstLine number of the line that the first chunk begins in. */
  constructor(bytesMax: number, firstLine = 1) {
    this.#bytesMax = bytesMax;
    this.#open = new OpenPart(bytesMax);
    this.#line = firstLine;
  }

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let start = this.#phase === 'inside' ? 0 : this.#skipOutside(chunk, 0);
    for (let at = start; at < chunk.length; at++) {
      if (!this.#endsElement(chunk[at] as number)) continue;
      const element = this.#close(chunk.subarray(start, at));
      const isLast = chunk[at] === BRACKET_CLOSE;
      // `[]` has no element; `[1,]` has an empty one, which is no JSON.
      if (element.length > 0 || !isLast || this.#elements > 0) {
        this.#elements++;
        yield element;
      }
      start = at + 1;
      if (!isLast) continue;
      this.#phase = 'after';
      start = this.#skipOutside(chunk, start);
      return;
    }
    if (this.#phase === 'inside' && !this.#open.append(this.#withoutLead(chunk.subarray(start))))
      throw this.#tooLong();
  }

  end(): Iterable<Uint8Array> {
    if (this.#phase !== 'inside') return [];
    throw new InputError(
      `the JSON array is not closed: the input ends after element ${this.#elements} (line ${this.#line})`,
    );
  }

  place(): string {
    return `element ${this.#elements} (line ${this.#line})`;
  }

  /** Takes one byte of the array; whether it ends an element. */
  #endsElement(byte: number): boolean {
    if (this.#isInString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) this.#isInString = false;
      return false;
    }
    switch (byte) {
      case QUOTE:
        this.#isInString = true;
        return false;
      case LINE_FEED:
        this.#line++;
        return false;
      case BRACKET_OPEN:
      case BRACE_OPEN:
        this.#depth++;
        return false;
      case BRACKET_CLOSE:
      case BRACE_CLOSE:
        if (this.#depth > 0) this.#depth--;
        else if (byte === BRACKET_CLOSE) return true;
        else throw this.#unexpected(byte);
        return false;
      case COMMA:
        return this.#depth === 0;
      default:
        return false;
    }
  }

  /** Passes white space before or after the array, and its opening bracket; where the first element begins. */
  #skipOutside(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte === LINE_FEED) this.#line++;
      if (isWhiteSpace(byte)) continue;
      if (this.#phase === 'after' || byte !== BRACKET_OPEN) throw this.#unexpected(byte);
      this.#phase = 'inside';
      return at + 1;
    }
    return chunk.length;
  }

  #close(last: Uint8Array): Uint8Array {
    const element = this.#open.close(this.#withoutLead(last));
    if (element === undefined) throw this.#tooLong();
    return trimEnd(element);
  }

  /** Without the white space that stands before an element, which then needs no room however much it is. */
  #withoutLead(piece: Uint8Array): Uint8Array {
    if (!this.#open.isEmpty) return piece;
    let start = 0;
    while (start < piece.length && isWhiteSpace(piece[start] as number)) start++;
    return piece.subarray(start);
  }

  #tooLong(): InputError {
    return new InputError(
      `element ${this.#elements + 1} (line ${this.#line}) is longer than ${this.#bytesMax} bytes, the most a record may have`,
    );
  }

  #unexpected(byte: number): InputError {
    const what =
      byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16)}`;
    return new InputError(
      this.#phase === 'after'
        ? `${what} after the end of the JSON array (line ${this.#line}); use --json-lines when each line is an array`
        : `${what} after element ${this.#elements} of the JSON array (line ${this.#line})`,
    );
  }
}

/** JSON lines, or one JSON array when the first character is `[`. Blank lines are no records; a byte order mark is passed over. */
export class JsonSplitter implements Splitter {
  readonly #bytesMax: number;
  #inner: LineSplitter | JsonArraySplitter;
  #isDecided: boolean;
  /** Bytes of a byte order mark that have come so far; undefined once it is known whether there is one. */
  #markBytes: number | undefined = 0;
  #linesBefore = 0;

  /** @param isAlwaysLines takes a first `[` for the beginning of a line's value. */
  constructor(bytesMax: number, isAlwaysLines: boolean) {
    this.#bytesMax = bytesMax;
    this.#inner = new LineSplitter(bytesMax);
    this.#isDecided = isAlwaysLines;
  }

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    const bytes = this.#withoutMark(chunk);
    if (!this.#isDecided) this.#decide(bytes);
    yield* this.#records(this.#inner.push(bytes));
  }

  *end(): Generator<Uint8Array> {
    const held = BYTE_ORDER_MARK.subarray(0, this.#markBytes ?? 0);
    yield* this.#records(this.#inner.push(held));
    yield* this.#records(this.#inner.end());
  }

  place(): string {
    return this.#inner.place();
  }

  /** The chunk without a mark at the beginning of the input, which may come in pieces. */
  #withoutMark(chunk: Uint8Array): Uint8Array {
    if (this.#markBytes === undefined) return chunk;
    const held = this.#markBytes;
    let seen = held;
    while (seen - held < chunk.length && chunk[seen - held] === BYTE_ORDER_MARK[seen]) seen++;
    const isWhole = seen === BYTE_ORDER_MARK.length;
    const isOpen = !isWhole && seen - held === chunk.length;
    this.#markBytes = isOpen ? seen : undefined;
    if (isOpen || isWhole) return chunk.subarray(seen - held);
    return held === 0 ? chunk : Buffer.concat([BYTE_ORDER_MARK.subarray(0, held), chunk]);
  }

  #decide(bytes: Uint8Array): void {
    const first = bytes.findIndex((byte) => !isWhiteSpace(byte));
    const before = first === -1 ? bytes : bytes.subarray(0, first);
    if (first !== -1 && bytes[first] === BRACKET_OPEN) {
      this.#inner = new JsonArraySplitter(this.#bytesMax, this.#linesBefore + 1);
    }
    this.#isDecided = first !== -1;
    for (const byte of before) if (byte === LINE_FEED) this.#linesBefore++;
  }

  *#records(parts: Iterable<Uint8Array>): Generator<Uint8Array> {
    const isLines = this.#inner instanceof LineSplitter;
    for (const part of parts) if (!isLines || !part.every(isWhiteSpace)) yield part;
  }
}

/** White space as JSON has it (RFC 8259, section 2). */
function isWhiteSpace(byte: number): boolean {
  return byte === 0x20 || byte === LINE_FEED || byte === 0x0d || byte === 0x09;
}

function trimEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && isWhiteSpace(bytes[end - 1] as number)) end--;
  return bytes.subarray(0, end);
}
