import { expect, test } from 'vitest';
import { Scheduler } from './scheduler.ts';
import { SimProcess } from './sim-process.ts';
import { Trace } from './trace.ts';

const CLOCKS = { monotonicBaseMs: 5_000, wallBaseMs: 0 };

function start(): { scheduler: Scheduler; process: SimProcess; seen: string[] } {
  const scheduler = new Scheduler();
  const process = new SimProcess('one', scheduler, new Trace(10), CLOCKS);
  return { scheduler, process, seen: [] };
}

test('promises run to their end before the next event', async () => {
  const { scheduler, process, seen } = start();
  process.clock.schedule(1, () => {
    void (async () => {
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
      seen.push(`first at ${process.clock.monotonicMs()}`);
    })();
  });
  process.clock.schedule(1, () => seen.push('second'));
  await scheduler.runUntil(10);
  expect(seen).toEqual(['first at 5001', 'second']);
});

test('a process that is killed before an effect does nothing that others see', async () => {
  const { scheduler, process, seen } = start();
  process.arm({ kind: 'kill', countdown: 2, isAfter: false, onFelt: (what) => seen.push(what) });
  process.effect('a', () => seen.push('a left'));
  process.effect('b', () => seen.push('b left'));
  process.effect('c', () => seen.push('c left'));
  process.clock.schedule(1, () => seen.push('timer'));
  await scheduler.runUntil(10);
  expect(seen).toEqual(['a left', 'b']);
});

test('a fault at one kind of effect waits for it', () => {
  const { process, seen } = start();
  const onFelt = (): void => void seen.push('felt');
  process.arm({ kind: 'fence', at: 'b', countdown: 1, isAfter: false, onFelt });
  for (const name of ['a', 'b', 'b']) process.effect(name, () => seen.push(name));
  expect(seen).toEqual(['a', 'felt', 'b', 'b']);
});

test('a process that is paused goes on with what it was about to do', async () => {
  const { scheduler, process, seen } = start();
  process.arm({ kind: 'pause', countdown: 1, isAfter: true, onFelt: () => undefined });
  process.clock.schedule(1, () => {
    process.effect('a', () => seen.push('a left'));
    process.effect('b', () => seen.push('b left'));
  });
  process.clock.schedule(2, () => seen.push('timer'));
  const cancelled = process.clock.schedule(3, () => seen.push('cancelled timer'));
  await scheduler.runUntil(10);
  expect(seen).toEqual(['a left']);
  cancelled();
  process.resume();
  await scheduler.runUntil(20);
  expect(seen).toEqual(['a left', 'b left', 'timer']);
});
