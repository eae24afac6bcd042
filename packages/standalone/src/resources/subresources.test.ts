import { describe, expect, it } from 'vitest';
import type { ApiObject } from './api-object.ts';
import {
  ALWAYS,
  EVENTS,
  LEASES,
  manifest,
  POOLS,
  pool,
  refusal,
  TOPICS,
  testResources,
  topic,
} from './resources.test-support.ts';

const ORDERS = { namespace: 'shop', name: 'orders' };

describe('the status', () => {
  it('is changed by its subresource and by nothing else, which changes nothing else', async () => {
    await using resources = await testResources();
    const { api } = resources;
    const made = await api.create(TOPICS, topic('orders', { partitions: 3 }), ALWAYS);
    const patch = {
      metadata: { labels: { a: 'b' } },
      spec: { partitions: 9 },
      status: { partitions: 3 },
    };
    const told = await api.mergePatch<ApiObject>(
      TOPICS,
      ORDERS,
      patch,
      { subresource: 'status' },
      ALWAYS,
    );
    expect(told).toMatchObject({ spec: { partitions: 3 }, status: { partitions: 3 } });
    expect(told.metadata).not.toHaveProperty('labels');
    const silent = await api.mergePatch<ApiObject>(
      TOPICS,
      ORDERS,
      { spec: { partitions: 4 }, status: { partitions: 8 } },
      {},
      ALWAYS,
    );
    expect(silent).toMatchObject({ spec: { partitions: 4 }, status: { partitions: 3 } });
    const put = await api.update(TOPICS, { ...silent, status: { partitions: 7 } }, {}, ALWAYS);
    expect(put).toEqual(silent);
    expect(made.metadata.uid).toBe(put.metadata.uid);
  });

  it('is checked too', async () => {
    await using resources = await testResources();
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    const patch = { status: { partitions: 'many' } };
    const error = await refusal(
      resources.api.mergePatch(TOPICS, ORDERS, patch, { subresource: 'status' }, ALWAYS),
    );
    expect(error.causes).toMatchObject([{ field: 'status.partitions' }]);
  });

  it('costs no write when it is as it was', async () => {
    await using resources = await testResources();
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    const tell = (): Promise<ApiObject> =>
      resources.api.mergePatch(
        TOPICS,
        ORDERS,
        { status: { partitions: 3 } },
        { subresource: 'status' },
        ALWAYS,
      );
    const first = await tell();
    resources.clock.advance(60_000);
    expect(await tell()).toEqual(first);
  });
});

describe('merge patch', () => {
  it('with a version is refused when the object has changed', async () => {
    await using resources = await testResources();
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    const patch = (resourceVersion: string): Promise<unknown> =>
      resources.api.mergePatch(
        TOPICS,
        ORDERS,
        { metadata: { resourceVersion, annotations: { at: resourceVersion } } },
        {},
        ALWAYS,
      );
    await patch('2');
    expect(await refusal(patch('2'))).toMatchObject({ status: 409, reason: 'CONFLICT' });
    await patch('3');
  });

  it('does not rename, and makes nothing that is not there', async () => {
    await using resources = await testResources();
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    const patch = { metadata: { name: 'other' } };
    const { api } = resources;
    expect(await refusal(api.mergePatch(TOPICS, ORDERS, patch, {}, ALWAYS))).toMatchObject({
      status: 400,
    });
    const absent = { namespace: 'shop', name: 'absent' };
    expect(await refusal(api.mergePatch(TOPICS, absent, {}, {}, ALWAYS))).toMatchObject({
      status: 404,
    });
  });
});

