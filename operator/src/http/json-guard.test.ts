import { LIMITS } from '@streamhouse/core/limits.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { guardJson } from './json-guard.ts';

/** JSON whose texts are full of what ends or escapes a string. */
const trickyText = fc.string({
  unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ':', ',', ' ', 'a'),
});
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    trickyText,
    fc.double(),
    fc.constant(null),
    tie('array'),
    tie('object'),
  ),
  array: fc.array(tie('value')),
  object: fc.dictionary(
    trickyText.map((text) => `k${text}`),
    tie('value'),
  ),
})).value;

describe('the guard of JSON', () => {
  test('lets every value pass that is none of the four', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(0, 1, '\t'), (value, space) => {
        guardJson(JSON.stringify(value, undefined, space));
      }),
    );
  });

  test('finds a key that stands twice wherever it stands', () => {
    fc.assert(
      fc.property(json, json, trickyText, (before, after, key) => {
        const name = JSON.stringify(`k${key}`);
        const text = `[${JSON.stringify(before)},{${name}:1,"x":${JSON.stringify(after)},${name} :2}]`;
        expect(() => guardJson(text)).toThrow('twice');
      }),
    );
  });

  test('counts keys for each object by itself, and texts are no keys', () => {
    const text = '[{"a":"a"},{"a":["a","a"]},{"b":{"a":1},"a":2}]';
    expect(() => guardJson(text)).not.toThrow();
  });

  test.each(['__proto__', 'constructor', 'prototype'])(
    'refuses the key %s, escaped as well',
    (key) => {
      const escaped = `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`;
      for (const text of [key, escaped])
        expect(() => guardJson(`[{"a":{"${text}"  :1}}]`)).toThrow('has the key');
      guardJson(`["${key}",{"a":"${key}"}]`);
    },
  );

  test('bounds how deep and how wide a body is', () => {
    const deep = (levels: number): string =>
      '[{"a":'.repeat(levels / 2) + '1' + '}]'.repeat(levels / 2);
    guardJson(deep(LIMITS.apiJsonDepthMax));
    expect(() => guardJson(deep(LIMITS.apiJsonDepthMax + 2))).toThrow('nested');
    const wide = (keys: number): string =>
      JSON.stringify(
        Object.fromEntries(Array.from({ length: keys }, (_, index) => [`k${index}`, 1])),
      );
    guardJson(wide(LIMITS.apiObjectKeysMax));
    expect(() => guardJson(wide(LIMITS.apiObjectKeysMax + 1))).toThrow('more than');
  });

  test('takes time in proportion to the text, whatever is in it', () => {
    const texts = ['\\'.repeat(2_000_000), '"'.repeat(1_000_000), 'a'.repeat(4_000_000)];
    const startMs = performance.now();
    for (const text of texts) guardJson(JSON.stringify({ text }));
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});
