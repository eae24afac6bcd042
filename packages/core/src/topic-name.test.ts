import { describe, expect, test } from 'vitest';
import { checkTopicName } from './topic-name.ts';

describe('checkTopicName', () => {
  test.each(['orders', 'orders.v1', 'a', '-', '_x', 'A-Z_0.9', 'x'.repeat(249)])(
    'takes %s',
    (name) => {
      expect(() => checkTopicName(name)).not.toThrow();
    },
  );

  // B-01
  test.each([
    ['../../etc', 'letters'],
    ['a/b', 'letters'],
    ['.', 'must not be'],
    ['..', 'must not be'],
    ['', 'empty'],
    ['x'.repeat(250), '249'],
    ['a\0b', 'letters'],
    ['%2e%2e', 'letters'],
    ['оrders', 'letters'],
    ['🙂', 'letters'],
    ['a\n', 'letters'],
    ['__offsets', 'reserved'],
  ])('refuses %j and says why', (name, rule) => {
    expect(() => checkTopicName(name)).toThrow(rule);
  });
});
