import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incarnation } from '../ids.ts';
import { type FenceWatchEvent, newFenceWatch, stepFenceWatch } from './fence-watch.ts';

const ME = incarnation(1);
const SETTINGS = { me: ME, sessionTimeoutMs: 3_000, watchGapMaxMs: 1_500 };

interface Look {
  readonly afterMs: number;
  /** Beats by incarnation; undefined: the look failed. */
  readonly beats: ReadonlyMap<number, number> | undefined;
}

const look: fc.Arbitrary<Look> = fc.record({
  afterMs: fc.oneof(
    { weight: 8, arbitrary: fc.nat(1_500) },
    { weight: 1, arbitrary: fc.nat(6_000) },
  ),
  beats: fc.oneof(
    {
      weight: 15,
      arbitrary: fc
        .array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom(0, 0, 0, 0, 1)))
        .map((entries) => new Map(entries)),
    },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
});

interface Seen {
  readonly nowMs: number;
  readonly beats: Look['beats'];
}

/** The rule as it is told: walk back over the looks until something breaks the watch. */
function watchedMs(history: readonly Seen[], id: number): number {
  const newest = history.at(-1)!;
  let sinceMs = newest.nowMs;
  for (const { nowMs, beats } of history.toReversed()) {
    if (sinceMs - nowMs > SETTINGS.watchGapMaxMs) break;
    if (beats?.get(id) !== newest.beats?.get(id)) break;
    sinceMs = nowMs;
  }
  return newest.nowMs - sinceMs;
}

describe('fence watch', () => {
  it('fences exactly whom it has itself watched for one session timeout without a gap (I-22)', () => {
    fc.assert(
      fc.property(fc.array(look, { maxLength: 60 }), (looks) => {
        const history: Seen[] = [];
        let watch = newFenceWatch(SETTINGS);
        let nowMs = 0;
        for (const { afterMs, beats } of looks) {
          nowMs += afterMs;
          history.push({ nowMs, beats });
          const step = stepFenceWatch(watch, eventOf(beats), nowMs);
          watch = step.state;
          const expected = [...(beats ?? [])]
            .filter(([id]) => id !== ME && watchedMs(history, id) >= SETTINGS.sessionTimeoutMs)
            .map(([id, observedBeat]) => ({ type: 'Fence', incarnation: id, observedBeat }));
          expect(step.effects).toEqual(expected);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('never fences itself, however long its own beat stands still', () => {
    let watch = newFenceWatch(SETTINGS);
    for (let nowMs = 0; nowMs <= 20_000; nowMs += 1_000) {
      const step = stepFenceWatch(watch, eventOf(new Map([[ME, 0]])), nowMs);
      expect(step.effects).toEqual([]);
      watch = step.state;
    }
  });

  it('a session that is a new life of the same pod is watched anew (I-06)', () => {
    let watch = newFenceWatch(SETTINGS);
    for (const nowMs of [0, 1_000, 2_000]) {
      watch = stepFenceWatch(watch, eventOf(new Map([[7, 1]])), nowMs).state;
    }
    const step = stepFenceWatch(watch, eventOf(new Map([[8, 1]])), 3_000);
    expect(step.effects).toEqual([]);
  });

  it('remembers only the sessions of the last look', () => {
    fc.assert(
      fc.property(fc.array(look, { minLength: 1 }), (looks) => {
        let watch = newFenceWatch(SETTINGS);
        let nowMs = 0;
        for (const { afterMs, beats } of looks) {
          nowMs += afterMs;
          watch = stepFenceWatch(watch, eventOf(beats), nowMs).state;
          const listed = [...(beats?.keys() ?? [])].filter((id) => id !== ME);
          expect([...watch.watches.keys()]).toEqual(listed);
        }
      }),
    );
  });
});

function eventOf(beats: Look['beats']): FenceWatchEvent {
  if (beats === undefined) return { type: 'ObserveFailed' };
  const sessions = [...beats].map(([id, beat]) => ({ incarnation: incarnation(id), beat }));
  return { type: 'Observed', sessions };
}
