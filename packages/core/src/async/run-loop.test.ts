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
});
