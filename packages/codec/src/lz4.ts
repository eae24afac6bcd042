/**
 * The LZ4 frame format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), little-endian:
 *
 *   uint32  magic                0x184D2204
 *   uint8   flags                bits 7-6 version 01, 5 blocks are independent, 4 block checksums, 3 content size,
 *                                2 content checksum, 0 dictionary id
 *   uint8   block descriptor     bits 6-4 the largest block: 4 64 KiB, 5 256 KiB, 6 1 MiB, 7 4 MiB
 *   uint64  content size         if flagged
 *   uint8   header checksum
 *   per block:
 *     uint32  size               bit 31: stored as it is; 0: no more blocks
 *             data
 *     uint32  checksum           if flagged
 *   uint32  content checksum     if flagged
 *
 * The native decoder grows as far as a frame tells it to. So the frame is walked first, which takes no memory: what its
 * blocks can hold is bounded before a byte is decoded. Reading every sequence of every block gives the exact figure but
 * adds half to the time of decoding, so that is done only where the bound by sizes alone does not settle it.
 */
import { StreamError } from '@streamhouse/core/errors.ts';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';

const MAGIC = 0x184d2204;
const FLAGS = {
  version: 0xc0,
  version1: 0x40,
  blockChecksums: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  reserved: 0x02,
  dictionary: 0x01,
} as const;
const BLOCK_STORED = 0x8000_0000;
const CHECKSUM_BYTES = 4;
const MATCH_BYTES_MIN = 4;

export function compressLz4(bytes: Uint8Array): Uint8Array {
  return compressFrameSync(asBuffer(bytes));
}

/**
 * @throws StreamError `corrupt` COMPRESSED_BYTES, before anything larger than `bytesMax` is allocated; or the decoder's
 *   own error.
 */
export function decompressLz4(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const frame = asBuffer(bytes);
  const header = readFrameHeader(frame);
  let contentBytesMax = walkBlocks(frame, header, blockContentBytesMax);
  if (contentBytesMax > bytesMax) contentBytesMax = walkBlocks(frame, header, blockContentBytes);
  if (contentBytesMax > bytesMax) throw broken(`it expands past ${bytesMax} bytes`);
  // The decoder allocates this at once. That it is right, the decoder finds out itself.
  const declared = header.contentBytes ?? 0;
  if (declared > contentBytesMax) throw broken(`its blocks cannot hold ${declared} bytes`);
  return decompressFrameSync(frame);
}

interface FrameHeader {
  readonly blockBytesMax: number;
  readonly contentBytes: number | undefined;
  /** Where the first block begins. */
  readonly blocksPosition: number;
  readonly blockChecksumBytes: number;
  readonly contentChecksumBytes: number;
}

function readFrameHeader(frame: Buffer): FrameHeader {
  if (frame.length < 7 || frame.readUInt32LE(0) !== MAGIC) throw broken('it does not begin as one');
  const flags = frame.readUInt8(4);
  if (
    (flags & FLAGS.version) !== FLAGS.version1 ||
    (flags & (FLAGS.reserved | FLAGS.dictionary)) !== 0
  ) {
    throw broken(`flags 0x${flags.toString(16)}`);
  }
  const hasContentSize = (flags & FLAGS.contentSize) !== 0;
  const blocksPosition = hasContentSize ? 15 : 7;
  if (frame.length < blocksPosition) throw broken('its header is cut');
  return {
    blockBytesMax: blockBytesMaxOf(frame.readUInt8(5)),
    contentBytes: hasContentSize ? Number(frame.readBigUInt64LE(6)) : undefined,
    blocksPosition,
    blockChecksumBytes: (flags & FLAGS.blockChecksums) === 0 ? 0 : CHECKSUM_BYTES,
    contentChecksumBytes: (flags & FLAGS.contentChecksum) === 0 ? 0 : CHECKSUM_BYTES,
  };
}

/** Bytes that the compressed block in `[start, end)` holds, or at most holds. */
type BlockMeasure = (frame: Buffer, start: number, end: number, blockBytesMax: number) => number;

/** Sum of `measure` over the blocks. Accepts one whole frame and nothing after it. */
function walkBlocks(frame: Buffer, header: FrameHeader, measure: BlockMeasure): number {
  const { blockBytesMax, blockChecksumBytes } = header;
  let position = header.blocksPosition;
  let total = 0;
  for (;;) {
    if (position + 4 > frame.length) throw broken('it ends before its last block');
    const field = frame.readUInt32LE(position);
    position += 4;
    if (field === 0) break;
    const size = field % BLOCK_STORED;
    const end = position + size;
    total += field >= BLOCK_STORED ? size : measure(frame, position, end, blockBytesMax);
    position = end + blockChecksumBytes;
  }
  position += header.contentChecksumBytes;
  if (position !== frame.length)
    throw broken(`${frame.length} bytes, but the frame ends at ${position}`);
  return total;
}

/** One byte lengthens a match by at most 255. */
function blockContentBytesMax(
  _frame: Buffer,
  start: number,
  end: number,
  blockBytesMax: number,
): number {
  return Math.min(blockBytesMax, (end - start) * 255);
}

/**
 * The sum over the block's sequences: each a token (high 4 bits literals, low 4 bits match length - 4; 15 goes on in
 * bytes up to one that is not 255), the literals, and a match offset of 2 bytes except in the last
 * (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md). A block that is broken may be counted wrong; the decoder
 * refuses it.
 */
function blockContentBytes(frame: Buffer, start: number, end: number): number {
  let position = start;
  let total = 0;
  while (position < end) {
    const token = frame.readUInt8(position++);
    let literals = token >>> 4;
    if (literals === 15) {
      for (let more = 255; more === 255; literals += more) more = frame.readUInt8(position++);
    }
    total += literals;
    position += literals;
    if (position >= end) break;
    position += 2;
    let match = token & 0x0f;
    if (match === 15) {
      for (let more = 255; more === 255; match += more) more = frame.readUInt8(position++);
    }
    total += match + MATCH_BYTES_MIN;
  }
  return total;
}

function blockBytesMaxOf(descriptor: number): number {
  const id = descriptor >>> 4;
  if (id < 4 || id > 7 || (descriptor & 0x0f) !== 0)
    throw broken(`block descriptor 0x${descriptor.toString(16)}`);
  return 1 << (2 * id + 8);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function broken(what: string): StreamError {
  return new StreamError('corrupt', 'COMPRESSED_BYTES', `not an LZ4 frame to be decoded: ${what}`);
}
