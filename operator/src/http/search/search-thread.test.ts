/** The thread against expressions that are made to do harm. */
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { expect, test, vi } from 'vitest';
import { InvalidRequest } from '../problem.ts';
import type { SearchRecord } from './record-matcher.ts';
import { SearchThread } from './search-thread.ts';
import { watchTurns } from './turns.test-support.ts';

vi.setConfig({ testTimeout: 60_000 });

const TURN_MS_MAX = 100;
const NUMBERS = JSON.stringify(Array.from({ length: 100_000 }, (_, index) => index));

function record(offset: number, value: string): SearchRecord {
  const place = { partition: 0, offset, timestampMs: 0 };
  return { ...place, key: null, value: Buffer.from(value), headers: [] };
}

function open(filter: string): Promise<SearchThread> {
  return SearchThread.open({ text: undefined, filter }, systemClock, AbortSignal.timeout(60_000));
}

test('outcomes come in the order of the records, over many looks', async () => {
  await using thread = await open('json > 1 && json < 4');
  const never = new AbortController().signal;
  const look = (values: readonly string[]) =>
    thread.look(
      values.map((text, at) => record(at, text)),
      never,
    );
  expect(await look(['1', '2', '"x"', '3', '4', 'null'])).toEqual([
    ...['passed', 'found', 'failed', 'found', 'passed', 'failed'],
  ]);
  expect(thread.failure).toContain('no such overload: dyn<string>');
  expect(await look(['3'])).toEqual(['found']);
  expect(await look([])).toEqual([]);
});

test.each([
  [
    'a cubic comprehension',
    'json.exists(a, json.exists(b, json.exists(c, a + b + c < 0.0)))',
    NUMBERS,
  ],
  ['a pattern that backtracks', 'value.matches("(a+)+$")', `${'a'.repeat(50_000)}b`],
])('I-41: %s is ended in time, and nobody else waits for it', async (_, filter, value) => {
  await using thread = await open(filter);
  using turns = watchTurns();
  const records = [record(0, '[]'), record(1, value), record(2, '[]')];
  // What was looked at before is not lost.
  expect(await thread.look(records, new AbortController().signal)).toEqual(['passed']);
  expect(turns.longestMs()).toBeLessThan(TURN_MS_MAX);
});

test.each([
  ['lists of lists', 'json.map(a, json.map(b, [a, b])).size() == 1'],
  [
    'texts',
    'json.map(a, string(a) + value.substring(1) + string(a)).map(t, t.split("")).size() == 1',
  ],
])(
  'I-41: an expression that fills its memory with %s takes no more than its thread has',
  async (_, filter) => {
    await using thread = await open(filter);
    const before = process.memoryUsage.rss();
    expect(await thread.look([record(0, NUMBERS)], new AbortController().signal)).toEqual([]);
    const grownMib = (process.memoryUsage.rss() - before) / 2 ** 20;
    expect(grownMib).toBeLessThan(4 * LIMITS.apiSearchHeapMibMax);
  },
);

test('a look is given up with its caller', async () => {
  await using thread = await open(
    'json.exists(a, json.exists(b, json.exists(c, a + b + c < 0.0)))',
  );
  const caller = new AbortController();
  const looking = thread.look([record(0, NUMBERS)], caller.signal);
  caller.abort(new Error('gone'));
  await expect(looking).rejects.toThrow('gone');
});

test('an expression that is wrong is a fault of the request', async () => {
  await expect(open('json.')).rejects.toThrow(InvalidRequest);
});
