import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

const NAMES = ['lz4', 'varint'];

test('everything is fuzzed unless it is said what', () => {
  expect(readOptions([], NAMES, 7)).toMatchObject({ targets: NAMES, seed: 7, seconds: 10 });
  const words = ['--target', 'varint', '--seconds', '3', '--seed', '9', '--json'];
  expect(readOptions(words, NAMES, 7)).toMatchObject({
    targets: ['varint'],
    seconds: 3,
    seed: 9,
    isJson: true,
  });
});

test.each([
  [['--target', 'lz5'], /--target: there is no "lz5"; there are lz4, varint/],
  [['--seconds', '0'], /--seconds must be a whole number from 1/],
  [['--seed', '1e3'], /--seed must be a whole number from 1/],
  [['--replay', 'x.bin'], /--replay needs one --target/],
  [['--fast'], /--fast/],
])('%j is refused', (words, message) => {
  expect(() => readOptions(words, NAMES, 7)).toThrow(message);
});
