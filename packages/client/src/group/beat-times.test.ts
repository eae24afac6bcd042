import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newBeatPhase, untilBeat } from './beat-times.ts';

const INTERVAL_MS = 3_000;

describe('the next beat', () => {
  test('of members of one slot comes at the same time, whenever they began', () => {
    const phases = [0.5, 0.51, 0.52].map((part) => newBeatPhase(INTERVAL_MS, () => part));
    const times = phases.map((phase, index) => {
      const nowMs = 1_000_000 + index * 317;
      return nowMs + untilBeat(nowMs, INTERVAL_MS, phase);
    });
    expect(new Set(times).size).toBe(1);
  });

  test('comes once in each interval, also when timers are a little early or late', () => {
    const phase = newBeatPhase(INTERVAL_MS, () => 0.3);
    for (const driftMs of [-2, -0.5, 0, 0.5, 40]) {
      let nowMs = 1_000_000;
      nowMs += untilBeat(nowMs, INTERVAL_MS, phase) + driftMs;
      const firstMs = nowMs;
      for (let beat = 0; beat < 10; beat++) {
        nowMs += untilBeat(nowMs, INTERVAL_MS, phase) + driftMs;
      }
      expect((nowMs - firstMs) / 10).toBeCloseTo(INTERVAL_MS, 5);
    }
  });

  test('is never far off, whatever the clock says', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e13, max: 1e13, noNaN: true }),
        fc.integer({ min: 100, max: 600_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (wallMs, intervalMs, part) => {
          const waitMs = untilBeat(
            wallMs,
            intervalMs,
            newBeatPhase(intervalMs, () => part),
          );
          expect(waitMs).toBeGreaterThanOrEqual(intervalMs / 4);
          expect(waitMs).toBeLessThanOrEqual(intervalMs * 1.25);
        },
      ),
    );
  });
});
