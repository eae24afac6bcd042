import { StreamError } from '@streamhouse/core/errors.ts';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';

export function compressLz4(bytes: Uint8Array): Uint8Array {
  return compressFrameSync(asBuffer(bytes));
}

/** @throws StreamError `corrupt` COMPRESSED_BYTES. */
export function decompressLz4(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const plain = decompressFrameSync(asBuffer(bytes));
  if (plain.length > bytesMax)
    throw new StreamError('corrupt', 'COMPRESSED_BYTES', 'the lz4 frame expands past its bound');
  return plain;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
