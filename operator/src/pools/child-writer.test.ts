import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HttpKubeApi } from '../kube/http-kube-api.ts';
import type { KubeObject } from '../kube/kube-api.ts';
import { FakeKubeApi } from '../kube/testing/fake-kube-api.test-support.ts';
import { VirtualClock } from '../kube/testing/virtual-clock.test-support.ts';
import { sharedChildren } from '../plan/children/children.ts';
import type { Child } from '../plan/children/kube-types.ts';
import { selectorOf } from '../plan/children/names.ts';
import type { PoolProblem } from '../plan/pool-status.ts';
import { poolResource } from '../plan/pool.test-support.ts';
import { ChildWriter } from './child-writer.ts';

const POOL = poolResource();
const SERVICES = '/api/v1/services';
const KEY = 'shop/default-agents';
const LATER_MS = 10_000;
const SERVICE = sharedChildren(POOL).find(
  ({ type, object }) => type.plural === 'services' && object.metadata.name === 'default-agents',
) as Child;
const { signal } = new AbortController();

interface Service extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly labels?: object };
  readonly spec: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly selector?: object;
    readonly ports: readonly object[];
  };
}

let fake: FakeKubeApi;
let clock: VirtualClock;
let kube: HttpKubeApi;
let writer: ChildWriter;

beforeEach(async () => {
  fake = await FakeKubeApi.start();
  clock = new VirtualClock();
  const access = { server: fake.url, credentials: async () => ({ headers: {} }) };
  kube = new HttpKubeApi({ access, clock, random: () => 0.5, userAgent: 'test' });
  writer = new ChildWriter(kube, clock);
});
afterEach(async () => {
  kube[Symbol.dispose]();
  await fake[Symbol.asyncDispose]();
});

function apply(by = writer): Promise<readonly PoolProblem[]> {
  return by.apply(POOL, SERVICE, undefined, signal);
}

/** As a cache shows it. */
function applyCached(known: KubeObject | undefined): Promise<readonly PoolProblem[]> {
  return writer.apply(POOL, SERVICE, { known }, signal);
}

function live(): Service {
  return fake.objects.get(SERVICES, KEY) as Service;
}

/** By somebody else. */
function change(spec: Partial<Service['spec']>): void {
  const { metadata, spec: before } = live();
  fake.objects.put(SERVICES, { metadata, spec: { ...before, ...spec } } as Service);
}

describe('an object of a pool', () => {
  test('is written once, however often it is looked at', async () => {
    for (let look = 0; look < 10; look++) {
      expect(await apply()).toEqual([]);
      await clock.pass(LATER_MS);
    }
    expect(fake.count('PATCH')).toBe(1);
    expect(fake.count('GET')).toBe(10);
  });

  test('is not asked for again within moments', async () => {
    await apply();
    await apply();
    expect(fake.count('GET')).toBe(1);
    const next = new ChildWriter(kube, clock);
    await apply(next);
    await apply(next);
    expect(fake.count('GET')).toBe(2);
  });

  test('is not written by the next operator', async () => {
    await apply();
    await apply(new ChildWriter(kube, clock));
    expect(fake.count('PATCH')).toBe(1);
  });

  test.each([
    ['a field was changed', { type: 'NodePort' }],
    ['a part of it was taken out', { ports: [] }],
    ['it selects other pods', { selector: { ...selectorOf('default'), tier: 'other' } }],
  ])('is set back when %s', async (_name, by) => {
    await apply();
    change(by);
    await clock.pass(LATER_MS);
    await apply();
    expect(fake.count('PATCH')).toBe(2);
    expect(live().spec).toMatchObject(SERVICE.object['spec'] as object);
  });

  test('is set back when that happened while no operator was there', async () => {
    await apply();
    change({ type: 'NodePort' });
    await apply(new ChildWriter(kube, clock));
    expect(live().spec.type).toBe('ClusterIP');
  });

  test('keeps the fields that others add', async () => {
    await apply();
    change({ clusterIP: '10.0.0.7' });
    await clock.pass(LATER_MS);
    await apply();
    expect(live().spec.clusterIP).toBe('10.0.0.7');
    expect(fake.count('PATCH')).toBe(1);
  });

  test('is made again when it is gone', async () => {
    await apply();
    fake.objects.remove(SERVICES, KEY);
    await clock.pass(LATER_MS);
    await apply();
    expect(live()).toBeDefined();
  });

  test('that the server writes in words of its own is written once', async () => {
    const put = fake.objects.put.bind(fake.objects);
    fake.objects.put = (collection, object) =>
      put(collection, {
        ...object,
        spec: { ...(object as Service).spec, type: 'clusterip' },
      } as Service);
    for (let look = 0; look < 3; look++) {
      await apply();
      await clock.pass(LATER_MS);
    }
    expect(fake.count('PATCH')).toBe(1);
  });

  test('that a cache has not heard of yet is not written again and again', async () => {
    await applyCached(undefined);
    const before = live();
    change({ type: 'NodePort' });
    const old = live();
    await clock.pass(LATER_MS);
    await applyCached(old);
    await applyCached(old);
    expect(fake.count('PATCH')).toBe(2);
    await clock.pass(LATER_MS);
    await applyCached(before);
    expect(fake.count('PATCH')).toBe(2);
    await applyCached(old);
    expect(fake.count('PATCH')).toBe(3);
  });

  test('that a cache does not have is made at once', async () => {
    await applyCached(undefined);
    fake.objects.remove(SERVICES, KEY);
    await applyCached(undefined);
    expect(live()).toBeDefined();
  });

  test('that is somebody else’s is left alone', async () => {
    const spec = { ports: [] };
    const metadata = { namespace: 'shop', name: 'default-agents' };
    fake.objects.put(SERVICES, { metadata, spec } as Service);
    expect(await apply()).toMatchObject([{ kind: 'nameConflict' }]);
    expect(await applyCached(undefined)).toMatchObject([{ kind: 'nameConflict' }]);
    expect(live().spec).toEqual(spec);
  });
});
