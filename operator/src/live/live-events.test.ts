import { LIVE_EVENT } from '@streamhouse/api/live-schema.ts';
import {
  applyLive,
  LIVE_PATH,
  type LiveEvent,
  type LiveSnapshot,
  MONITORING_PATH,
} from '@streamhouse/api/live.ts';
import type { TopicStats } from '@streamhouse/api/rest/metrics.ts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ALL_READS,
  bearer,
  type Client,
  type LiveRig,
  metricsOf,
  startLive,
} from './live.test-support.ts';
import { LiveState } from './live-state.ts';

let rig: LiveRig;

beforeEach(async () => {
  rig = await startLive();
});

afterEach(() => rig[Symbol.asyncDispose]());

async function opened(path: string): Promise<Client> {
  const client = rig.open(path, bearer(rig.key(ALL_READS)));
  await rig.clock.until(() => client.frames.length > 0);
  return client;
}

function topic(name: string, produceRate: number | null = null): TopicStats {
  return { name, partitions: 1, totalMessages: 0, totalBytes: 0, produceRate, fetchRate: null };
}

describe('the events', () => {
  test('begin with a snapshot at once, and go on every two seconds with what has changed', async () => {
    rig.cluster.metrics = metricsOf({ topicStats: [topic('a'), topic('b'), topic('c')] });
    const client = await opened(LIVE_PATH);
    expect(client.event(0)).toMatchObject({ version: 1, type: 'snapshot', topics: [{}, {}, {}] });
    const startMs = rig.clock.monotonicMs();
    rig.cluster.metrics = metricsOf({ topicStats: [topic('a'), topic('c', 5), topic('d')] });
    await rig.clock.until(() => client.frames.length > 1);
    expect(rig.clock.monotonicMs() - startMs).toBeLessThanOrEqual(4_000);
    expect(client.event(1)).toMatchObject({
      type: 'delta',
      topics: { changed: [topic('c', 5), topic('d')], removed: ['b'] },
      groups: { changed: [], removed: [] },
    });
    await rig.clock.pass(20_000);
    expect(client.frames.length).toBeGreaterThanOrEqual(11);
    expect(client.frames.length).toBeLessThanOrEqual(13);
  });

  test('are as the document says, and together give what a newcomer is told', async () => {
    const client = await opened(LIVE_PATH);
    for (const [index, names] of ['ab', 'b', '', 'bca', 'cd'].entries()) {
      rig.cluster.metrics = metricsOf({
        topicStats: names.split('').map((name) => topic(name, index % 2)),
      });
      await rig.clock.pass(2_000);
    }
    const newcomer = await opened(LIVE_PATH);
    await rig.clock.pass(2_000);
    let state: LiveSnapshot | undefined;
    for (const index of client.frames.keys()) {
      const event = LIVE_EVENT.parse(client.event(index));
      state = applyLive(state, event);
      expect(state?.sequence).toBe(event.sequence);
    }
    let told: LiveSnapshot | undefined;
    for (const index of newcomer.frames.keys())
      told = applyLive(told, LIVE_EVENT.parse(newcomer.event(index)));
    const sorted = (list: readonly TopicStats[] = []): TopicStats[] =>
      list.toSorted((one, other) => (one.name < other.name ? -1 : 1));
    expect(sorted(state?.topics)).toEqual(sorted(told?.topics));
    expect(told?.topics).toHaveLength(2);
  });

  test('of any two states: the delta leads from one to the other', () => {
    const topics = fc.uniqueArray(
      fc.record({ name: fc.constantFrom('a', 'b', 'c', '__proto__'), rate: fc.nat(2) }),
      { selector: ({ name }) => name },
    );
    fc.assert(
      fc.property(topics, topics, (one, other) => {
        const [before, now] = [one, other].map((list, index) => {
          const topicStats = list.map(({ name, rate }) => topic(name, rate));
          return new LiveState(index, metricsOf({ topicStats }), []);
        });
        const parse = (frame: Buffer): LiveEvent => LIVE_EVENT.parse(JSON.parse(String(frame)));
        const start = applyLive(undefined, parse(before!.snapshot()));
        const reached = applyLive(start, parse(now!.delta(before!)));
        const byName = (state: LiveSnapshot | undefined) =>
          new Map(state?.topics.map((entry) => [entry.name, entry]));
        expect(byName(reached)).toEqual(byName(applyLive(undefined, parse(now!.snapshot()))));
      }),
    );
  });

  test('against another state than the one before give nothing to go on with', () => {
    const [first, second, third] = [1, 2, 3].map((at) => new LiveState(at, metricsOf(), []));
    const snapshot = LIVE_EVENT.parse(JSON.parse(String(first!.snapshot())));
    const delta = LIVE_EVENT.parse(JSON.parse(String(third!.delta(second!))));
    expect(applyLive(applyLive(undefined, snapshot), delta)).toBeUndefined();
    expect(applyLive(undefined, delta)).toBeUndefined();
  });

  test('are snapshots for who asks less often: nobody is told changes against what they do not have', async () => {
    const slow = await opened(LIVE_PATH);
    await opened(LIVE_PATH);
    slow.socket.send(JSON.stringify({ intervalMs: 10_000 }));
    await rig.clock.pass(2_000);
    const before = slow.frames.length;
    await rig.clock.pass(40_000);
    const events = [...slow.frames.keys()].slice(before).map((index) => slow.event(index));
    expect(events.length).toBeGreaterThanOrEqual(3);
    for (const event of events) expect(event).toMatchObject({ type: 'snapshot' });
  });

  test('one look serves everyone, and nobody is looked for when nobody listens', async () => {
    const clients = await Promise.all([
      opened(LIVE_PATH),
      opened(LIVE_PATH),
      opened(MONITORING_PATH),
    ]);
    const before = rig.looks();
    await rig.clock.pass(10_000);
    expect(rig.looks() - before).toBeLessThanOrEqual(6);
    for (const client of clients) client.socket.close();
    await Promise.all(clients.map((client) => client.ended));
    await rig.clock.pass(2_000);
    const after = rig.looks();
    await rig.clock.pass(20_000);
    expect(rig.looks()).toBe(after);
  });

  test('go on after looks that fail, and who comes meanwhile is told to come again', async () => {
    const client = await opened(LIVE_PATH);
    rig.fail(true);
    await rig.clock.pass(6_000);
    const during = client.frames.length;
    const newcomer = rig.open(LIVE_PATH, bearer(rig.key(ALL_READS)));
    await rig.clock.until(() => newcomer.code !== undefined);
    expect(newcomer.code).toBe(1013);
    rig.fail(false);
    await rig.clock.until(() => client.frames.length > during);
    expect(client.code).toBeUndefined();
  });

  test('end with 1001 when the server does, which takes no more', async () => {
    const client = await opened(LIVE_PATH);
    rig.end();
    await rig.clock.until(() => client.code !== undefined);
    expect(client.code).toBe(1001);
    const late = rig.open(LIVE_PATH, bearer(rig.key(ALL_READS)));
    expect(await late.ended).toBe(503);
  });
});

describe('the founding frames', () => {
  test('C-188, C-189: are the figures as they are, one JSON in each, as often as the client asks', async () => {
    const client = await opened(MONITORING_PATH);
    expect(client.event(0)).toEqual(rig.cluster.metrics);
    client.socket.send(JSON.stringify({ intervalMs: 10_000 }));
    await rig.clock.pass(4_000);
    const before = client.frames.length;
    await rig.clock.pass(60_000);
    expect(client.frames.length - before).toBeGreaterThanOrEqual(5);
    expect(client.frames.length - before).toBeLessThanOrEqual(7);
  });

  test('need the right to read figures, and no more', async () => {
    const client = rig.open(MONITORING_PATH, bearer(rig.key(['metrics:read'])));
    await rig.clock.until(() => client.frames.length > 0);
    const events = rig.open(LIVE_PATH, bearer(rig.key(['metrics:read'])));
    expect(await events.ended).toBe(403);
  });
});
