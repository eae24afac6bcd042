/**
 * Integers of fixed width, big-endian, at a position. Every function checks its bounds: a typed array
 * answers `undefined` past its end and ignores writes there, which would turn a bug into wrong data.
 */
import { StreamError } from '../errors.ts';

const TWO_TO_32 = 0x1_0000_0000;

/** @throws StreamError `corrupt` BYTES_TRUNCATED when `[position, position + length)` is not inside `bytes`. */
export function checkBounds(bytes: Uint8Array, position: number, length: number): void {
  if (position < 0 || length < 0 || position + length > bytes.length) {
    throw new StreamError(
      'corrupt',
      'BYTES_TRUNCATED',
      `need ${length} bytes at ${position}, there are ${bytes.length} in all`,
    );
  }
}

export function readInt8(bytes: Uint8Array, position: number): number {
  checkBounds(bytes, position, 1);
  return (byteAt(bytes, position) << 24) >> 24;
}

export function readInt16(bytes: Uint8Array, position: number): number {
  checkBounds(bytes, position, 2);
  return ((byteAt(bytes, position) << 24) >> 16) | byteAt(bytes, position + 1);
}

export function readInt32(bytes: Uint8Array, position: number): number {
  checkBounds(bytes, position, 4);
  return (
    (byteAt(bytes, position) << 24) |
    (byteAt(bytes, position + 1) << 16) |
    (byteAt(bytes, position + 2) << 8) |
    byteAt(bytes, position + 3)
  );
}

export function readUint32(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position) >>> 0;
}

/** @throws StreamError `corrupt` INT64_RANGE when the value is not a safe integer. */
export function readInt64(bytes: Uint8Array, position: number): number {
  const value = readInt32(bytes, position) * TWO_TO_32 + readUint32(bytes, position + 4);
  if (!Number.isSafeInteger(value)) {
    throw new StreamError(
      'corrupt',
      'INT64_RANGE',
      `int64 at ${position} is not a safe integer: ${value}`,
    );
  }
  return value;
}

export function writeInt8(bytes: Uint8Array, position: number, value: number): void {
  checkBounds(bytes, position, 1);
  bytes[position] = value;
}

export function writeInt16(bytes: Uint8Array, position: number, value: number): void {
  checkBounds(bytes, position, 2);
  bytes[position] = value >> 8;
  bytes[position + 1] = value;
}

/** Takes int32 and uint32 alike. */
export function writeInt32(bytes: Uint8Array, position: number, value: number): void {
  checkBounds(bytes, position, 4);
  bytes[position] = value >> 24;
  bytes[position + 1] = value >> 16;
  bytes[position + 2] = value >> 8;
  bytes[position + 3] = value;
}

/** `value` is a safe integer. */
export function writeInt64(bytes: Uint8Array, position: number, value: number): void {
  writeInt32(bytes, position, Math.floor(value / TWO_TO_32));
  writeInt32(bytes, position + 4, value % TWO_TO_32);
}

function byteAt(bytes: Uint8Array, position: number): number {
  return bytes[position] as number;
}
