import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { StreamError } from '@streamhouse/core/errors.ts';

/** Packs better than lz4 at about its speed; higher levels cost a producer more than the bytes are worth. */
const COMPRESS_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export function compressZstd(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, COMPRESS_OPTIONS);
}

/**
 * A frame that declares more than the bound is refused before it is decoded. One that declares less than it holds, or
 * nothing, is stopped at the bound: the decoder allocates as it goes.
 *
 * @throws StreamError `corrupt` COMPRESSED_BYTES when it is larger or bytes follow the frame; or the decoder's own error.
 */
export function decompressZstd(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const declared = declaredBytes(bytes);
  if (declared !== undefined && declared > bytesMax) {
    throw new StreamError(
      'corrupt',
      'COMPRESSED_BYTES',
      `expands to ${declared} bytes, not ${bytesMax}`,
    );
  }
  const options = { maxOutputLength: bytesMax, info: true };
  const { buffer, engine } = zstdDecompressSync(bytes, options) as unknown as WithInfo;
  // The decoder reads one frame; what follows it would be lost in silence.
  if (engine.bytesWritten !== bytes.length) {
    throw new StreamError('corrupt', 'COMPRESSED_BYTES', 'bytes follow the Zstandard frame');
  }
  return buffer;
}

/** What node:zlib returns with `info: true`; its types do not say so. */
interface WithInfo {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;

/**
 * Frame_Content_Size of the frame header (RFC 8878, 3.1.1.1), little-endian after magic (4 bytes), descriptor (1), window
 * descriptor (1, but for a single segment) and dictionary id. Undefined when the frame has none or is cut off.
 */
function declaredBytes(bytes: Uint8Array): number | undefined {
  const descriptor = bytes[4] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const flag = descriptor >>> 6;
  const size = flag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[flag] ?? 0);
  const position = 5 + (isSingleSegment ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0);
  if (size === 0 || bytes.length < position + size) return undefined;
  let value = 0;
  for (let at = position + size - 1; at >= position; at--) value = value * 256 + (bytes[at] ?? 0);
  // Two bytes count from 256: smaller sizes have one.
  return size === 2 ? value + 256 : value;
}
