import { KubeError } from './kube-api.ts';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from './testing/virtual-clock.test-support.ts';
import { type Again, type Lane, WorkQueue, type WorkQueueObserver } from './work-queue.ts';

/** Counts what the queue reports. */
class Counts implements WorkQueueObserver {
  readonly seen: string[] = [];
  readonly queuedMs: number[] = [];

  added(lane: Lane): void {
    this.seen.push(`added ${lane}`);
  }

  retried(): void {
    this.seen.push('retried');
  }

  taken(lane: Lane, queuedMs: number): void {
    this.seen.push(`taken ${lane}`);
    this.queuedMs.push(queuedMs);
  }

  done(outcome: string, workMs: number): void {
    this.seen.push(`${outcome} after ${workMs} ms`);
  }
}

interface Call {
  readonly key: string;
  readonly end: (again?: Again) => void;
  readonly fail: (error: Error) => void;
}

let clock: VirtualClock;
let counts: Counts;
let errors: unknown[];

beforeEach(() => {
  clock = new VirtualClock();
  counts = new Counts();
  errors = [];
});

function queueOf(workers: number): WorkQueue {
  return new WorkQueue({
    workers,
    clock,
    random: () => 1,
    observer: counts,
    onError: (error) => errors.push(error),
  });
}

/** Runs the queue with calls that the test ends. */
function manual(queue: WorkQueue) {
  const calls: Call[] = [];
  const stop = new AbortController();
  const over = queue.run((key) => {
    const { promise, resolve, reject } = Promise.withResolvers<Again>();
    calls.push({ key, end: (again = {}) => resolve(again), fail: reject });
    return promise;
  }, stop.signal);
  return { calls, stop: () => stop.abort(), over, keys: () => calls.map(({ key }) => key) };
}

describe('a key', () => {
  it('that is added many times while it waits runs once', async () => {
    const queue = queueOf(1);
    const { keys } = manual(queue);
    for (let n = 0; n < 3; n++) queue.add('a', 'change');
    await clock.pass(0);
    expect(keys()).toEqual(['a']);
    expect(queue.depth).toBe(0);
  });

  it('that is added while it runs runs again afterwards, once, and not beside', async () => {
    const queue = queueOf(4);
    const { calls, keys } = manual(queue);
    queue.add('a', 'change');
    await clock.pass(0);
    queue.add('a', 'resync');
    queue.add('a', 'change');
    await clock.pass(0);
    expect(keys()).toEqual(['a']);
    expect(queue.depth).toBe(1);
    calls[0]?.end();
    await clock.pass(0);
    expect(keys()).toEqual(['a', 'a']);
    calls[1]?.end();
    await clock.pass(0);
    expect(keys().length).toBe(2);
  });

  it('that fails comes back after 5 ms, 10 ms, and never more than 300 s, until it succeeds', async () => {
    const queue = queueOf(1);
    const runsMs: number[] = [];
    let failures = 0;
    const stop = new AbortController();
    const over = queue.run(async () => {
      runsMs.push(clock.monotonicMs());
      if (failures++ < 20) throw new Error('not yet');
      return {};
    }, stop.signal);
    queue.add('a', 'change');
    await clock.until(() => runsMs.length === 21);
    const waits = runsMs.slice(1).map((ms, n) => ms - (runsMs[n] ?? 0));
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(waits.slice(-4)).toEqual([300_000, 300_000, 300_000, 300_000]);
    expect(errors.length).toBe(20);
    failures = 0;
    queue.add('a', 'change');
    await clock.until(() => runsMs.length === 23);
    expect(runsMs[22]! - runsMs[21]!).toBe(5);
    stop.abort();
    await over;
    queue[Symbol.dispose]();
    expect(clock.timers).toBe(0);
  });

  it('whose error asks for a later time comes back then', async () => {
    const queue = queueOf(1);
    const { calls, keys } = manual(queue);
    queue.add('a', 'change');
    await clock.pass(0);
    calls[0]?.fail(
      new KubeError('overloaded', 'TOO_MANY_REQUESTS', 'later', { retryAfterMs: 7_000 }),
    );
    await clock.pass(6_999);
    expect(keys().length).toBe(1);
    await clock.pass(1);
    expect(keys().length).toBe(2);
  });

  it('that fails runs at once when something changes before its time', async () => {
    const queue = queueOf(1);
    const { calls, keys } = manual(queue);
    queue.add('a', 'change');
    await clock.pass(0);
    calls[0]?.fail(new KubeError('overloaded', 'LATER', 'later', { retryAfterMs: 7_000 }));
    await clock.pass(1_000);
    queue.add('a', 'change');
    await clock.pass(0);
    expect(keys().length).toBe(2);
  });

  it('that asks to come again does, at the earlier of two dates', async () => {
    const queue = queueOf(1);
    const { calls, keys } = manual(queue);
    queue.addAfter('a', 500, 'resync');
    queue.addAfter('a', 900, 'resync');
    queue.addAfter('b', 900, 'resync');
    queue.addAfter('b', 500, 'resync');
    expect(queue.delayed).toBe(2);
    await clock.pass(500);
    calls[0]?.end();
    await clock.pass(0);
    expect(keys()).toEqual(['a', 'b']);
    calls[1]?.end({ requeueAfterMs: 100 });
    await clock.pass(100);
    expect(keys()).toEqual(['a', 'b', 'b']);
    expect(queue.delayed).toBe(0);
    calls[2]?.end();
    await clock.pass(1_000);
    expect(keys().length).toBe(3);
  });
});

