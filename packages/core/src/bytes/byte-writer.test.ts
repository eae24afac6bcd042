import { expect, test } from 'vitest';
import { thrownBy } from '../testing/batches.test-support.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

test('what is written is read again, across growth', () => {
  const writer = new ByteWriter(1, 64);
  writer.writeInt8(-3);
  writer.writeInt16(-300);
  writer.writeInt32(-70_000);
  writer.writeInt32(0xffff_fff0);
  writer.writeInt64(-(2 ** 40));
  writer.writeBytes(Uint8Array.of(1, 2, 3));
  const reader = new ByteReader(writer.bytes.subarray(0, writer.position));
  expect(reader.readInt8()).toBe(-3);
  expect(reader.readInt16()).toBe(-300);
  expect(reader.readInt32()).toBe(-70_000);
  expect(reader.readUint32()).toBe(0xffff_fff0);
  expect(reader.readInt64()).toBe(-(2 ** 40));
  expect([...reader.readBytes(3)]).toEqual([1, 2, 3]);
  expect(reader.position).toBe(22);
});

test('it doubles, up to its cap and not past it', () => {
  const writer = new ByteWriter(8, 20);
  writer.writeBytes(new Uint8Array(9));
  expect(writer.bytes.length).toBe(16);
  writer.writeBytes(new Uint8Array(11));
  expect(writer.bytes.length).toBe(20);
  const error = thrownBy(() => writer.writeInt8(1));
  expect([error.kind, error.reason]).toEqual(['overloaded', 'BUFFER_FULL']);
  expect(writer.position).toBe(20);
});

test('a reader refuses negative lengths and lengths past the end', () => {
  const reader = new ByteReader(new Uint8Array(4), 1);
  for (const length of [-1, -2, 4, 2 ** 31]) {
    expect(thrownBy(() => reader.readBytes(length)).kind).toBe('corrupt');
    expect(thrownBy(() => reader.skip(length)).kind).toBe('corrupt');
  }
  expect(reader.position).toBe(1);
});
