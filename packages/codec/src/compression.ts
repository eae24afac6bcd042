import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { Compression, CompressionPort } from '@streamhouse/core/record/compression.ts';
import { compressLz4, decompressLz4 } from './lz4.ts';
import { compressSnappy, decompressSnappy } from './snappy.ts';

/** Packs better than lz4 at about its speed; higher levels cost a producer more than the bytes are worth. */
const ZSTD_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** All compressions of Kafka, by native code. */
export const nativeCompression: CompressionPort = {
  compress(compression, bytes) {
    switch (compression) {
      case 'none':
        return bytes;
      case 'gzip':
        return gzipSync(bytes);
      case 'snappy':
        return compressSnappy(bytes);
      case 'lz4':
        return compressLz4(bytes);
      case 'zstd':
        return zstdCompressSync(bytes, ZSTD_OPTIONS);
    }
  },

  decompress(compression, bytes, bytesMax) {
    try {
      return decompress(compression, bytes, bytesMax);
    } catch (error) {
      if (error instanceof StreamError) throw error;
      throw new StreamError('corrupt', 'COMPRESSED_BYTES', `the bytes are not ${compression}`, {
        cause: error,
      });
    }
  },
};

function decompress(compression: Compression, bytes: Uint8Array, bytesMax: number): Uint8Array {
  switch (compression) {
    case 'none':
      return bytes;
    case 'gzip':
      return gunzipSync(bytes, { maxOutputLength: bytesMax });
    case 'snappy':
      return decompressSnappy(bytes, bytesMax);
    case 'lz4':
      return decompressLz4(bytes, bytesMax);
    case 'zstd':
      return zstdDecompressSync(bytes, { maxOutputLength: bytesMax });
  }
}