describe('the scale', () => {
  it('shows and changes the replicas of a pool', async () => {
    await using resources = await testResources();
    const { api } = resources;
    await api.create(POOLS, pool('main', { replicas: 3 }), ALWAYS);
    const ref = { namespace: 'shop', name: 'main' };
    const status = { status: { replicas: 2, selector: 'pool=main' } };
    await api.mergePatch(POOLS, ref, status, { subresource: 'status' }, ALWAYS);
    const scale = await api.mergePatch<ApiObject>(
      POOLS,
      ref,
      { spec: { replicas: 5 } },
      { subresource: 'scale' },
      ALWAYS,
    );
    expect(scale).toMatchObject({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'main', resourceVersion: '4' },
      spec: { replicas: 5 },
      status: { replicas: 2, selector: 'pool=main' },
    });
    const back = { ...scale, spec: { replicas: 4 } };
    await api.update(POOLS, back, { subresource: 'scale' }, ALWAYS);
    expect(await api.get(POOLS, ref, ALWAYS)).toMatchObject({
      metadata: { generation: 3 },
      spec: { replicas: 4 },
      status: { replicas: 2 },
    });
    expect(await refusal(api.update(POOLS, back, { subresource: 'scale' }, ALWAYS))).toMatchObject({
      status: 409,
    });
    const bad = { spec: { replicas: -1 } };
    expect(
      await refusal(api.mergePatch(POOLS, ref, bad, { subresource: 'scale' }, ALWAYS)),
    ).toMatchObject({ status: 422, causes: [{ field: 'spec.replicas' }] });
  });

  it('is nothing that topics have', async () => {
    await using resources = await testResources();
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    const patch = { spec: { replicas: 5 } };
    expect(
      await refusal(
        resources.api.mergePatch(TOPICS, ORDERS, patch, { subresource: 'scale' }, ALWAYS),
      ),
    ).toMatchObject({ status: 400 });
  });
});

describe('apply', () => {
  const by = { fieldManager: 'user', force: false };

  it('makes the object, changes it, and does nothing when it is as the manifest says', async () => {
    await using resources = await testResources();
    const { api } = resources;
    const made = await api.apply(TOPICS, topic('orders', { partitions: 3 }), by, ALWAYS);
    expect(made.metadata).toMatchObject({ generation: 1, resourceVersion: '2' });
    resources.clock.advance(60_000);
    expect(await api.apply(TOPICS, topic('orders', { partitions: 3 }), by, ALWAYS)).toEqual(made);
    const grown = await api.apply(TOPICS, topic('orders', { partitions: 4 }), by, ALWAYS);
    expect(grown.metadata).toMatchObject({ generation: 2, resourceVersion: '3' });
  });

  it('gives back the default of a field that the manifest no longer names', async () => {
    await using resources = await testResources();
    const { api } = resources;
    await api.apply(
      TOPICS,
      topic('orders', { paused: true, config: { compression: 'lz4' } }),
      by,
      ALWAYS,
    );
    await api.mergePatch(TOPICS, ORDERS, { metadata: { finalizers: ['a.b/guard'] } }, {}, ALWAYS);
    await api.mergePatch(
      TOPICS,
      ORDERS,
      { status: { partitions: 1 } },
      { subresource: 'status' },
      ALWAYS,
    );
    expect(await api.apply(TOPICS, topic('orders'), by, ALWAYS)).toMatchObject({
      metadata: { finalizers: ['a.b/guard'] },
      spec: { paused: false, config: {} },
      status: { partitions: 1 },
    });
  });

  it('names the fields of others, and takes them when told to', async () => {
    await using resources = await testResources();
    const { api } = resources;
    await api.apply(POOLS, pool('main', { replicas: 3 }), by, ALWAYS);
    const ref = { namespace: 'shop', name: 'main' };
    await api.mergePatch(POOLS, ref, { spec: { replicas: 5 } }, { subresource: 'scale' }, ALWAYS);
    const again = pool('main', { replicas: 3 });
    expect(await refusal(api.apply(POOLS, again, by, ALWAYS))).toMatchObject({
      status: 409,
      reason: 'CONFLICT',
      causes: [{ reason: 'FieldManagerConflict', field: '.spec.replicas' }],
    });
    const forced = await api.apply(POOLS, again, { ...by, force: true }, ALWAYS);
    expect(forced).toMatchObject({ spec: { replicas: 3 } });
  });

  it('changes only the object that it names by identity or version', async () => {
    await using resources = await testResources();
    const { api } = resources;
    const named = topic('orders', {}, { uid: 'u' });
    expect(await refusal(api.apply(TOPICS, named, by, ALWAYS))).toMatchObject({ status: 404 });
    await api.create(TOPICS, topic('orders'), ALWAYS);
    expect(await refusal(api.apply(TOPICS, named, by, ALWAYS))).toMatchObject({ status: 409 });
    const stale = topic('orders', { paused: true }, { resourceVersion: '9' });
    expect(await refusal(api.apply(TOPICS, stale, by, ALWAYS))).toMatchObject({ status: 409 });
  });
});

