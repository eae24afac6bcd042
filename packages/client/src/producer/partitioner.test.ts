import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyEncoder, PARTITIONERS } from './partitioner.ts';

const utf8 = new TextEncoder();

test('P-03: murmur2 drops the sign and takes the rest, as Kafka does', () => {
  // -973932308 & 0x7fffffff = 1173551340; -790332482 & 0x7fffffff = 1357151166.
  expect(PARTITIONERS.murmur2(utf8.encode('21'), 1_000, 't')).toBe(340);
  expect(PARTITIONERS.murmur2(utf8.encode('foobar'), 1_000, 't')).toBe(166);
});

test('a key is encoded as UTF-8, whatever was encoded before', () => {
  const encoder = new KeyEncoder();
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ minLength: 1_300, maxLength: 1_500 }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(Buffer.from(encoder.encode(text))).toEqual(Buffer.from(utf8.encode(text)));
    }),
  );
});
