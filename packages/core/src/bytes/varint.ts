/**
 * Zig-zag varints as Kafka's records have them (https://protobuf.dev/programming-guides/encoding/#signed-ints): the
 * sign moves to the lowest bit, then 7 bits a byte, lowest first, the high bit set on all but the last byte.
 *
 * varint: int32, 1..5 bytes. varlong: int64, of which only safe integers are written or read, 1..8 bytes.
 * Reading stands in byte-reader.ts.
 */

/** Bytes that the longest varint takes. */
export const VARINT_BYTES_MAX = 5;
/** Bytes that the longest varlong of a safe integer takes: 54 bits, 7 a byte. */
export const VARLONG_BYTES_MAX = 8;

/** Bytes that `writeVarint` takes for an int32. */
export function varintBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x20_0000) return 3;
  return zigzag < 0x1000_0000 ? 4 : 5;
}

/** Writes an int32. The caller has made room. Returns the position after it. */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = position;
  while (zigzag >= 0x80) {
    bytes[at++] = (zigzag & 0x7f) | 0x80;
    zigzag >>>= 7;
  }
  bytes[at++] = zigzag;
  return at;
}

/** Bytes that `writeVarlong` takes for a safe integer. */
export function varlongBytes(value: number): number {
  if (value === value >> 0) return varintBytes(value);
  let rest = Math.floor((value < 0 ? -(value + 1) : value) / 64);
  let bytes = 1;
  for (; rest > 0; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Writes a safe integer. The caller has made room. Returns the position after it. */
export function writeVarlong(bytes: Uint8Array, position: number, value: number): number {
  if (value === value >> 0) return writeVarint(bytes, position, value);
  // Doubling could leave the safe integers, so the sign bit joins the lowest 6 bits by hand.
  const magnitude = value < 0 ? -(value + 1) : value;
  let rest = Math.floor(magnitude / 64);
  bytes[position] = ((magnitude % 64) << 1) | (value < 0 ? 1 : 0) | 0x80;
  let at = position + 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
  bytes[at++] = rest;
  return at;
}
