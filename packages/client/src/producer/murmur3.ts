/**
 * MurmurHash3 x86_32 with seed 0, for those who come from clients that partition with it
 * (https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp).
 */
const FIRST = 0xcc9e2d51;
const SECOND = 0x1b873593;

/** The hash of `bytes[0..length)` as a signed 32-bit integer. */
export function murmur3(bytes: Uint8Array, length: number = bytes.length): number {
  let hash = 0;
  const tail = length & ~3;
  for (let at = 0; at < tail; at += 4) {
    const word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    hash = Math.imul(rotateLeft(hash ^ mix(word), 13), 5) + 0xe6546b64;
  }
  let rest = 0;
  for (let at = length - 1; at >= tail; at--) rest = (rest << 8) | (bytes[at] ?? 0);
  hash ^= mix(rest) ^ length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function mix(word: number): number {
  return Math.imul(rotateLeft(Math.imul(word, FIRST), 15), SECOND);
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
