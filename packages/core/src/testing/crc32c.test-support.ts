import type { Crc32c } from '../record/compression.ts';

const POLYNOMIAL_REVERSED = 0x82f63b78;

const TABLE: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++)
    crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL_REVERSED;
  return crc >>> 0;
});

/** CRC-32C by table: core's tests may not import the native one. */
export const tableCrc32c: Crc32c = (bytes, initial = 0) => {
  let crc = ~initial;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] as number);
  return ~crc >>> 0;
};
