import { StreamError } from '@streamhouse/core/errors.ts';
import { compressSync } from 'snappy';
import { expect, test } from 'vitest';
import { compressSnappy, decompressSnappy } from './snappy.ts';

const TEXT = Buffer.alloc(70_000, 'a text that repeats itself, ');

test('blocks of 32 KiB are written in the framing of xerial', () => {
  const packed = Buffer.from(compressSnappy(TEXT));
  expect(packed.subarray(0, 16).toString('hex')).toBe('82534e41505059000000000100000001');
  const sizes: number[] = [];
  for (let at = 16; at < packed.length; at += 4 + packed.readInt32BE(at))
    sizes.push(packed.readInt32BE(at));
  expect(sizes).toHaveLength(3);
  expect(decompressSnappy(packed, TEXT.length)).toEqual(TEXT);
});

test('a raw block is read, as clients without the framing send it', () => {
  expect(decompressSnappy(compressSync(TEXT), TEXT.length)).toEqual(TEXT);
});

test.each([
  ['a version of the future', '82534e41505059000000000200000002'],
  ['an empty block', '82534e4150505900000000010000000100000000'],
  ['a block of negative size', '82534e41505059000000000100000001ffffffff'],
  ['a size that leads back', '82534e41505059000000000100000001fffffffc'],
  ['a length that its bytes cannot hold, though it is allowed', 'e8070061'],
  ['a size that is cut', '82534e415050590000000001000000010000'],
  ['a length without an end', 'ffffffffff'],
])('%s is corrupt', (_name, hex) => {
  expect(() => decompressSnappy(Buffer.from(hex, 'hex'), 1_000)).toThrow(StreamError);
});
