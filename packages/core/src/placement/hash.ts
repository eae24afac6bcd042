/**
 * Hashing for placement. Every agent must come to the same numbers, so these functions never change; they are fast and
 * spread well, and nothing rests on them being hard to invert.
 */

/** 32-bit hash of a text: FNV-1a over its UTF-16 code units (Fowler, Noll, Vo), then mixed. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(hash);
}

/** 32-bit hash of two 32-bit hashes, in this order. 0x9e3779b9 is 2^32 divided by the golden ratio. */
export function hashPair(left: number, right: number): number {
  return mix(Math.imul(left, 0x9e3779b9) ^ right);
}

/** The 32-bit finaliser of MurmurHash3 (Appleby, public domain): each input bit changes half of the output. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
