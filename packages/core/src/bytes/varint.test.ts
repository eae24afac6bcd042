import fc from 'fast-check';
import { expect, test } from 'vitest';
import { thrownBy } from '../testing/batches.test-support.ts';
import { ByteReader } from './byte-reader.ts';
import {
  VARLONG_BYTES_MAX,
  varintBytes,
  varlongBytes,
  writeVarint,
  writeVarlong,
} from './varint.ts';

const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const edges = [...Array(53).keys()].flatMap((bit) => [
  2 ** bit - 1,
  2 ** bit,
  -(2 ** bit),
  -(2 ** bit) - 1,
]);
const safe = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...edges));

/** The definition, in bigint. */
function reference(value: number): number[] {
  let rest = value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value);
  const bytes: number[] = [];
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

test('varints are what the definition says, and come back', () => {
  fc.assert(
    fc.property(int32, (value) => {
      const bytes = new Uint8Array(8);
      const end = writeVarint(bytes, 1, value);
      expect([...bytes.subarray(1, end)]).toEqual(reference(value));
      expect(varintBytes(value)).toBe(end - 1);
      const reader = new ByteReader(bytes, 1);
      expect(reader.readVarint()).toBe(value);
      expect(reader.position).toBe(end);
    }),
  );
});

test('varlongs are what the definition says for every safe integer, and come back', () => {
  fc.assert(
    fc.property(safe, (value) => {
      const bytes = new Uint8Array(VARLONG_BYTES_MAX + 1);
      const end = writeVarlong(bytes, 1, value);
      expect([...bytes.subarray(1, end)]).toEqual(reference(value));
      expect(varlongBytes(value)).toBe(end - 1);
      const reader = new ByteReader(bytes, 1);
      expect(reader.readVarlong()).toBe(value);
      expect(reader.position).toBe(end);
    }),
    {
      examples: [...edges, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER].map((value) => [
        value,
      ]),
      numRuns: 500,
    },
  );
});

test.each([
  ['readVarint', [0xff, 0xff, 0xff, 0xff, 0x1f], 'VARINT'],
  ['readVarint', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 'VARINT'],
  ['readVarint', [0x80], 'BYTES_TRUNCATED'],
  ['readVarint', [], 'BYTES_TRUNCATED'],
  ['readVarlong', Array(10).fill(0xff), 'VARLONG'],
  ['readVarlong', [...Array(9).fill(0x80), 0x01], 'VARLONG'],
  // 2^53: the first integer that is not safe; and -2^53.
  ['readVarlong', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20], 'VARLONG'],
  ['readVarlong', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f], 'VARLONG'],
  ['readVarlong', [0xff, 0xff], 'BYTES_TRUNCATED'],
] as const)('%s of %j is corrupt', (read, bytes, reason) => {
  const error = thrownBy(() => new ByteReader(Uint8Array.from(bytes))[read]());
  expect([error.kind, error.reason]).toEqual(['corrupt', reason]);
});
