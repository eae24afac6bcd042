/** Inputs that are nearly right: what a decoder must survive is seldom noise, it is one field that lies. */
import type { Random } from '@streamhouse/core/async/clock.ts';

const CHANGES_MAX = 4;
/** Beyond this an input only grows: bombs stand in the corpus, where they are small. */
const INPUT_BYTES_MAX = 262_144;
/** What lengths, counts and offsets are never tested with by honest writers. */
const INTERESTING = [
  ...[0, 1, 2, 0x0f, 0x10, 0x3f, 0x40, 0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x100],
  ...[0x7fff, 0x8000, 0xffff, 0x10000, 0x1fffff, 0x200000, 0x1000000, 0x7ffffffe],
  ...[0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff],
] as const;
/** Zig-zag and plain varints that are too long, without an end, or at the edge of their type. */
const VARINTS = [
  ...['8000', '808000', 'ffffffff0f', 'ffffffff10', '8080808010', `${'80'.repeat(10)}01`],
  ...['ff'.repeat(16), 'feffffffffffffffff01', 'ffffffffffffff1f'],
].map((hex) => Buffer.from(hex, 'hex'));

/** The same numbers for the same seed (splitmix32: https://doi.org/10.1145/2714064.2660195 at 32 bits). */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let hash = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
    return ((hash ^ (hash >>> 15)) >>> 0) / 0x1_0000_0000;
  };
}

/** One of the corpus, changed in one to four places. */
export function mutate(corpus: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Buffer = Buffer.from(pick(corpus, random));
  const changes = 1 + below(CHANGES_MAX, random);
  for (let count = 0; count < changes; count++) {
    bytes = pick(CHANGES, random)(bytes, random, corpus);
  }
  return bytes.subarray(0, INPUT_BYTES_MAX);
}

type Change = (bytes: Buffer, random: Random, corpus: readonly Uint8Array[]) => Buffer;

const flipBit: Change = (bytes, random) => {
  const at = below(bytes.length, random);
  if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << below(8, random)), at);
  return bytes;
};

const writeByte: Change = (bytes, random) => {
  if (bytes.length > 0) bytes.writeUInt8(below(256, random), below(bytes.length, random));
  return bytes;
};

/** A length that lies: of 1, 2, 4 or 8 bytes, in either order. */
const writeInteger: Change = (bytes, random) => {
  const width = pick([1, 2, 4, 8], random);
  if (bytes.length < width) return bytes;
  const value = BigInt.asUintN(width * 8, BigInt(pick(INTERESTING, random)) * sign(random));
  const field = Buffer.alloc(8);
  field.writeBigUInt64BE(value);
  const written = field.subarray(8 - width);
  if (random() < 0.5) written.reverse();
  written.copy(bytes, below(bytes.length - width + 1, random));
  return bytes;
};

/** A length that is off by a little. */
const nudgeByte: Change = (bytes, random) => {
  const at = below(bytes.length, random);
  const by = pick([-2, -1, 1, 2], random);
  if (bytes.length > 0) bytes.writeUInt8((bytes.readUInt8(at) + by) & 0xff, at);
  return bytes;
};

const insertVarint: Change = (bytes, random) => insert(bytes, pick(VARINTS, random), random);

const insertNoise: Change = (bytes, random) =>
  insert(
    bytes,
    Buffer.from(Array.from({ length: 1 + below(16, random) }, () => below(256, random))),
    random,
  );

const truncate: Change = (bytes, random) => bytes.subarray(0, below(bytes.length + 1, random));

const remove: Change = (bytes, random) => {
  const [start, end] = range(bytes, random);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
};

const repeat: Change = (bytes, random) => {
  const [start, end] = range(bytes, random);
  const times = pick([1, 1, 2, 64], random);
  const copies = Array.from({ length: times }, () => bytes.subarray(start, end));
  return Buffer.concat([bytes.subarray(0, end), ...copies, bytes.subarray(end)]);
};

/** The head of this one and the tail of another. */
const splice: Change = (bytes, random, corpus) => {
  const other = Buffer.from(pick(corpus, random));
  const head = bytes.subarray(0, below(bytes.length + 1, random));
  return Buffer.concat([head, other.subarray(below(other.length + 1, random))]);
};

const CHANGES: readonly Change[] = [
  flipBit,
  flipBit,
  writeByte,
  writeInteger,
  writeInteger,
  nudgeByte,
  insertVarint,
  insertNoise,
  truncate,
  remove,
  repeat,
  splice,
];

function insert(bytes: Buffer, added: Buffer, random: Random): Buffer {
  const at = below(bytes.length + 1, random);
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
}

/** A short range more often than a long one. */
function range(bytes: Buffer, random: Random): readonly [number, number] {
  const start = below(bytes.length + 1, random);
  const length = below(pick([4, 16, bytes.length + 1], random), random);
  return [start, Math.min(bytes.length, start + length)];
}

function sign(random: Random): bigint {
  return random() < 0.25 ? -1n : 1n;
}

/** An integer in [0, end); 0 when there is none. */
function below(end: number, random: Random): number {
  return Math.floor(random() * end);
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[below(items.length, random)] as T;
}
