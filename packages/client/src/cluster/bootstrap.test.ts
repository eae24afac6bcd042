import { expect, test } from 'vitest';
import { parseBootstrap } from './bootstrap.ts';

test('takes one address, several in one text, and a list', () => {
  expect(parseBootstrap('localhost:9090')).toEqual(['localhost:9090']);
  expect(parseBootstrap('a:1, b:2,')).toEqual(['a:1', 'b:2']);
  expect(parseBootstrap(['a:1', '[::1]:2', 'a:1'])).toEqual(['a:1', '[::1]:2']);
});

test.each([
  [''],
  [[]],
  ['localhost'],
  ['localhost:0'],
  ['localhost:65536'],
  ['http://a:1'],
  ['::1:9090'],
])('refuses %j', (bootstrap) => {
  expect(() => parseBootstrap(bootstrap)).toThrow(
    expect.objectContaining({ kind: 'invalid', reason: 'BOOTSTRAP' }),
  );
});
