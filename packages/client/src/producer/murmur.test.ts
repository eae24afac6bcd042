import { expect, test } from 'vitest';
import { murmur2 } from '@streamhouse/core/record/murmur2.ts';
import { murmur3 } from './murmur3.ts';

const utf8 = new TextEncoder();

// Published in Kafka's own tests: clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('hashes %j as Kafka does', (text, hash) => {
  expect(murmur2(utf8.encode(text))).toBe(hash);
});

// https://en.wikipedia.org/wiki/MurmurHash#Algorithm lists them for seed 0.
test.each([
  ['', 0],
  ['test', 0xba6bd213],
  ['Hello, world!', 0xc0363e43],
  ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
])('hashes %j as MurmurHash3 does', (text, hash) => {
  expect(murmur3(utf8.encode(text)) >>> 0).toBe(hash);
});

test('hashes only the bytes below the length', () => {
  const long = utf8.encode('foobar and what an earlier key left behind');
  expect(murmur2(long, 6)).toBe(murmur2(utf8.encode('foobar')));
  expect(murmur3(long, 6)).toBe(murmur3(utf8.encode('foobar')));
});
