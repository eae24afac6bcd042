import type { Clock } from '@streamhouse/core/async/clock.ts';
import { expect, test } from 'vitest';
import { TurnShare } from './turn-share.ts';

/** Time passes as the work says. */
class WorkClock implements Clock {
  nowMs = 0;
  monotonicMs(): number {
    return this.nowMs;
  }
  wallMs(): number {
    return this.nowMs;
  }
  schedule(): () => void {
    throw new Error('no timers');
  }
  nextTurn(run: () => void): void {
    setImmediate(run);
  }
}

test('I-41 work of many callers takes its share of each turn, in the order it came', async () => {
  const clock = new WorkClock();
  const share = new TurnShare(clock);
  const done: string[] = [];
  const caller = async (name: string): Promise<void> => {
    for (let count = 0; count < 4; count++) {
      while (share.isSpent) await share.nextTurn();
      share.run(() => {
        clock.nowMs += 7;
        done.push(name);
      });
    }
  };
  const all = Promise.all(['a', 'b', 'c'].map(caller));
  const perTurn: number[] = [];
  while (done.length < 12) {
    const before = done.length;
    await new Promise((resolve) => setImmediate(resolve));
    perTurn.push(done.length - before);
  }
  await all;
  // 7 ms each: the third one reaches 20.
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(3);
  for (const name of ['a', 'b', 'c']) expect(done.filter((one) => one === name)).toHaveLength(4);
  expect(new Set(done.slice(0, 6)).size).toBeGreaterThan(1);
});

test('work that fails is counted as well', () => {
  const clock = new WorkClock();
  const share = new TurnShare(clock);
  const fail = (): never =>
    share.run(() => {
      clock.nowMs += 100;
      throw new Error('on purpose');
    });
  expect(fail).toThrow('on purpose');
  expect(share.isSpent).toBe(true);
});
