import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { beforeEach, expect, test } from 'vitest';
import { BufferGate, type Waiting } from './buffer-gate.ts';

const BYTES_MAX = 100;

/** Time that only the test moves. */
class TestClock implements Clock {
  nowMs = 0;
  readonly timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.nowMs;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  nextTurn(): void {
    throw new Error('nothing here waits for a turn');
  }

  pass(milliseconds: number): void {
    this.nowMs += milliseconds;
    for (const timer of this.timers) {
      if (timer.atMs > this.nowMs) continue;
      this.timers.delete(timer);
      timer.run();
    }
  }
}

let clock: TestClock;
let gate: BufferGate;
let log: string[];

beforeEach(() => {
  clock = new TestClock();
  gate = new BufferGate(BYTES_MAX, clock);
  log = [];
});

/** Someone who needs `bytes`, in pieces of 50. */
function waiting(name: string, bytes: number, deadlineMs = 1_000): Waiting {
  let left = bytes;
  return {
    deadlineMs,
    admit: () => {
      for (; left > 0 && !gate.isFull; left -= 50) {
        gate.take(50);
        log.push(name);
      }
      return left <= 0;
    },
    reject: (error) => log.push(`${name}: ${error.reason}`),
  };
}

test('who finds room enters at once; who does not waits in line, and nobody overtakes', () => {
  gate.enter(waiting('a', 100));
  expect(log).toEqual(['a', 'a']);
  gate.enter(waiting('b', 100));
  gate.enter(waiting('c', 50));
  expect(gate.isClosed).toBe(true);
  gate.release(50);
  expect(log).toEqual(['a', 'a', 'b']);
  gate.release(50);
  gate.release(50);
  expect(log).toEqual(['a', 'a', 'b', 'b', 'c']);
  expect(clock.timers.size).toBe(0);
});

test('one after the other enters, only while there is room', () => {
  gate.take(BYTES_MAX);
  const isClosedFor: boolean[] = [];
  for (const name of ['a', 'b', 'c']) {
    const admit = (): boolean => {
      log.push(name);
      isClosedFor.push(gate.isClosed);
      gate.take(60);
      return true;
    };
    gate.enter({ deadlineMs: 1_000, admit, reject: () => {} });
  }
  gate.release(BYTES_MAX);
  expect(log).toEqual(['a', 'b']);
  // While someone enters, others stand in line: whoever comes now must not overtake them.
  expect(isClosedFor).toEqual([true, true]);
});

test('whoever waits past the deadline is sent away, the others stay', () => {
  gate.take(BYTES_MAX);
  gate.enter(waiting('a', 50, 1_000));
  clock.pass(500);
  gate.enter(waiting('b', 50, 1_500));
  clock.pass(500);
  expect(log).toEqual(['a: BUFFER_FULL']);
  gate.release(50);
  expect(log).toEqual(['a: BUFFER_FULL', 'b']);
});

test('it is empty when the last in line has entered or was sent away', async () => {
  await gate.emptied();
  gate.take(BYTES_MAX);
  gate.enter(waiting('a', 50));
  const emptied = gate.emptied().then(() => log.push('empty'));
  gate.dispose(new StreamError('conflict', 'CLOSED', 'closed'));
  await emptied;
  expect(log).toEqual(['a: CLOSED', 'empty']);
  expect(clock.timers.size).toBe(0);
});
