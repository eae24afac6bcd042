/** The compressions of RecordBatch v2, by their number in the attributes (bits 0-2), as in Kafka. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
/** How the records of a batch are compressed. */
export type Compression = (typeof COMPRESSIONS)[number];

/** What turns bytes small and back. The implementation is native code, so it stands behind a port. */
export interface CompressionPort {
  compress(compression: Compression, bytes: Uint8Array): Uint8Array;
  /**
   * @throws StreamError `corrupt` COMPRESSED_BYTES when the bytes are not of that compression or would expand past
   *   `bytesMax`; nothing of that size is allocated before it is known.
   */
  decompress(compression: Compression, bytes: Uint8Array, bytesMax: number): Uint8Array;
}

/** CRC-32C (Castagnoli) of the bytes, going on from `initial` (default 0). */
export type Crc32c = (bytes: Uint8Array, initial?: number) => number;
