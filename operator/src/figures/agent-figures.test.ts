import { randomUUID } from 'node:crypto';
import { type Incarnation, incarnation, topicId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { LATENCY_BUCKETS, latencyBucket } from '@streamhouse/core/stats/latency-buckets.ts';
import type { AgentStats, TopicCounts } from '@streamhouse/store/metadata/stats.ts';
import { beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../kube/testing/virtual-clock.test-support.ts';
import { AgentFigures } from './agent-figures.ts';

const ONE = incarnation(1);
const TWO = incarnation(2);
const ORDERS = topicId(randomUUID());
const SIGNAL = new AbortController().signal;
const NOTHING = { produceRate: null, fetchRate: null, produceBytes: null, fetchBytes: null };

let clock: VirtualClock;
let live: Map<Incarnation, AgentStats | undefined>;
let isDown: boolean;
let figures: AgentFigures;

beforeEach(() => {
  clock = new VirtualClock();
  live = new Map();
  isDown = false;
  figures = new AgentFigures({
    stats: {
      live: (limit) =>
        isDown
          ? Promise.reject(new Error('down'))
          : Promise.resolve(new Map([...live].slice(0, limit))),
    },
    clock,
    random: () => 0,
    onError: () => undefined,
  });
});

interface Told {
  /** Records in; each has 10 bytes, and half of them go out again. */
  readonly records: number;
  readonly topics?: ReadonlyMap<typeof ORDERS, TopicCounts>;
  readonly isComplete?: boolean;
  /** Milliseconds of each batch that was acknowledged. */
  readonly latencies?: readonly number[];
}

/** What an agent tells now, which is `aliveMs` into its life. */
function tell(me: Incarnation, aliveMs: number, told: Told): void {
  const { records, topics = new Map(), isComplete = true, latencies = [] } = told;
  const produceLatencies = new Array<number>(LATENCY_BUCKETS).fill(0);
  for (const ms of latencies) produceLatencies[latencyBucket(ms)]! += 1;
  live.set(me, {
    ...{ incarnation: me, aliveMs, topics, isComplete, produceLatencies },
    totals: {
      ...{ recordsIn: records, bytesIn: records * 10 },
      ...{ recordsOut: records / 2, bytesOut: records * 5 },
    },
    fetchLatencies: new Array<number>(LATENCY_BUCKETS).fill(0),
    ...{ rssBytes: 1_000, loopDelayMs: 0, connections: 3 },
  });
}

/** Two seconds pass, and it looks. */
async function look(): Promise<void> {
  await clock.pass(2_000);
  await figures.look(SIGNAL).catch(() => undefined);
}

function flow(records: number, sinceMs = 0): TopicCounts {
  return { sinceMs, recordsIn: records, bytesIn: 0, recordsOut: 0, bytesOut: 0 };
}

test('rates are what was counted over the time that the agent says has passed', async () => {
  for (const step of [0, 1, 2, 3]) {
    // Each row is late by another time, which changes nothing.
    tell(ONE, 100_000 + step * 2_100, { records: step * 4_200 });
    await look();
  }
  expect(figures.current().throughput).toEqual({
    ...{ produceRate: 2_000, produceBytes: 20_000 },
    ...{ fetchRate: 1_000, fetchBytes: 10_000 },
  });
  expect(figures.current()).toMatchObject({ activeConnections: 3, memoryUsageBytes: 1_000 });
});

test('nothing is known without agents, and no rate of one that was met in the middle of its life', async () => {
  await look();
  expect(figures.current()).toMatchObject({ throughput: NOTHING, activeConnections: null });
  tell(ONE, 100_000, { records: 1_000_000 });
  await look();
  expect(figures.current()).toMatchObject({ throughput: NOTHING, activeConnections: 3 });
  expect(figures.current().topic(ORDERS)).toEqual({ produceRate: null, fetchRate: null });
});

test('a new life begins at zero: neither the counts of the one before nor a gap', async () => {
  tell(ONE, 100_000, { records: 50_000 });
  await look();
  live.delete(ONE);
  tell(TWO, 2_000, { records: 400 });
  await look();
  expect(figures.current().throughput.produceRate).toBe(200);
  tell(TWO, 4_000, { records: 400 });
  await look();
  expect(figures.current().throughput.produceRate).toBe(100);
});

test('an agent that is gone counts no longer, and one that is silent makes the sum unknown', async () => {
  for (const step of [1, 2, 3]) {
    tell(ONE, step * 2_000, { records: step * 200 });
    tell(TWO, step * 2_000, { records: step * 2_000 });
    await look();
  }
  expect(figures.current().throughput.produceRate).toBe(1_100);
  // Two is paused, and is given up some time later.
  for (const step of [4, 5, 6]) {
    tell(ONE, step * 2_000, { records: step * 200 });
    await look();
  }
  expect(figures.current()).toMatchObject({ throughput: NOTHING, activeConnections: null });
  live.delete(TWO);
  tell(ONE, 14_000, { records: 1_400 });
  await look();
  expect(figures.current()).toMatchObject({
    throughput: { produceRate: 100 },
    activeConnections: 3,
  });
});

test('an agent that has told nothing yet, as one of an older version, makes the sums unknown', async () => {
  tell(ONE, 2_000, { records: 200 });
  live.set(TWO, undefined);
  await look();
  expect(figures.current()).toMatchObject({ throughput: NOTHING, memoryUsageBytes: null });
});

test('percentiles are those of the window, not of the whole life', async () => {
  const slow = new Array<number>(1_000).fill(5_000);
  for (const step of [0, 1, 2, 3, 4, 5]) {
    const fast = new Array<number>(step * 100).fill(10);
    tell(ONE, 100_000 + step * 2_000, { records: 0, latencies: [...slow, ...fast] });
    await look();
  }
  const { latency } = figures.current();
  expect(latency.produceP50).toBeCloseTo(0.01, 2);
  expect(latency.produceP99).toBeCloseTo(0.01, 2);
  // Nobody fetched.
  expect(latency.fetchP50).toBeNull();
});

test('the rate of a topic: zero where it is known that nothing moved, unknown where an agent counts others', async () => {
  tell(ONE, 2_000, { records: 0 });
  await look();
  expect(figures.current().topic(ORDERS)).toEqual({ produceRate: 0, fetchRate: 0 });
  tell(ONE, 4_000, { records: 600, topics: new Map([[ORDERS, flow(600, 3_000)]]) });
  await look();
  expect(figures.current().topic(ORDERS).produceRate).toBe(150);
  // It was dropped when it was idle, and came back: what it had before does not count.
  tell(ONE, 6_000, { records: 1_000, topics: new Map([[ORDERS, flow(400, 5_000)]]) });
  await look();
  expect(figures.current().topic(ORDERS).produceRate).toBe(100);
  tell(ONE, 10_000, { records: 1_300, topics: new Map([[ORDERS, flow(300, 9_000)]]) });
  await look();
  expect(figures.current().topic(ORDERS).produceRate).toBe(75);
  tell(ONE, 12_000, { records: 1_300, isComplete: false });
  await look();
  expect(figures.current().topic(ORDERS).produceRate).toBeNull();
});

test('a topic that was counted before the window began, and not told at its beginning, is unknown', async () => {
  tell(ONE, 100_000, { records: 0, isComplete: false });
  await look();
  const topics = new Map([[ORDERS, flow(600, 50_000)]]);
  tell(ONE, 104_000, { records: 600, topics });
  await look();
  expect(figures.current().topic(ORDERS).produceRate).toBeNull();
  expect(figures.current().throughput.produceRate).toBe(150);
});

test('more agents than are looked at make everything unknown', async () => {
  for (let index = 0; index <= LIMITS.statsAgentsMax; index++)
    tell(incarnation(index), 2_000, { records: 200 });
  await look();
  expect(figures.current().throughput).toEqual(NOTHING);
  live.delete(incarnation(0));
  await look();
  expect(figures.current().throughput.produceRate).toBe(100 * LIMITS.statsAgentsMax);
});

test('while Postgres cannot be read, what was known ends, and the history has a gap', async () => {
  for (const step of [1, 2]) {
    tell(ONE, step * 2_000, { records: step * 200 });
    await look();
  }
  isDown = true;
  await look();
  expect(figures.current().throughput.produceRate).toBe(100);
  expect(figures.current().measuredAt).toBe(figures.history(60).timestamp[1]);
  await look();
  await look();
  expect(figures.current().throughput).toEqual(NOTHING);
  expect(figures.current().measuredAt).toBeUndefined();
  isDown = false;
  tell(ONE, 12_000, { records: 1_200 });
  await look();
  const { timestamp, produceRate, produceP99 } = figures.history(60);
  expect(produceRate).toEqual([100, 100, null, null, null, 100]);
  expect(timestamp.map((at) => at - timestamp[0]!)).toEqual([0, 2, 4, 6, 8, 10]);
  expect(produceP99).toHaveLength(6);
  expect(figures.current().measuredAt).toBe(timestamp.at(-1));
});

test('the history goes back an hour and no further', async () => {
  for (let step = 1; step <= LIMITS.figuresHistoryMax + 10; step++) {
    tell(ONE, step * 2_000, { records: 200 * step });
    await figures.look(SIGNAL);
    clock.freeze(2_000);
  }
  const all = figures.history(100_000);
  expect(all.timestamp).toHaveLength(LIMITS.figuresHistoryMax);
  expect(all.timestamp).toEqual(all.timestamp.toSorted((one, other) => one - other));
  expect(all.timestamp.at(-1)! - all.timestamp[0]!).toBe(2 * (LIMITS.figuresHistoryMax - 1));
  expect(figures.history(60).timestamp).toHaveLength(30);
});
