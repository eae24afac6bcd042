import { gunzipSync, gzipSync } from 'node:zlib';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { Compression, CompressionPort } from '@streamhouse/core/record/compression.ts';
import { compressLz4, decompressLz4 } from './lz4.ts';
import { compressSnappy, decompressSnappy } from './snappy.ts';
import { compressZstd, decompressZstd } from './zstd.ts';

/** All compressions of Kafka, by native code, each in the framing that Kafka's clients read and write. */
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
        return compressZstd(bytes);
    }
  },

  decompress(compression, bytes, bytesMax) {
    try {
      return decompress(compression, bytes, bytesMax);
    } catch (error) {
      if (error instanceof StreamError) throw error;
      throw new StreamError('corrupt', 'COMPRESSED_BYTES', `not ${compression}: ${String(error)}`, {
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
      return decompressGzip(bytes, bytesMax);
    case 'snappy':
      return decompressSnappy(bytes, bytesMax);
    case 'lz4':
      return decompressLz4(bytes, bytesMax);
    case 'zstd':
      return decompressZstd(bytes, bytesMax);
  }
}

/**
 * The last four bytes are the size of the content, little-endian (RFC 1952, 2.3.1): what says that it is too large is
 * refused before it is decoded. What says less than it holds is stopped at the bound.
 */
function decompressGzip(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const end = bytes.length;
  const declared =
    end < 18 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(end - 4, true);
  if (declared > bytesMax) {
    throw new StreamError('corrupt', 'COMPRESSED_BYTES', `expands to ${declared} bytes`);
  }
  return gunzipSync(bytes, { maxOutputLength: bytesMax });
}