describe('lanes', () => {
  it('let changes pass resyncs, and a resync that becomes a change with them', async () => {
    const queue = queueOf(1);
    const { calls, keys } = manual(queue);
    for (const key of ['r1', 'r2', 'r3']) queue.add(key, 'resync');
    queue.add('c1', 'change');
    queue.add('r3', 'change');
    queue.add('c1', 'resync');
    for (let n = 0; n < 5; n++) {
      await clock.pass(0);
      calls[n]?.end();
    }
    expect(keys()).toEqual(['c1', 'r3', 'r1', 'r2']);
  });

  it('give a resync its turn while changes do not end', async () => {
    const queue = queueOf(1);
    const taken: string[] = [];
    const stop = new AbortController();
    queue.add('c', 'change');
    queue.add('r', 'resync');
    const over = queue.run(async (key) => {
      taken.push(key);
      queue.add(`c${taken.length}`, 'change');
      if (taken.length === 40) stop.abort();
      return {};
    }, stop.signal);
    await over;
    expect(taken.indexOf('r')).toBe(16);
  });
});

describe('a run', () => {
  it('has no more calls at a time than workers', async () => {
    const queue = queueOf(3);
    const { calls, keys } = manual(queue);
    for (let n = 0; n < 5; n++) queue.add(`k${n}`, 'change');
    await clock.pass(0);
    expect(keys().length).toBe(3);
    calls[1]?.end();
    await clock.pass(10);
    expect(keys().length).toBe(4);
    expect(queue.unfinished()).toEqual({ totalMs: 30, longestMs: 10 });
  });

  it('that is stopped takes nothing more, waits for its calls, and leaves the rest to the next run', async () => {
    const queue = queueOf(1);
    const first = manual(queue);
    queue.add('a', 'change');
    queue.add('b', 'change');
    await clock.pass(0);
    first.stop();
    let isOver = false;
    const over = first.over.then(() => {
      isOver = true;
    });
    await clock.pass(1_000);
    expect(isOver).toBe(false);
    first.calls[0]?.end();
    await over;
    expect(first.keys()).toEqual(['a']);
    expect(queue.depth).toBe(1);
    const second = manual(queue);
    await clock.pass(0);
    expect(second.keys()).toEqual(['b']);
  });

  it('is refused while another one is under way', async () => {
    const queue = queueOf(1);
    manual(queue);
    await expect(manual(queue).over).rejects.toThrow('once at a time');
  });

  it('reports to its observer', async () => {
    const queue = queueOf(1);
    const { calls } = manual(queue);
    queue.add('a', 'resync');
    await clock.pass(0);
    queue.add('b', 'change');
    await clock.pass(20);
    calls[0]?.fail(new Error('no'));
    await clock.pass(0);
    calls[1]?.end({ requeueAfterMs: 1_000 });
    await clock.pass(5);
    calls[2]?.end();
    await clock.pass(0);
    expect(counts.seen).toEqual([
      'added resync',
      'taken resync',
      'added change',
      'retried',
      'error after 20 ms',
      'taken change',
      'requeueAfter after 0 ms',
      'added resync',
      'taken resync',
      'success after 0 ms',
    ]);
    expect(counts.queuedMs).toEqual([0, 20, 0]);
  });
});

