import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { StreamError } from '@streamhouse/core/errors.ts';

/** Packs better than lz4 at about its speed; higher levels cost a producer more than the bytes are worth. */
const COMPRESS_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export function compressZstd(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, COMPRESS_OPTIONS);
}

/**
 * The size that a frame declares is not asked for: the decoder allocates as it goes and stops at the bound.
 *
 * @throws StreamError `corrupt` COMPRESSED_BYTES when bytes follow the frame; or the decoder's own error.
 */
export function decompressZstd(bytes: Uint8Array, bytesMax: number): Uint8Array {
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
