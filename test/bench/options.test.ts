import { expect, test } from 'vitest';
import { BENCHES, readOptions } from './options.ts';

test('without words everything is measured three times', () => {
  expect(readOptions([])).toEqual({
    only: BENCHES,
    runs: 3,
    seconds: 8,
    faults: 20,
    isJson: false,
    profileFolder: undefined,
  });
});

test('what is asked for goes over what is quick', () => {
  const options = readOptions(['--quick', '--only', 'puts,produce', '--seconds', '5', '--json']);
  expect(options).toMatchObject({ only: ['puts', 'produce'], runs: 1, seconds: 5, isJson: true });
});

test('hours of load are measured only when they are asked for', () => {
  expect(BENCHES).not.toContain('soak');
  expect(readOptions(['--only', 'soak', '--seconds', '3600'])).toMatchObject({ only: ['soak'] });
});

test.each([
  [['--only', 'produce,nothing'], 'there is no "nothing"'],
  [['--runs', '0'], '--runs must be a whole number'],
  [['--seconds', '1.5'], '--seconds must be a whole number'],
  [['--fast'], 'Unknown option'],
])('refuses %j', (words, message) => {
  expect(() => readOptions(words)).toThrow(message);
});
