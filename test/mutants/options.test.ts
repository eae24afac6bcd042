import { expect, test } from 'vitest';
import type { Mutant } from './mutant.ts';
import { readOptions } from './options.ts';
import { tests } from './trial.ts';

const ALL = ['one', 'two', 'three'].map((id): Mutant => {
  return { id, bug: '', invariants: [], patches: [], killedBy: [tests('a.test.ts')] };
});

function selected(words: readonly string[]): readonly string[] {
  const options = readOptions(words, ALL);
  if (typeof options === 'string') return [options];
  return options.mutants.map(({ id }) => id);
}

test('without words all are tried', () => {
  expect(selected([])).toEqual(['one', 'two', 'three']);
  expect(readOptions([], ALL)).toMatchObject({ isJson: false });
});

test('only those that are named, in that order', () => {
  expect(selected(['--only', 'three,one', '--json'])).toEqual(['three', 'one']);
  expect(readOptions(['--json'], ALL)).toMatchObject({ isJson: true });
});

test('the list and the help are asked for by name', () => {
  expect(selected(['--list'])).toEqual(['list']);
  expect(selected(['--list', '--help'])).toEqual(['help']);
});

test.each([
  [['--only', 'one,four'], 'there is no mutant "four"'],
  [['--fast'], 'Unknown option'],
])('refuses %j', (words, message) => {
  expect(() => readOptions(words, ALL)).toThrow(message);
});
