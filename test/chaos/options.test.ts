import { expect, test } from 'vitest';
import { FAULT_KINDS } from './faults/fault.ts';
import { readOptions } from './options.ts';

test('a minute with all faults is the default', () => {
  expect(readOptions([])).toEqual({
    seed: 1,
    runs: 1,
    runMs: 60_000,
    pauses: undefined,
    kinds: FAULT_KINDS,
    isJson: false,
  });
});

test('runs share the minutes', () => {
  const words = [
    '--seed',
    '7',
    '--seeds',
    '10',
    '--minutes',
    '60',
    '--faults',
    'kill,pause',
    '--json',
  ];
  expect(readOptions(words)).toEqual({
    seed: 7,
    runs: 10,
    runMs: 360_000,
    pauses: undefined,
    kinds: ['kill', 'pause'],
    isJson: true,
  });
});

test('pauses come instead of faults, an hour at most', () => {
  expect(readOptions(['--pauses', '1000'])).toMatchObject({ pauses: 1_000, runMs: 3_600_000 });
});

test('help wins', () => {
  expect(readOptions(['--help'])).toBe('help');
});

test.each([
  [['--faults', 'kill,rain'], '--faults: there is no "rain"'],
  [['--seed', '-1'], 'ambiguous'],
  [['--seed', '1.5'], '--seed must be'],
  [['--minutes', 'x'], '--minutes must be'],
  [['--minutes', '1', '--seeds', '10'], 'each run needs 20 s'],
  [['--pauses', '0'], '--pauses must be'],
  [['--pauses', '5', '--faults', 'kill'], '--pauses goes without --faults'],
  [['--speed'], '--speed'],
])('%j is refused', (words, message) => {
  expect(() => readOptions(words)).toThrow(message);
});
