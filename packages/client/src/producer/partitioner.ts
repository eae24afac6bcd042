import type { Partitioner } from '../public/producer.ts';
import { murmur2 } from '@streamhouse/core/record/murmur2.ts';
import { murmur3 } from './murmur3.ts';

const NON_NEGATIVE = 0x7fffffff;

/** The partitioners that have a name. Both drop the hash's sign bit, as Kafka does, and take the rest. */
export const PARTITIONERS: Readonly<Record<'murmur2' | 'murmur3', Partitioner>> = {
  murmur2: (key, partitions) => (murmur2(key) & NON_NEGATIVE) % partitions,
  murmur3: (key, partitions) => (murmur3(key) & NON_NEGATIVE) % partitions,
};

const SCRATCH_BYTES = 4_096;
const BYTES_PER_CHAR_MAX = 3;

/** Turns the texts of keys into bytes for a partitioner; what it returns is only good until the next call. */
export class KeyEncoder {
  readonly #encoder = new TextEncoder();
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);

  encode(key: string): Uint8Array {
    const length = key.length;
    if (length * BYTES_PER_CHAR_MAX > SCRATCH_BYTES) return this.#encoder.encode(key);
    // Most keys are short ASCII: a loop beats the call into native code.
    for (let at = 0; at < length; at++) {
      const code = key.charCodeAt(at);
      if (code > 0x7f) {
        const { written } = this.#encoder.encodeInto(key, this.#scratch);
        return this.#scratch.subarray(0, written);
      }
      this.#scratch[at] = code;
    }
    return this.#scratch.subarray(0, length);
  }
}
