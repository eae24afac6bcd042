import { crc32c as nativeCrc32c } from '@node-rs/crc32';
import type { Crc32c } from '@streamhouse/core/record/compression.ts';

/** CRC-32C by the processor's own instruction. */
export const crc32c: Crc32c = (bytes, initial = 0) => nativeCrc32c(bytes, initial);