describe('delete', () => {
  it('takes the object away at once, and is content when there is none', async () => {
    await using resources = await testResources();
    await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    await resources.api.delete(TOPICS, ORDERS, undefined, ALWAYS);
    expect(await resources.api.get(TOPICS, ORDERS, ALWAYS)).toBeUndefined();
    await resources.api.delete(TOPICS, ORDERS, undefined, ALWAYS);
    expect((await resources.api.list(TOPICS, {}, ALWAYS)).resourceVersion).toBe('3');
  });

  it('waits for the finalizers, admits no new ones, and ends with the last', async () => {
    await using resources = await testResources();
    const { api } = resources;
    await api.create(TOPICS, topic('orders', {}, { finalizers: ['a.b/x', 'a.b/y'] }), ALWAYS);
    resources.clock.advance(5_000);
    await api.delete(TOPICS, ORDERS, undefined, ALWAYS);
    const marked = await api.get<ApiObject>(TOPICS, ORDERS, ALWAYS);
    expect(marked!.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:05Z',
      generation: 2,
      resourceVersion: '3',
    });
    await api.delete(TOPICS, ORDERS, undefined, ALWAYS);
    expect(await api.get(TOPICS, ORDERS, ALWAYS)).toEqual(marked);
    const finalizers = (names: readonly string[]): Promise<ApiObject> =>
      api.mergePatch(TOPICS, ORDERS, { metadata: { finalizers: names } }, {}, ALWAYS);
    expect(await refusal(finalizers(['a.b/x', 'a.b/z']))).toMatchObject({
      status: 422,
      causes: [{ field: 'metadata.finalizers' }],
    });
    await finalizers(['a.b/x']);
    expect(await api.get(TOPICS, ORDERS, ALWAYS)).toBeDefined();
    await finalizers([]);
    expect(await api.get(TOPICS, ORDERS, ALWAYS)).toBeUndefined();
  });

  it('spares an object that is no longer the one that was read', async () => {
    await using resources = await testResources();
    const { api } = resources;
    const { metadata } = await api.create(TOPICS, topic('orders'), ALWAYS);
    const { uid, resourceVersion } = metadata;
    for (const preconditions of [{ uid: 'other' }, { uid, resourceVersion: '99' }])
      expect(await refusal(api.delete(TOPICS, ORDERS, preconditions, ALWAYS))).toMatchObject({
        status: 409,
      });
    await api.delete(TOPICS, ORDERS, { uid, resourceVersion }, ALWAYS);
    expect(await api.get(TOPICS, ORDERS, ALWAYS)).toBeUndefined();
  });
});

describe('leases and events', () => {
  it('lets one of two holders win a lease', async () => {
    await using resources = await testResources();
    const lease = await resources.api.create(
      LEASES,
      manifest(LEASES, 'leader', { holderIdentity: 'a' }),
      ALWAYS,
    );
    const take = (holderIdentity: string): Promise<unknown> =>
      resources.api.update(LEASES, { ...lease, spec: { holderIdentity } }, {}, ALWAYS);
    const results = await Promise.allSettled([take('b'), take('c')]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
  });

  it('keeps the latest events and refuses one lease too many', async () => {
    await using resources = await testResources();
    const { api } = resources;
    const make = (type: typeof EVENTS, count: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: count }, (_, each) =>
          api.create(type, manifest(type, `e${each}`), ALWAYS),
        ),
      );
    await make(EVENTS, 1_003);
    const { items } = await api.list(EVENTS, {}, ALWAYS);
    expect(items).toHaveLength(1_000);
    expect(await api.get(EVENTS, { namespace: 'shop', name: 'e2' }, ALWAYS)).toBeUndefined();
    expect(await api.get(EVENTS, { namespace: 'shop', name: 'e3' }, ALWAYS)).toBeDefined();
    expect(await refusal(make(LEASES, 101))).toMatchObject({ status: 403, reason: 'FORBIDDEN' });
  });
});
