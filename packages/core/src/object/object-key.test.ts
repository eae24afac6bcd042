import fc from 'fast-check';
import { expect, test } from 'vitest';
import { incarnation } from '../ids.ts';
import { thrownBy } from '../testing/batches.test-support.ts';
import { objectKey, parseObjectKey, walPrefix } from './object-key.ts';

const ROOT = { prefix: 'prod/', cluster: 'main' };
const anyName = fc.record({
  incarnation: fc.maxSafeInteger().map(Math.abs).map(incarnation),
  sequence: fc.oneof(fc.nat({ max: 20 }), fc.maxSafeInteger().map(Math.abs)),
  attempt: fc.nat({ max: 9_999 }),
});

test('a key is these characters for ever: objects are found by it', () => {
  expect(objectKey({ ...ROOT, incarnation: incarnation(12), sequence: 345, attempt: 1 })).toBe(
    'prod/main/wal/99/12/0000000000000345-0001',
  );
});

test('a key says what it was made of', () => {
  fc.assert(
    fc.property(anyName, (name) => {
      const key = objectKey({ ...ROOT, ...name });
      expect(key.startsWith(walPrefix(ROOT))).toBe(true);
      expect(parseObjectKey(key, ROOT)).toEqual(name);
      expect(parseObjectKey(key, { prefix: '', cluster: 'main' })).toBeUndefined();
    }),
  );
});

test('keys of different names differ, and none is the beginning of another (I-07)', () => {
  fc.assert(
    fc.property(anyName, anyName, (left, right) => {
      const isSame = JSON.stringify(left) === JSON.stringify(right);
      const keys = [left, right].map((name) => objectKey({ ...ROOT, ...name })) as [string, string];
      expect(keys[0].startsWith(keys[1])).toBe(isSame);
    }),
    {
      examples: [
        [
          { incarnation: incarnation(1), sequence: 1, attempt: 10 },
          { incarnation: incarnation(1), sequence: 1, attempt: 1 },
        ],
      ],
    },
  );
});

test('the objects of one agent spread over all 256 prefixes', () => {
  const prefixes = new Set<string>();
  for (let sequence = 0; sequence < 5_000; sequence++) {
    const key = objectKey({ ...ROOT, incarnation: incarnation(7), sequence, attempt: 0 });
    prefixes.add(key.slice(walPrefix(ROOT).length).slice(0, 2));
  }
  expect(prefixes.size).toBe(256);
});

test.each([
  'prod/main/wal/00/12/0000000000000345-0001',
  'prod/main/wal/99/012/0000000000000345-0001',
  'prod/main/wal/99/12/0000000000000345',
  'prod/main/wal/99/12/345-1',
  'prod/main/wal/99/12/0000000000000345-0001/x',
  'prod/main/wal/99/12/9999999999999999-0001',
  'prod/main/segments/99/12/0000000000000345-0001',
  'other',
  '',
])('%s is not a key of ours', (key) => {
  expect(parseObjectKey(key, ROOT)).toBeUndefined();
});

test.each([
  [-1, 0],
  [2 ** 53, 0],
  [0.5, 0],
  [0, -1],
  [0, 10_000],
  [0, 1.5],
])('there is no key for sequence %d, attempt %d', (sequence, attempt) => {
  const error = thrownBy(() =>
    objectKey({ ...ROOT, incarnation: incarnation(1), sequence, attempt }),
  );
  expect([error.kind, error.reason]).toEqual(['internal', 'OBJECT_KEY']);
});

test.each(['12/9999999999999999-0001', '9999999999999999/0000000000000012-0001'])(
  'a number that is no safe integer makes no key: %s',
  (rest) => {
    for (let hash = 0; hash < 256; hash++) {
      const key = `${walPrefix(ROOT)}${hash.toString(16).padStart(2, '0')}/${rest}`;
      expect(parseObjectKey(key, ROOT)).toBeUndefined();
    }
  },
);
