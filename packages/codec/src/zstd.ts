/**
 * Zstandard by node:zlib. The header of a frame (https://www.rfc-editor.org/rfc/rfc8878#name-frame-header), little-endian:
 *
 *   uint32  magic              0xFD2FB528
 *   uint8   descriptor         bits 7-6 size of the content size, 5 single segment, 2 checksum, 1-0 size of dictionary id
 *   uint8   window             unless single segment
 *           dictionary id      0, 1, 2 or 4 bytes
 *           content size       0 (1 if single segment), 2 (plus 256), 4 or 8 bytes
 *
 * What the header says is checked before the decoder starts; a frame that does not say its size is cut off by the
 * decoder at the bound.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { StreamError } from '@streamhouse/core/errors.ts';

const MAGIC = 0xfd2fb528;
/** Packs better than lz4 at about its speed; higher levels cost a producer more than the bytes are worth. */
const COMPRESS_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;

export function compressZstd(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, COMPRESS_OPTIONS);
}

/** @throws StreamError `corrupt` COMPRESSED_BYTES, or the decoder's own error. */
export function decompressZstd(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const declared = declaredContentBytes(bytes);
  if (declared !== undefined && declared > bytesMax)
    throw broken(`it expands past ${bytesMax} bytes`);
  const { buffer, engine } = zstdDecompressSync(bytes, {
    maxOutputLength: bytesMax,
    info: true,
  }) as unknown as WithInfo;
  // The decoder stops after one frame; what follows it would be lost in silence.
  if (engine.bytesWritten !== bytes.length) throw broken('bytes follow the frame');
  return buffer;
}

/** What node:zlib returns with `info: true`; its types do not say so. */
interface WithInfo {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function declaredContentBytes(bytes: Uint8Array): number | undefined {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (frame.length < 6 || frame.readUInt32LE(0) !== MAGIC) throw broken('it does not begin as one');
  const descriptor = frame.readUInt8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryIdBytes = DICTIONARY_ID_BYTES[descriptor & 0x03] ?? 0;
  const position = 5 + (isSingleSegment ? 0 : 1) + dictionaryIdBytes;
  const sizeFlag = descriptor >>> 6;
  if (sizeFlag === 0 && !isSingleSegment) return undefined;
  if (position + (1 << sizeFlag) > frame.length) throw broken('its header is cut');
  if (sizeFlag === 0) return frame.readUInt8(position);
  if (sizeFlag === 1) return frame.readUInt16LE(position) + 256;
  return sizeFlag === 2 ? frame.readUInt32LE(position) : Number(frame.readBigUInt64LE(position));
}

function broken(what: string): StreamError {
  return new StreamError(
    'corrupt',
    'COMPRESSED_BYTES',
    `not a Zstandard frame to be decoded: ${what}`,
  );
}
