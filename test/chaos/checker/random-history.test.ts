import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANOMALIES, type AnomalyKind } from './anomaly.ts';
import { checkEvents } from './check-history.ts';
import type { HistoryEvent } from './history.ts';
import { PLANTS } from './planted.test-support.ts';
import { randomHistory } from './random-history.ts';

const SEEDS = fc.nat({ max: 2 ** 31 - 1 });
const KINDS = Object.keys(ANOMALIES) as AnomalyKind[];

function kinds(events: readonly HistoryEvent[]): AnomalyKind[] {
  return checkEvents(events).anomalies.map(({ kind }) => kind);
}

test('accepts histories of a log that does everything right', () => {
  fc.assert(
    fc.property(SEEDS, (seed) => {
      expect(kinds([...randomHistory({ seed, records: 1_000 })])).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test('such histories have all that makes a judgement hard', () => {
  const events = [...randomHistory({ seed: 1, records: 20_000 })];
  const { acknowledged, failed, unknown, unjudged, lag } = checkEvents(events).figures;
  const deletions = events.filter(({ value }) => 'change' in value && value.change === 'delete');
  expect(deletions.length).toBeGreaterThan(2);
  expect(Math.min(acknowledged, failed, unknown, lag?.records ?? 0)).toBeGreaterThan(100);
  // Only those whose answer does not tell which topic of a name they went to.
  expect(unjudged.records / acknowledged).toBeLessThan(0.01);
});

test.each(KINDS)('finds %s that was planted in such a history', (kind) => {
  const property = fc.property(SEEDS, fc.nat({ max: 2 ** 31 - 1 }), (seed, pick) => {
    const events = PLANTS[kind]([...randomHistory({ seed, records: 400 })], pick);
    // A history without a place for it does not count as one of the runs.
    fc.pre(events !== undefined);
    expect(kinds(events ?? [])).toContain(kind);
  });
  fc.assert(property, { numRuns: 10 });
});
