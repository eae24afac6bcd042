/**
 * When members beat: each at a phase of its own, but in step with the others of its slot as far as the clocks of their
 * machines agree. Waking up costs a coordinator more than a heartbeat does: it wakes once for all of a slot.
 */
import type { Random } from '@streamhouse/core/async/clock.ts';

/** Milliseconds. Longer ones would make crowds, shorter ones company for nobody. */
const SLOT_MS = 100;
/** Of an interval: a beat that came a little early, or was asked for just now, is not followed by another at once. */
const REST = 1 / 4;

/** Milliseconds after the start of each interval, at the start of a slot. */
export function newBeatPhase(intervalMs: number, random: Random): number {
  return Math.floor((random() * intervalMs) / SLOT_MS) * SLOT_MS;
}

/** Milliseconds from `wallMs` to the next beat: between 1/4 and 5/4 of the interval. */
export function untilBeat(wallMs: number, intervalMs: number, phaseMs: number): number {
  const pastMs = (((wallMs - phaseMs) % intervalMs) + intervalMs) % intervalMs;
  const waitMs = intervalMs - pastMs;
  return waitMs < intervalMs * REST ? waitMs + intervalMs : waitMs;
}
