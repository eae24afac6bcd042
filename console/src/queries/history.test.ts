import type { FiguresHistory } from '@streamhouse/api/rest/metrics.ts';
import { expect, test } from 'vitest';
import { historyWith } from './history.ts';

const FIGURES = {
  throughput: { produceRate: 1, fetchRate: 2, produceBytes: 3, fetchBytes: null },
  latency: {
    ...{ produceP50: 5, produceP95: 6, produceP99: 7 },
    ...{ fetchP50: null, fetchP95: null, fetchP99: null },
  },
} as const;

/** Each figure is 0 at all of these times. */
function history(...timestamp: readonly number[]): FiguresHistory {
  const names = Object.keys({ ...FIGURES.throughput, ...FIGURES.latency });
  const columns = names.map((name) => [name, timestamp.map(() => 0)]);
  return { ...Object.fromEntries(columns), timestamp } as FiguresHistory;
}

test('what is told becomes the newest row of every column, and what is too old goes', () => {
  expect(historyWith(history(38, 40, 98), { ...FIGURES, timestamp: 100 }, 60)).toEqual({
    timestamp: [40, 98, 100],
    ...{ produceRate: [0, 0, 1], fetchRate: [0, 0, 2] },
    ...{ produceBytes: [0, 0, 3], fetchBytes: [0, 0, null] },
    ...{ produceP50: [0, 0, 5], produceP95: [0, 0, 6], produceP99: [0, 0, 7] },
    ...{ fetchP50: [0, 0, null], fetchP95: [0, 0, null], fetchP99: [0, 0, null] },
  });
});

test.each([
  ['nothing', history()],
  ['a history that ends a row earlier', history(94, 96)],
])('after %s it does not know what was in between', (_, before) => {
  expect(historyWith(before, { ...FIGURES, timestamp: 100 }, 60)).toBeUndefined();
});

test.each([100, 99])('what the history has already is no news (%d)', (timestamp) => {
  const before = history(98, 100);
  expect(historyWith(before, { ...FIGURES, timestamp }, 60)).toBe(before);
});
