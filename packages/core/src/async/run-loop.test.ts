import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { runLoop, Trigger } from './run-loop.ts';

/** Time stands still: nothing but a trigger or an abort ends a wait. */
const STOPPED: Clock = {
  monotonicMs: () => 0,
  wallMs: () => 0,
  schedule: () => () => {},
  nextTurn: () => {},
};

function optionsOf(trigger: Trigger, signal: AbortSignal) {
  return {
    name: 'test',
    everyMs: 1_000,
    trigger,
    clock: STOPPED,
    random: () => 0,
    signal,
    onError: () => {},
  };
}

describe('Trigger', () => {
  it('takes many calls before the wait for one', async () => {
    const trigger = new Trigger();
    trigger.fire();
    trigger.fire();
    const { signal } = new AbortController();
    await trigger.wait(signal);
    let isAwake = false;
    const again = trigger.wait(signal).then(() => {
      isAwake = true;
    });
    await Promise.resolve();
    expect(isAwake).toBe(false);
    trigger.fire();
    await again;
    expect(isAwake).toBe(true);
  });

  it('does not wait once its signal has aborted', async () => {
    await expect(new Trigger().wait(AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });
});

describe('runLoop', () => {
  it('ends when it is aborted between two ticks', async () => {
    const stop = new AbortController();
    let ticks = 0;
    const loop = runLoop(optionsOf(new Trigger(), stop.signal), () => {
      ticks++;
      return Promise.resolve();
    });
    stop.abort();
    await loop;
    expect(ticks).toBe(1);
  });

  it('ends when it is aborted while a tick runs', async () => {
    const stop = new AbortController();
    await runLoop(optionsOf(new Trigger(), stop.signal), () => {
      stop.abort();
      return Promise.resolve();
    });
    expect(stop.signal.aborted).toBe(true);
  });

  it('ticks once for all that fires before a tick, and again for what comes later', async () => {
    const stop = new AbortController();
    const trigger = new Trigger();
    let ticks = 0;
    const loop = runLoop(optionsOf(trigger, stop.signal), async () => {
      ticks++;
    });
    for (const fires of [2, 1]) {
      await new Promise(setImmediate);
      for (let fire = 0; fire < fires; fire++) trigger.fire();
    }
    await new Promise(setImmediate);
    expect(ticks).toBe(3);
    stop.abort();
    await loop;
  });

  it('ticks when its time is over, and leaves nothing that waits', async () => {
    const stop = new AbortController();
    const timers = new Set<() => void>();
    const schedule = (_delayMs: number, run: () => void): (() => void) => {
      timers.add(run);
      return () => timers.delete(run);
    };
    const clock = { ...STOPPED, schedule };
    let ticks = 0;
    const loop = runLoop({ ...optionsOf(new Trigger(), stop.signal), clock }, async () => {
      ticks++;
    });
    await new Promise(setImmediate);
    for (const run of timers) run();
    await new Promise(setImmediate);
    expect([ticks, timers.size]).toEqual([2, 1]);
    stop.abort();
    await loop;
    expect(timers.size).toBe(0);
  });
});
