/**
 * Snappy as Kafka's clients have it: in the framing of the Java library xerial (SnappyOutputStream), big-endian:
 *
 *   8 bytes  magic               0x82 "SNAPPY" 0
 *   int32    version             1
 *   int32    oldest version that reads it   1
 *   per block of at most 32 KiB:
 *     int32    size
 *              raw Snappy (https://github.com/google/snappy/blob/main/format_description.txt): first the length of what
 *              it holds, as a varint
 *
 * Some clients send one raw block without the framing, so that is read too. Written is the framing: every client reads it.
 */
import { StreamError } from '@streamhouse/core/errors.ts';
import { compressSync, uncompressSync } from 'snappy';

const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const VERSION = 1;
const FRAME_HEADER_BYTES = 16;
const BLOCK_BYTES = 32_768;
/** A copy of 3 bytes yields at most 64: no honest block is packed better than this. */
const RATIO_MAX = 22;

export function compressSnappy(bytes: Uint8Array): Uint8Array {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeInt32BE(VERSION, 8);
  header.writeInt32BE(VERSION, 12);
  const parts: Buffer[] = [header];
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const block = compressSync(bytes.subarray(start, start + BLOCK_BYTES));
    const size = Buffer.alloc(4);
    size.writeInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

/**
 * @throws StreamError `corrupt` COMPRESSED_BYTES, before anything larger than `bytesMax` is allocated; or the decoder's
 *   own error.
 */
export function decompressSnappy(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = blocksOf(input);
  const total = blocks.reduce((sum, block) => sum + contentBytes(block), 0);
  if (total > bytesMax) throw broken(`it expands past ${bytesMax} bytes`);
  const [only] = blocks;
  if (blocks.length === 1 && only !== undefined) return uncompressBlock(only);
  return Buffer.concat(blocks.map(uncompressBlock), total);
}

function blocksOf(input: Buffer): Buffer[] {
  if (input.length < FRAME_HEADER_BYTES || !input.subarray(0, MAGIC.length).equals(MAGIC))
    return [input];
  if (input.readInt32BE(12) > VERSION) throw broken('its version is not known');
  const blocks: Buffer[] = [];
  for (let position = FRAME_HEADER_BYTES; position < input.length; ) {
    if (position + 4 > input.length) throw broken('it ends within a block size');
    // Unsigned, so that no size leads back.
    const size = input.readUInt32BE(position);
    const start = position + 4;
    if (start + size > input.length) throw broken(`a block of ${size} bytes`);
    blocks.push(input.subarray(start, start + size));
    position = start + size;
  }
  return blocks;
}

/** What a raw block says that it holds, refused when its bytes cannot hold that. */
function contentBytes(block: Buffer): number {
  let total = 0;
  for (let index = 0; index < 5; index++) {
    const byte = block[index];
    if (byte === undefined) break;
    total += (byte & 0x7f) * 2 ** (7 * index);
    if (byte >= 0x80) continue;
    if (total > block.length * RATIO_MAX)
      throw broken(`${block.length} bytes do not hold ${total}`);
    return total;
  }
  throw broken('it does not begin with a length');
}

function uncompressBlock(block: Buffer): Buffer {
  const plain = uncompressSync(block);
  if (typeof plain === 'string')
    throw new StreamError('internal', 'SNAPPY_STRING', 'asked for bytes');
  return plain;
}

function broken(what: string): StreamError {
  return new StreamError('corrupt', 'COMPRESSED_BYTES', `not Snappy to be decoded: ${what}`);
}
