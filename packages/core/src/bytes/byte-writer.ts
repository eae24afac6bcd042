import { StreamError } from '../errors.ts';
import { writeInt8, writeInt16, writeInt32, writeInt64 } from './fixed.ts';

/** Writes forward into a buffer that doubles until its cap. */
export class ByteWriter {
  /** The buffer; what lies at `position` and after it is not written yet. Changes when `reserve` grows it. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Next byte to write. */
  position = 0;
  readonly #bytesMax: number;

  constructor(initialBytes: number, bytesMax: number) {
    this.bytes = new Uint8Array(initialBytes);
    this.#bytesMax = bytesMax;
  }

  /** Makes room for `length` more bytes. @throws StreamError `overloaded` BUFFER_FULL past the cap. */
  reserve(length: number): void {
    const needed = this.position + length;
    if (needed <= this.bytes.length) return;
    if (needed > this.#bytesMax) {
      throw new StreamError(
        'overloaded',
        'BUFFER_FULL',
        `${needed} bytes are more than the ${this.#bytesMax} allowed`,
      );
    }
    const grown = new Uint8Array(Math.min(this.#bytesMax, Math.max(needed, this.bytes.length * 2)));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
  }

  writeInt8(value: number): void {
    const start = this.take(1);
    writeInt8(this.bytes, start, value);
  }

  writeInt16(value: number): void {
    const start = this.take(2);
    writeInt16(this.bytes, start, value);
  }

  /** Takes int32 and uint32 alike. */
  writeInt32(value: number): void {
    const start = this.take(4);
    writeInt32(this.bytes, start, value);
  }

  writeInt64(value: number): void {
    const start = this.take(8);
    writeInt64(this.bytes, start, value);
  }

  writeBytes(bytes: Uint8Array): void {
    const start = this.take(bytes.length);
    this.bytes.set(bytes, start);
  }

  /** Where to write; only then read `bytes`, which this may replace. */
  private take(length: number): number {
    this.reserve(length);
    const start = this.position;
    this.position = start + length;
    return start;
  }
}
