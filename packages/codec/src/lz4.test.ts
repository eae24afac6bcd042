import { StreamError } from '@streamhouse/core/errors.ts';
import { expect, test } from 'vitest';
import { compressLz4, decompressLz4 } from './lz4.ts';

const TEXT = Buffer.from('a text of some length, a text of some length, and its end');
const FRAME = Buffer.from(compressLz4(TEXT));
/** The one block of FRAME, its size included. */
const BLOCK = FRAME.subarray(7, FRAME.length - 4);
const END = Buffer.alloc(4);

/** A frame with a header checksum that fits, as the decoder wants it. */
function frameOf(flags: number, descriptor: number, size: Buffer, ...blocks: Buffer[]): Buffer {
  const fields = Buffer.concat([Buffer.from([flags, descriptor]), size]);
  const checksum = (xxh32(fields) >>> 8) & 0xff;
  return Buffer.concat([
    Buffer.from('04224d18', 'hex'),
    fields,
    Buffer.from([checksum]),
    ...blocks,
    END,
  ]);
}

/** xxHash32 with seed 0 of less than 16 bytes (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). */
function xxh32(bytes: Buffer): number {
  const [p1, p2, p3, p4, p5] = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1];
  const turn = (value: number, bits: number) => (value << bits) | (value >>> (32 - bits));
  let hash = p5 + bytes.length;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(turn(hash + Math.imul(bytes.readUInt32LE(at), p3), 17), p4);
  }
  for (; at < bytes.length; at++)
    hash = Math.imul(turn(hash + Math.imul(bytes.readUInt8(at), p5), 11), p1);
  hash = Math.imul(hash ^ (hash >>> 15), p2);
  hash = Math.imul(hash ^ (hash >>> 13), p3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function sizeField(bytes: number): Buffer {
  const field = Buffer.alloc(8);
  field.writeBigUInt64LE(BigInt(bytes));
  return field;
}

function refusalOf(frame: Buffer, bytesMax = 1 << 24): string {
  try {
    decompressLz4(frame, bytesMax);
  } catch (error) {
    if (error instanceof StreamError) return error.reason;
    throw error;
  }
  return 'accepted';
}

test('a frame is read with and without the size of its content', () => {
  expect(frameOf(0x60, 0x40, Buffer.alloc(0), BLOCK)).toEqual(FRAME);
  expect(decompressLz4(frameOf(0x68, 0x40, sizeField(TEXT.length), BLOCK), 1_000)).toEqual(TEXT);
});

test.each([-1, 1, 1_000])('a content size that is %d off is corrupt', (off) => {
  const frame = frameOf(0x68, 0x40, sizeField(TEXT.length + off), BLOCK);
  expect(() => decompressLz4(frame, 100_000)).toThrow();
});

test.each([2 ** 24 - 1, 2 ** 32 - 1, 2 ** 52])(
  'a frame of 64 bytes that says %d is refused and memory stays flat',
  (bytes) => {
    const frame = frameOf(
      0x68,
      0x40,
      sizeField(bytes),
      Buffer.from('25000080', 'hex'),
      Buffer.alloc(37),
    );
    expect(frame.length).toBe(64 - 4);
    // The highest ever, so that what is allocated and freed at once is seen too.
    const before = process.resourceUsage().maxRSS;
    expect(refusalOf(frame)).toBe('COMPRESSED_BYTES');
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(8 << 10);
  },
);

test('many small blocks that could hold more than the bound, but do not, are read', () => {
  // Each block could hold 64 KiB, 300 of them 19 MiB.
  const plain = Buffer.alloc(900, 'words in a row that do not repeat too soon, 0123456789 ');
  const noise = Buffer.from(Array.from({ length: 400 }, (_, index) => (index * 7919) >> 3));
  const block = Buffer.from(compressLz4(Buffer.concat([noise, plain])));
  const blocks = Array.from({ length: 300 }, () => block.subarray(7, block.length - 4));
  const frame = frameOf(0x60, 0x40, Buffer.alloc(0), ...blocks);
  expect(decompressLz4(frame, 400_000).length).toBe(300 * 1_300);
  expect(refusalOf(frame, 300 * 1_300)).toBe('accepted');
  expect(refusalOf(frame, 300 * 1_300 - 1)).toBe('COMPRESSED_BYTES');
});

const NONE = Buffer.alloc(0);

test.each([
  ['another version', frameOf(0xa0, 0x40, NONE, BLOCK)],
  ['a reserved flag', frameOf(0x62, 0x40, NONE, BLOCK)],
  ['a dictionary', frameOf(0x61, 0x40, NONE, BLOCK)],
  ['blocks of 8 MiB', frameOf(0x60, 0x80, NONE, BLOCK)],
  ['blocks of 16 KiB', frameOf(0x60, 0x30, NONE, BLOCK)],
  ['no last block', FRAME.subarray(0, -4)],
  ['two frames', Buffer.concat([FRAME, FRAME])],
  ['a block longer than blocks may be', frameOf(0x60, 0x40, NONE, Buffer.from('ffffff7f', 'hex'))],
])('a frame with %s is refused before it is decoded', (_name, frame) => {
  expect(refusalOf(frame, 1_000)).toBe('COMPRESSED_BYTES');
});

test.each([
  [
    'a wrong header checksum',
    Buffer.from(FRAME.toString('hex').replace(/^(.{12})../, '$100'), 'hex'),
  ],
  [
    'a match before the beginning',
    frameOf(0x60, 0x40, NONE, Buffer.from('06000000106105005061', 'hex')),
  ],
])('a frame with %s is refused by the decoder', (_name, frame) => {
  expect(() => decompressLz4(frame, 1_000)).toThrow();
});
