import { randomUUID } from 'node:crypto';
import { type TopicId, topicId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { latencyQuantileMs } from '@streamhouse/core/stats/latency-buckets.ts';
import { expect, test } from 'vitest';
import { FlowCounter } from './flow-counter.ts';

interface Rig {
  readonly counter: FlowCounter;
  readonly at: (ms: number) => FlowCounter;
}

function open(): Rig {
  let nowMs = 0;
  const counter = new FlowCounter(() => nowMs);
  return {
    counter,
    at(ms) {
      nowMs = ms;
      return counter;
    },
  };
}

function newTopic(): TopicId {
  return topicId(randomUUID());
}

test('a life begins at zero and counts what goes in and out, by topic and in all', () => {
  const { at } = open();
  const [orders, clicks] = [newTopic(), newTopic()];
  expect(at(0).read()).toMatchObject({
    totals: { recordsIn: 0, bytesIn: 0, recordsOut: 0, bytesOut: 0 },
    ...{ topics: new Map(), isComplete: true },
  });
  at(10).countPublished(orders, 2, 100);
  at(20).countPublished(clicks, 1, 50);
  at(30).countFetched(orders, 4, 200);
  const { totals, topics } = at(40).read();
  expect(totals).toEqual({ recordsIn: 3, bytesIn: 150, recordsOut: 4, bytesOut: 200 });
  expect(topics).toEqual(
    new Map([
      [orders, { sinceMs: 10, recordsIn: 2, bytesIn: 100, recordsOut: 4, bytesOut: 200 }],
      [clicks, { sinceMs: 20, recordsIn: 1, bytesIn: 50, recordsOut: 0, bytesOut: 0 }],
    ]),
  );
});

test('what was read stays as it was read', () => {
  const { at } = open();
  const orders = newTopic();
  at(0).countPublished(orders, 1, 10);
  const before = at(1).read();
  at(2).countPublished(orders, 1, 10);
  at(2).observeProduce(5);
  expect(before.topics.get(orders)?.recordsIn).toBe(1);
  expect(before.totals.recordsIn).toBe(1);
  expect(latencyQuantileMs(before.produceLatencies, 0.5)).toBeUndefined();
});

test('a topic that is idle for long is told no longer, and counts from zero when it comes back', () => {
  const { at } = open();
  const orders = newTopic();
  at(0).countPublished(orders, 7, 70);
  expect(at(30_000).read().topics.size).toBe(1);
  expect(at(30_001).read().topics.size).toBe(0);
  at(40_000).countPublished(orders, 1, 10);
  expect(at(40_001).read().topics.get(orders)).toMatchObject({ sinceMs: 40_000, recordsIn: 1 });
  expect(at(40_001).read().totals.recordsIn).toBe(8);
});

test('topics beyond the bound count in all, and it is told that the others are not complete', () => {
  const { at } = open();
  for (let index = 0; index < LIMITS.statsTopicsMax; index++)
    at(index === 0 ? 0 : 5_000).countPublished(newTopic(), 1, 1);
  expect(at(5_000).read().isComplete).toBe(true);
  const late = newTopic();
  at(6_000).countFetched(late, 1, 1);
  const full = at(6_000).read();
  expect(full.topics.size).toBe(LIMITS.statsTopicsMax);
  expect(full.isComplete).toBe(false);
  expect(full.totals.recordsOut).toBe(1);
  // There is room again, yet what came before was not counted.
  expect(at(30_001).read().topics.size).toBe(LIMITS.statsTopicsMax - 1);
  at(30_002).countFetched(late, 1, 1);
  expect(at(30_003).read().topics.get(late)).toMatchObject({ sinceMs: 30_002, recordsOut: 1 });
  expect(at(36_000).read().isComplete).toBe(false);
  expect(at(36_001).read().isComplete).toBe(true);
});

test('latencies of batches and of fetches are counted apart', () => {
  const { counter } = open();
  counter.observeProduce(10);
  counter.observeFetch(1_000);
  const { produceLatencies, fetchLatencies } = counter.read();
  expect(latencyQuantileMs(produceLatencies, 0.99)).toBeCloseTo(10, -1);
  expect(latencyQuantileMs(fetchLatencies, 0.99)! / 1_000).toBeCloseTo(1, 0);
});
