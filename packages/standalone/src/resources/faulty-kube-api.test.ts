import { describe, expect, it } from 'vitest';
import type { ApiObject } from './api-object.ts';
import { type FaultyKubeApi, type Faults, faultyKubeApi } from './faulty-kube-api.test-support.ts';
import {
  ALWAYS,
  brief,
  type TestResources,
  TOPICS,
  take,
  testResources,
  topic,
} from './resources.test-support.ts';

const ORDERS = { namespace: 'shop', name: 'orders' };
const FROM_START = { resourceVersion: '1', timeoutSeconds: 600 };

function faulty(resources: TestResources, faults: Partial<Faults>): FaultyKubeApi {
  return faultyKubeApi(resources.api, { seed: 1, clock: resources.clock, ...faults });
}

describe('faultyKubeApi', () => {
  it('is the server itself without faults', async () => {
    await using resources = await testResources();
    const api = faulty(resources, {});
    await api.create(TOPICS, topic('orders'), ALWAYS);
    await api.mergePatch(TOPICS, ORDERS, { spec: { paused: true } }, {}, ALWAYS);
    expect((await api.list(TOPICS, {}, ALWAYS)).items).toHaveLength(1);
    const events = await take(api.watch(TOPICS, FROM_START, ALWAYS)[Symbol.asyncIterator](), 2);
    expect(events.map(brief)).toEqual(['ADDED orders@2', 'MODIFIED orders@3']);
    await api.delete(TOPICS, ORDERS, undefined, ALWAYS);
    expect(await api.get(TOPICS, ORDERS, ALWAYS)).toBeUndefined();
    expect(api.injected.size).toBe(0);
  });

  it('refuses writes with 409 and any call with 429, and does not do them', async () => {
    await using resources = await testResources();
    const made = await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    const changed = { ...made, spec: { paused: true } };
    const conflicting = faulty(resources, { conflicts: 1 });
    await expect(conflicting.update(TOPICS, changed, {}, ALWAYS)).rejects.toMatchObject({
      kind: 'conflict',
      status: 409,
    });
    await expect(conflicting.delete(TOPICS, ORDERS, undefined, ALWAYS)).rejects.toThrow();
    const busy = faulty(resources, { tooMany: 1, retryAfterMs: 70 });
    for (const call of [
      () => busy.list(TOPICS, {}, ALWAYS),
      () => busy.get(TOPICS, ORDERS, ALWAYS),
      () => busy.apply(TOPICS, topic('orders'), { fieldManager: 'f', force: true }, ALWAYS),
      () => take(busy.watch(TOPICS, FROM_START, ALWAYS)[Symbol.asyncIterator](), 1),
    ])
      await expect(call()).rejects.toMatchObject({ kind: 'overloaded', retryAfterMs: 70 });
    expect(await resources.api.get(TOPICS, ORDERS, ALWAYS)).toEqual(made);
  });

  it('fails the first lists of a kind and is slow with pages', async () => {
    await using resources = await testResources();
    const api = faulty(resources, { failingFirstLists: 2, slowPages: 1, slowMs: 50 });
    for (let each = 0; each < 2; each++)
      await expect(api.list(TOPICS, {}, ALWAYS)).rejects.toMatchObject({ status: 500 });
    const page = api.list(TOPICS, {}, ALWAYS);
    resources.clock.advance(50);
    expect((await page).items).toEqual([]);
  });

  it('answers watches and later pages with 410', async () => {
    await using resources = await testResources();
    for (const name of ['a', 'b']) await resources.api.create(TOPICS, topic(name), ALWAYS);
    const api = faulty(resources, { expired: 1 });
    const { continueToken } = await api.list(TOPICS, { limit: 1 }, ALWAYS);
    const next = api.list(TOPICS, { limit: 1, continueToken: continueToken! }, ALWAYS);
    await expect(next).rejects.toMatchObject({ status: 410, reason: 'EXPIRED' });
    const events = api.watch(TOPICS, FROM_START, ALWAYS)[Symbol.asyncIterator]();
    await expect(events.next()).rejects.toMatchObject({ status: 410, reason: 'EXPIRED' });
  });

  it('drops a watch, lets it fall silent, and tells late and twice', async () => {
    await using resources = await testResources();
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    const watch = (faults: Partial<Faults>): ReturnType<typeof take<ApiObject>> =>
      take(
        faulty(resources, faults)
          .watch<ApiObject>(TOPICS, FROM_START, ALWAYS)
          [Symbol.asyncIterator](),
        2,
      );
    await expect(watch({ droppedWatches: 1 })).rejects.toMatchObject({ kind: 'unavailable' });
    const silent = watch({ hangingWatches: 1 });
    const late = watch({ lateEvents: 1, duplicateEvents: 1, slowMs: 50 });
    await new Promise((resolve) => setImmediate(resolve));
    resources.clock.advance(50);
    expect((await late).map(brief)).toEqual(['ADDED orders@2', 'ADDED orders@2']);
    resources.clock.advance(90_000);
    await expect(silent).rejects.toMatchObject({ kind: 'unavailable', reason: 'CONNECTION_LOST' });
  });

  it('loses an answer after the write, for once or for good', async () => {
    await using resources = await testResources();
    const losing = faulty(resources, { lostAnswers: 1 });
    await expect(losing.create(TOPICS, topic('lost'), ALWAYS)).rejects.toMatchObject({
      kind: 'indefinite',
    });
    const api = faulty(resources, { crashAfterWrites: 2 });
    const events = api.watch(TOPICS, FROM_START, ALWAYS)[Symbol.asyncIterator]();
    await take(events, 1);
    await api.create(TOPICS, topic('first'), ALWAYS);
    await take(events, 1);
    const waiting = take(events, 2).catch((error: unknown) => error);
    const crashed = { kind: 'unavailable', reason: 'CRASHED' };
    await expect(api.create(TOPICS, topic('second'), ALWAYS)).rejects.toMatchObject(crashed);
    expect(await waiting).toMatchObject(crashed);
    expect(api.crashed.aborted).toBe(true);
    await expect(api.create(TOPICS, topic('third'), ALWAYS)).rejects.toMatchObject(crashed);
    await expect(api.list(TOPICS, {}, ALWAYS)).rejects.toMatchObject(crashed);
    const { items } = await resources.api.list<ApiObject>(TOPICS, {}, ALWAYS);
    expect(items.map((item) => item.metadata.name)).toEqual(['first', 'lost', 'second']);
  });

  it('does the same for the same seed, something else for another, and nothing once it is calm', async () => {
    await using resources = await testResources();
    const fates = async (api: FaultyKubeApi): Promise<string> => {
      let text = '';
      for (let each = 0; each < 40; each++)
        text += await api.get(TOPICS, ORDERS, ALWAYS).then(
          () => '.',
          () => 'x',
        );
      return text;
    };
    const first = await fates(faulty(resources, { tooMany: 0.5 }));
    expect(first).toMatch(/x.*\./);
    expect(await fates(faulty(resources, { tooMany: 0.5 }))).toBe(first);
    expect(await fates(faulty(resources, { tooMany: 0.5, seed: 2 }))).not.toBe(first);
    const api = faulty(resources, { tooMany: 1 });
    api.calm();
    expect(await fates(api)).not.toContain('x');
  });
});
