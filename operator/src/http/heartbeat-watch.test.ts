import { incarnation } from '@streamhouse/core/ids.ts';
import type { AgentSession } from '@streamhouse/store/metadata/agents.ts';
import { beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../kube/testing/virtual-clock.test-support.ts';
import { HeartbeatWatch } from './heartbeat-watch.ts';

const ME = incarnation(7);
const SIGNAL = new AbortController().signal;

let clock: VirtualClock;
let beat: number | undefined;
let watch: HeartbeatWatch;

beforeEach(() => {
  clock = new VirtualClock();
  beat = 1;
  watch = new HeartbeatWatch({
    agents: {
      live: () =>
        Promise.resolve(beat === undefined ? [] : [{ incarnation: ME, beat } as AgentSession]),
    },
    clock,
    random: () => 0,
    onError: () => undefined,
  });
});

/** Looks once a second. */
async function lookFor(seconds: number, isBeating: boolean): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await clock.pass(1_000);
    if (isBeating && beat !== undefined) beat += 1;
    await watch.look(SIGNAL);
  }
}

test('a time is known once a beat has moved, and is that of the look', async () => {
  await watch.look(SIGNAL);
  await lookFor(1, false);
  expect(watch.lastHeartbeatMs(ME)).toBeUndefined();
  await lookFor(2, true);
  expect(watch.lastHeartbeatMs(ME)).toBe(clock.wallMs());
});

test('a beat that stands still for longer than a session may is stale until it moves', async () => {
  await watch.look(SIGNAL);
  await lookFor(5, true);
  expect(watch.isStale(ME)).toBe(false);
  await lookFor(3, false);
  expect(watch.isStale(ME)).toBe(false);
  await lookFor(1, false);
  expect(watch.isStale(ME)).toBe(true);
  await lookFor(1, true);
  expect(watch.isStale(ME)).toBe(false);
});

test('nothing is called stale while nobody looks', async () => {
  await watch.look(SIGNAL);
  await clock.pass(60_000);
  expect(watch.isStale(ME)).toBe(false);
});

test('one that was given up keeps the time of its last beat for a while', async () => {
  await watch.look(SIGNAL);
  await lookFor(2, true);
  const lastMs = watch.lastHeartbeatMs(ME);
  beat = undefined;
  await lookFor(5, false);
  expect(watch.lastHeartbeatMs(ME)).toBe(lastMs);
  await clock.pass(600_000);
  await watch.look(SIGNAL);
  expect(watch.lastHeartbeatMs(ME)).toBeUndefined();
});