const KEY = fc.constantFrom('a', 'b', 'c', 'd');
const LANE = fc.constantFrom<Lane>('change', 'resync');
const STEP = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key: KEY, lane: LANE }) },
  fc.record({ do: fc.constant('later' as const), key: KEY, lane: LANE, ms: fc.nat(50) }),
  fc.record({ do: fc.constant('end' as const), fails: fc.boolean(), at: fc.nat(3) }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20) }),
  fc.record({ do: fc.constant('restart' as const) }),
);

describe('whatever is added, fails and is stopped', () => {
  it('each key runs after its last addition, and never beside itself', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), check),
      { numRuns: 60 },
    );
  }, 60_000);
});

async function check(
  steps: readonly (typeof STEP extends fc.Arbitrary<infer S> ? S : never)[],
  workers: number,
): Promise<void> {
  clock = new VirtualClock();
  const queue = queueOf(workers);
  /** Keys whose last addition no call has begun after, and when those that were added for later are due. */
  const owed = new Set<string>();
  const owedAtMs = new Map<string, number>();
  const running = new Map<string, Call>();
  let isCalm = false;
  const handler = (key: string): Promise<Again> => {
    expect(running.has(key)).toBe(false);
    expect(running.size).toBeLessThan(workers);
    owed.delete(key);
    if ((owedAtMs.get(key) ?? 0) <= clock.monotonicMs()) owedAtMs.delete(key);
    if (isCalm) return Promise.resolve({});
    const { promise, resolve, reject } = Promise.withResolvers<Again>();
    running.set(key, { key, end: (again = {}) => resolve(again), fail: reject });
    return promise;
  };
  let stop = new AbortController();
  let over = queue.run(handler, stop.signal);
  const end = (call: Call | undefined, fails: boolean): void => {
    if (call === undefined) return;
    running.delete(call.key);
    if (fails) owed.add(call.key);
    if (fails) call.fail(new Error('no'));
    else call.end();
  };
  for (const step of steps) {
    if (step.do === 'pass') await clock.pass(step.ms);
    if (step.do === 'end') end([...running.values()][step.at], step.fails);
    if (step.do === 'add') {
      owed.add(step.key);
      queue.add(step.key, step.lane);
    }
    if (step.do === 'later') {
      const dueMs = clock.monotonicMs() + step.ms;
      owedAtMs.set(step.key, Math.min(dueMs, owedAtMs.get(step.key) ?? dueMs));
      queue.addAfter(step.key, step.ms, step.lane);
    }
    if (step.do !== 'restart') continue;
    stop.abort();
    for (const call of running.values()) end(call, false);
    await over;
    stop = new AbortController();
    over = queue.run(handler, stop.signal);
  }
  isCalm = true;
  for (const call of running.values()) end(call, false);
  await clock.pass(600_000);
  expect([...owed, ...owedAtMs.keys()]).toEqual([]);
  expect(queue.depth + queue.delayed).toBe(0);
  stop.abort();
  await over;
}
