import fc from 'fast-check';
import { expect, test } from 'vitest';
import { thrownBy } from '../testing/batches.test-support.ts';
import {
  readInt8,
  readInt16,
  readInt32,
  readInt64,
  readUint32,
  writeInt8,
  writeInt16,
  writeInt32,
  writeInt64,
} from './fixed.ts';

test('integers are what DataView says', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 9, maxLength: 9 }), (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      expect(readInt8(bytes, 1)).toBe(view.getInt8(1));
      expect(readInt16(bytes, 1)).toBe(view.getInt16(1));
      expect(readInt32(bytes, 1)).toBe(view.getInt32(1));
      expect(readUint32(bytes, 1)).toBe(view.getUint32(1));
    }),
  );
});

test('an int64 that is a safe integer comes back, and is what DataView says', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const bytes = new Uint8Array(9);
      writeInt64(bytes, 1, value);
      expect(new DataView(bytes.buffer).getBigInt64(1)).toBe(BigInt(value));
      expect(readInt64(bytes, 1)).toBe(value);
    }),
    { examples: [[-1], [0], [-(2 ** 32)], [2 ** 32 - 1], [Number.MAX_SAFE_INTEGER]] },
  );
});

test.each([2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)])(
  'an int64 of %s is corrupt',
  (value) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, value);
    const error = thrownBy(() => readInt64(bytes, 0));
    expect([error.kind, error.reason]).toEqual(['corrupt', 'INT64_RANGE']);
  },
);

test.each([
  ['readInt8', readInt8, 1],
  ['readInt16', readInt16, 2],
  ['readInt32', readInt32, 4],
  ['readUint32', readUint32, 4],
  ['readInt64', readInt64, 8],
] as const)('%s refuses what is not wholly inside', (_name, read, width) => {
  const bytes = new Uint8Array(16);
  expect(read(bytes, 16 - width)).toBe(0);
  for (const position of [17 - width, 16, 100, -1]) {
    expect(thrownBy(() => read(bytes, position)).reason).toBe('BYTES_TRUNCATED');
  }
});

test.each([
  ['writeInt8', writeInt8, 1],
  ['writeInt16', writeInt16, 2],
  ['writeInt32', writeInt32, 4],
  ['writeInt64', writeInt64, 8],
] as const)('%s refuses to write past the end', (_name, write, width) => {
  const bytes = new Uint8Array(16);
  write(bytes, 16 - width, -2);
  expect(bytes.at(-1)).toBe(0xfe);
  expect(thrownBy(() => write(bytes, 17 - width, 1)).reason).toBe('BYTES_TRUNCATED');
});
