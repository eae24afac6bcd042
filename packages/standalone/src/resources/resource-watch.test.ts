import type { KubeObject, WatchEvent, WatchQuery } from '@streamhouse/operator/kube/kube-api.ts';
import { describe, expect, it } from 'vitest';
import type { ApiObject } from './api-object.ts';
import {
  ALWAYS,
  brief,
  LEASES,
  manifest,
  type TestResources,
  TOPICS,
  take,
  testResources,
  topic,
} from './resources.test-support.ts';

const ORDERS = { namespace: 'shop', name: 'orders' };

function watch(
  resources: TestResources,
  query: Partial<WatchQuery> = {},
  signal: AbortSignal = ALWAYS,
): AsyncIterator<WatchEvent<ApiObject>> {
  const full = { resourceVersion: '0', timeoutSeconds: 600, ...query };
  return resources.api.watch<ApiObject>(TOPICS, full, signal)[Symbol.asyncIterator]();
}

function pause(resources: TestResources, isPaused: boolean): Promise<unknown> {
  return resources.api.mergePatch(TOPICS, ORDERS, { spec: { paused: isPaused } }, {}, ALWAYS);
}

describe('watch', () => {
  it('tells every change after the version that it is given, in order', async () => {
    await using resources = await testResources();
    const { api } = resources;
    await api.create(TOPICS, topic('orders'), ALWAYS);
    await pause(resources, true);
    await api.create(LEASES, manifest(LEASES, 'leader'), ALWAYS);
    await api.delete(TOPICS, ORDERS, undefined, ALWAYS);
    const events = await take(watch(resources, { resourceVersion: '2' }), 2);
    expect(events.map(brief)).toEqual(['MODIFIED orders@3', 'DELETED orders@5']);
    expect(events[1]).toMatchObject({ object: { spec: { paused: true } } });
  });

  it.each(['0', ''])('begins with what is there for the version %j', async (resourceVersion) => {
    await using resources = await testResources();
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    const events = watch(resources, { resourceVersion });
    expect((await take(events, 1)).map(brief)).toEqual(['ADDED orders@2']);
    await pause(resources, true);
    expect((await take(events, 1)).map(brief)).toEqual(['MODIFIED orders@3']);
  });

  it('wakes up when something changes while it waits', async () => {
    await using resources = await testResources();
    const next = take(watch(resources), 1);
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    expect((await next).map(brief)).toEqual(['ADDED orders@2']);
  });

  it('adds what begins to match a selector and deletes what ceases to', async () => {
    await using resources = await testResources();
    await resources.api.create(TOPICS, topic('first'), ALWAYS);
    const events = watch(resources, { resourceVersion: '2', labelSelector: 'tier=gold' });
    const label = (labels: Readonly<Record<string, string | null>>): Promise<unknown> =>
      resources.api.mergePatch(TOPICS, ORDERS, { metadata: { labels } }, {}, ALWAYS);
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    await label({ tier: 'gold' });
    await label({ tier: 'gold', more: 'x' });
    await label({ tier: null });
    await label({ more: null });
    await resources.api.create(TOPICS, topic('b', {}, { labels: { tier: 'gold' } }), ALWAYS);
    expect((await take(events, 4)).map(brief)).toEqual([
      'ADDED orders@4',
      'MODIFIED orders@5',
      'DELETED orders@6',
      'ADDED b@8',
    ]);
  });

  it('tells of one namespace only when asked to', async () => {
    await using resources = await testResources();
    const events = watch(resources, { namespace: 'depot' });
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    await resources.api.create(TOPICS, topic('boxes', {}, { namespace: 'depot' }), ALWAYS);
    expect((await take(events, 1)).map(brief)).toEqual(['ADDED boxes@3']);
  });

  it('tells of one object only when asked to', async () => {
    await using resources = await testResources();
    const events = watch(resources, { name: 'orders' });
    await resources.api.create(TOPICS, topic('boxes'), ALWAYS);
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    expect((await take(events, 1)).map(brief)).toEqual(['ADDED orders@3']);
  });

  it('says with a bookmark how far a quiet watch has come', async () => {
    await using resources = await testResources();
    const events = watch(resources);
    const next = take(events, 1);
    await resources.api.create(LEASES, manifest(LEASES, 'leader'), ALWAYS);
    resources.clock.advance(59_999);
    resources.clock.advance(1);
    expect((await next).map(brief)).toEqual(['BOOKMARK 2']);
    const later = take(events, 1);
    resources.clock.advance(60_000);
    expect((await later).map(brief)).toEqual(['BOOKMARK 2']);
  });

  it('ends after its time with a bookmark, and leaves nothing behind', async () => {
    await using resources = await testResources();
    const events = watch(resources, { timeoutSeconds: 30 });
    const next = take(events, 1);
    resources.clock.advance(30_000);
    expect((await next).map(brief)).toEqual(['BOOKMARK 1']);
    expect(await events.next()).toMatchObject({ done: true });
    expect(resources.clock.pending).toBe(0);
  });

  it('ends with the reason of the signal, and when the server stops', async () => {
    const resources = await testResources();
    const stop = new AbortController();
    const stopped = watch(resources, {}, stop.signal).next();
    const closed = watch(resources).next();
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    await Promise.all([
      expect(closed).rejects.toMatchObject({ kind: 'unavailable', status: 503 }),
      resources[Symbol.asyncDispose](),
    ]);
    expect(resources.clock.pending).toBe(0);
  });

  it('tells a reader that is too far behind to list again, at once and in the middle', async () => {
    await using resources = await testResources({ historyChangesMax: 2 });
    const slow = watch(resources);
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    await take(slow, 1);
    for (const isPaused of [true, false, true, false]) await pause(resources, isPaused);
    const expired = { status: 410, reason: 'EXPIRED' };
    await expect(slow.next()).rejects.toMatchObject(expired);
    await expect(watch(resources, { resourceVersion: '2' }).next()).rejects.toMatchObject(expired);
  });

  it('refuses a version that it never gave', async () => {
    await using resources = await testResources();
    await expect(watch(resources, { resourceVersion: '7' }).next()).rejects.toMatchObject({
      status: 504,
      retryAfterMs: 1_000,
    });
    await expect(watch(resources, { resourceVersion: '1e3' }).next()).rejects.toMatchObject({
      status: 400,
    });
  });

  it('admits a bounded number of watches', async () => {
    await using resources = await testResources();
    const stop = new AbortController();
    const watches = Array.from({ length: 257 }, () => watch(resources, {}, stop.signal).next());
    const last = watches.pop();
    await expect(last).rejects.toMatchObject({ kind: 'overloaded', status: 429 });
    stop.abort(new Error('enough'));
    await Promise.allSettled(watches);
    const again = watch(resources).next();
    await resources.api.create<KubeObject>(TOPICS, topic('orders'), ALWAYS);
    expect(brief((await again).value)).toBe('ADDED orders@2');
  });
});
