import { compressSync, uncompressSync } from 'snappy';

export function compressSnappy(bytes: Uint8Array): Uint8Array {
  return compressSync(bytes);
}

export function decompressSnappy(bytes: Uint8Array, _bytesMax: number): Uint8Array {
  return uncompressSync(bytes) as Buffer;
}
