import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Exchange, HttpKubeApi } from './http-kube-api.ts';
import { KubeError, type KubeObject, type ResourceType, type WatchEvent } from './kube-api.ts';
import { type Asked, FakeKubeApi, type Fault } from './testing/fake-kube-api.test-support.ts';
import { VirtualClock } from './testing/virtual-clock.test-support.ts';

const THINGS: ResourceType = {
  group: 'streamhouse.io',
  version: 'v1alpha1',
  plural: 'things',
  kind: 'Thing',
  isNamespaced: true,
};
const COLLECTION = '/apis/streamhouse.io/v1alpha1/things';

interface Thing extends KubeObject {
  readonly spec?: { readonly size?: number; readonly color?: string };
}

let fake: FakeKubeApi;
let clock: VirtualClock;
let kube: HttpKubeApi;
let exchanges: Exchange[];
const { signal } = new AbortController();

beforeEach(async () => {
  fake = await FakeKubeApi.start();
  clock = new VirtualClock();
  exchanges = [];
  kube = new HttpKubeApi({
    access: {
      server: fake.url,
      credentials: async () => ({ headers: { authorization: 'Bearer t' } }),
    },
    clock,
    random: () => 0.5,
    userAgent: 'operator/1.2.3',
    onExchange: (exchange) => exchanges.push(exchange),
  });
});
afterEach(async () => {
  kube[Symbol.dispose]();
  await fake[Symbol.asyncDispose]();
});

function thing(name: string, spec: Thing['spec'] = {}): Thing {
  return { metadata: { namespace: 'shop', name }, spec };
}

/** The promise, time having moved on for as long as it takes. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  let isOver = false;
  const settled = promise.finally(() => {
    isOver = true;
  });
  settled.catch(() => {});
  await clock.until(() => isOver);
  return settled;
}

/** The faults in their order, then none. */
function failing(...faults: Fault[]): void {
  fake.fault = () => faults.shift();
}

async function errorOf(promise: Promise<unknown>): Promise<KubeError> {
  const error: unknown = await inTime(promise).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(KubeError);
  return error as KubeError;
}

describe('requests', () => {
  it('create, read, apply, patch, replace and delete an object', async () => {
    const created = await kube.create<Thing>(THINGS, thing('a', { size: 1 }), signal);
    expect(created.metadata.uid).toBeDefined();
    const ref = { namespace: 'shop', name: 'a' };
    const options = { fieldManager: 'streamhouse-operator', force: true };
    const applied = await kube.apply<Thing>(THINGS, thing('a', { color: 'red' }), options, signal);
    expect(applied.spec).toEqual({ size: 1, color: 'red' });
    await kube.mergePatch<Thing>(THINGS, ref, { spec: { size: null } }, {}, signal);
    const read = await kube.get<Thing>(THINGS, ref, signal);
    expect(read?.spec).toEqual({ color: 'red' });
    const replaced = await kube.update<Thing>(THINGS, { ...read!, spec: { size: 3 } }, {}, signal);
    expect(replaced.spec).toEqual({ size: 3 });
    await kube.delete(THINGS, ref, { uid: replaced.metadata.uid! }, signal);
    expect(await kube.get(THINGS, ref, signal)).toBeUndefined();
  });

  it('say who asks, and in which content type', async () => {
    await kube.apply(THINGS, thing('a'), { fieldManager: 'm', force: true }, signal);
    await kube.mergePatch(
      THINGS,
      { namespace: 'shop', name: 'a' },
      {},
      { subresource: 'status' },
      signal,
    );
    const [applied, patched] = fake.asked as [Asked, Asked];
    expect(applied.headers).toMatchObject({
      'user-agent': 'operator/1.2.3',
      authorization: 'Bearer t',
      'content-type': 'application/apply-patch+yaml',
    });
    expect(String(applied.query)).toBe('fieldManager=m&force=true');
    expect(applied.body).toMatchObject({ apiVersion: 'streamhouse.io/v1alpha1', kind: 'Thing' });
    expect(patched.headers['content-type']).toBe('application/merge-patch+json');
    expect(patched.path).toBe('/apis/streamhouse.io/v1alpha1/namespaces/shop/things/a/status');
    expect(exchanges.map(({ verb, status }) => `${verb} ${status}`)).toEqual([
      'apply 200',
      'patch 200',
    ]);
  });

  it('share few connections however many they are', async () => {
    const requests = 1_000;
    let next = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (next < requests) await kube.create(THINGS, thing(`t${next++}`), signal);
      }),
    );
    expect(fake.asked.length).toBe(requests);
    expect(fake.connections).toBeLessThanOrEqual(8);
  });

  it('wait for a connection where there are too many at once', async () => {
    const all = Array.from({ length: 3 * LIMITS.kubeSocketsMax }, () =>
      kube.list(THINGS, {}, signal),
    );
    await Promise.all(all);
    expect(fake.connections).toBe(LIMITS.kubeSocketsMax);
  });

  it('list in pages of one state', async () => {
    for (let n = 0; n < 5; n++) fake.objects.put(COLLECTION, thing(`t${n}`));
    const first = await kube.list<Thing>(THINGS, { namespace: 'shop', limit: 3 }, signal);
    fake.objects.put(COLLECTION, thing('t9'));
    const continueToken = first.continueToken!;
    const second = await kube.list<Thing>(
      THINGS,
      { namespace: 'shop', limit: 3, continueToken },
      signal,
    );
    expect(second.continueToken).toBeUndefined();
    expect(second.resourceVersion).toBe(first.resourceVersion);
    const names = [...first.items, ...second.items].map(({ metadata }) => metadata.name);
    expect(names).toEqual(['t0', 't1', 't2', 't3', 't4']);
  });

  it('delete nothing when the object is another one by now', async () => {
    fake.objects.put(COLLECTION, thing('a'));
    const ref = { namespace: 'shop', name: 'a' };
    const error = await errorOf(kube.delete(THINGS, ref, { uid: 'of-its-predecessor' }, signal));
    expect(error).toMatchObject({ kind: 'conflict', status: 409 });
    expect(fake.objects.all(COLLECTION).length).toBe(1);
  });

  it('take an object that is gone already for deleted', async () => {
    await kube.delete(THINGS, { namespace: 'shop', name: 'none' }, undefined, signal);
    expect(fake.count('DELETE')).toBe(1);
  });

  it('stop with the reason of their signal, also while they wait for a retry', async () => {
    const stop = new AbortController();
    failing({ kind: 'answer', status: 429, retryAfter: 5 });
    const over = errorOf(kube.list(THINGS, {}, stop.signal));
    clock.schedule(1_000, () => stop.abort(new KubeError('unavailable', 'ENOUGH', 'enough')));
    expect(await over).toMatchObject({ reason: 'ENOUGH' });
    expect(clock.monotonicMs()).toBe(1_000);
  });
});

describe('failures', () => {
  it.each([
    [404, 'NotFound', 'notFound', 'NOT_FOUND'],
    [409, 'AlreadyExists', 'alreadyExists', 'ALREADY_EXISTS'],
    [409, 'Conflict', 'conflict', 'CONFLICT'],
    [410, 'Expired', 'conflict', 'EXPIRED'],
    [403, 'Forbidden', 'unauthorized', 'FORBIDDEN'],
    [422, 'Invalid', 'invalid', 'INVALID'],
    [500, 'InternalError', 'indefinite', 'INTERNAL_ERROR'],
    [503, 'ServiceUnavailable', 'unavailable', 'SERVICE_UNAVAILABLE'],
  ])('%i %s is %s', async (status, reason, kind, ownReason) => {
    failing({ kind: 'answer', status, reason });
    const error = await errorOf(kube.list(THINGS, {}, signal));
    expect(error).toMatchObject({ status, kind, reason: ownReason });
    expect(error.isExpired).toBe(status === 410);
    expect(error).toBeInstanceOf(StreamError);
    expect(fake.asked.length).toBe(1);
  });

  it('name the fields at fault', async () => {
    const causes = [{ reason: 'FieldValueInvalid', message: 'too small', field: 'spec.size' }];
    const text = JSON.stringify({ reason: 'Invalid', details: { causes } });
    failing({ kind: 'answer', status: 422, text });
    expect((await errorOf(kube.create(THINGS, thing('a'), signal))).causes).toEqual(causes);
  });

  it('of a proxy in between, in its own words, are known by their status', async () => {
    failing({ kind: 'answer', status: 502, text: '<html>Bad Gateway</html>' });
    const error = await errorOf(kube.list(THINGS, {}, signal));
    expect(error).toMatchObject({ status: 502, kind: 'indefinite', reason: 'HTTP_502' });
  });

  it('with Retry-After are tried again, not before that time', async () => {
    failing(
      { kind: 'answer', status: 429, retryAfter: 3 },
      { kind: 'answer', status: 503, retryAfter: 2 },
    );
    await inTime(kube.create(THINGS, thing('a'), signal));
    expect(clock.monotonicMs()).toBe(5_000);
    expect(fake.asked.length).toBe(3);
  });

  it('are given to the caller when the server asks for a long time, or again and again', async () => {
    failing({ kind: 'answer', status: 429, retryAfter: 60 });
    expect(await errorOf(kube.list(THINGS, {}, signal))).toMatchObject({
      kind: 'overloaded',
      retryAfterMs: 60_000,
    });
    expect(fake.asked.length).toBe(1);
    fake.fault = () => ({ kind: 'answer', status: 429 });
    expect(await errorOf(kube.list(THINGS, {}, signal))).toMatchObject({ kind: 'overloaded' });
    expect(fake.asked.length).toBe(1 + LIMITS.kubeAttemptsMax);
  });

  it('of the connection are tried again for what may be sent twice', async () => {
    fake.objects.put(COLLECTION, thing('a'));
    for (const kind of ['drop', 'dropAnswer', 'truncate'] as const) {
      failing({ kind });
      expect((await inTime(kube.list(THINGS, {}, signal))).items.length).toBe(1);
    }
    failing({ kind: 'dropAnswer' });
    await inTime(kube.delete(THINGS, { namespace: 'shop', name: 'a' }, undefined, signal));
    expect(fake.objects.all(COLLECTION)).toEqual([]);
  });

  it('of the connection during a create are of unknown outcome', async () => {
    failing({ kind: 'dropAnswer' });
    const error = await errorOf(kube.create(THINGS, thing('a'), signal));
    expect(error).toMatchObject({ kind: 'indefinite', reason: 'CONNECTION_LOST', status: 0 });
    expect(fake.asked.length).toBe(1);
    expect(fake.objects.all(COLLECTION).length).toBe(1);
  });

  it('to connect mean that nothing was done', async () => {
    await fake[Symbol.asyncDispose]();
    const error = await errorOf(kube.create(THINGS, thing('a'), signal));
    expect(error).toMatchObject({ kind: 'unavailable', reason: 'NOT_CONNECTED' });
    expect(exchanges.map(({ status }) => status)).toEqual(
      Array.from({ length: LIMITS.kubeAttemptsMax }, () => undefined),
    );
    fake = await FakeKubeApi.start();
  });

  it('to answer end after the time limit, and the slot of the connection is free again', async () => {
    failing({ kind: 'hang' });
    const error = await errorOf(kube.list(THINGS, {}, signal));
    expect(error).toMatchObject({ kind: 'indefinite', reason: 'TIMED_OUT' });
    expect(clock.monotonicMs()).toBe(LIMITS.kubeRequestMsMax);
    expect((await kube.list(THINGS, {}, signal)).items).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  it.each([
    ['{}', 'without items'],
    ['{"metadata":{"resourceVersion":"1"}}', 'without items'],
    ['{"items":[],"metadata":{}}', 'without items'],
    ['{"items":[', 'no JSON'],
  ])('to say what there is are no empty list: %s', async (text, words) => {
    failing({ kind: 'answer', status: 200, text });
    const error = await errorOf(kube.list(THINGS, {}, signal));
    expect(error).toMatchObject({ kind: 'corrupt', reason: 'BAD_ANSWER' });
    expect(error.message).toContain(words);
  });
});

describe('a watch', () => {
  const query = { resourceVersion: '100', timeoutSeconds: 300 };

  /** Takes events until the watch ends; `error` is what it ended with. */
  function collect(events: WatchEvent<Thing>[], stop = signal): Promise<unknown> {
    return (async () => {
      for await (const event of kube.watch<Thing>(THINGS, query, stop)) events.push(event);
    })().catch((error: unknown) => error);
  }

  it('gives changes and bookmarks and ends when the server ends it', async () => {
    const events: WatchEvent<Thing>[] = [];
    const over = collect(events);
    await clock.until(() => fake.watches === 1);
    fake.objects.put(COLLECTION, thing('größe', { color: 'ü'.repeat(50_000) }));
    fake.objects.remove(COLLECTION, 'shop/größe');
    fake.bookmark();
    fake.endWatches();
    expect(await over).toBeUndefined();
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'DELETED', 'BOOKMARK']);
    expect(events[0]).toMatchObject({ object: thing('größe', { color: 'ü'.repeat(50_000) }) });
    expect(events[2]).toEqual({ type: 'BOOKMARK', resourceVersion: '102' });
    expect(String(fake.asked[0]?.query)).toBe(
      'watch=true&allowWatchBookmarks=true&resourceVersion=100&timeoutSeconds=300',
    );
    expect(clock.timers).toBe(0);
  });

  it('fails when its connection breaks', async () => {
    const over = collect([]);
    await clock.until(() => fake.watches === 1);
    fake.dropWatches();
    expect(await over).toMatchObject({ kind: 'indefinite', reason: 'CONNECTION_LOST' });
  });

  it('fails when nothing comes for longer than bookmarks take, and lives on with each byte', async () => {
    const over = collect([]);
    await clock.until(() => fake.watches === 1);
    await clock.pass(LIMITS.kubeWatchIdleMsMax - 1_000);
    fake.bookmark();
    await clock.pass(LIMITS.kubeWatchIdleMsMax - 1_000);
    expect(fake.watches).toBe(1);
    expect(await inTime(over)).toMatchObject({ reason: 'TIMED_OUT' });
    expect(clock.monotonicMs()).toBe(2 * LIMITS.kubeWatchIdleMsMax - 1_000);
    await clock.until(() => fake.watches === 0);
  });

  it('says that its start is no longer known', async () => {
    fake.objects.put(COLLECTION, thing('a'));
    fake.objects.compact();
    const error = await collect([]);
    expect(error).toMatchObject({ isExpired: true, reason: 'EXPIRED' });
  });

  it('refuses an event without end', async () => {
    const over = collect([]);
    await clock.until(() => fake.watches === 1);
    fake.say('ADDED', thing('a', { color: 'x'.repeat(LIMITS.kubeEventBytesMax) }));
    expect(await over).toMatchObject({ kind: 'invalid', reason: 'ANSWER_TOO_LARGE' });
  });

  it('closes its connection when its reader stops', async () => {
    fake.objects.put(COLLECTION, thing('a'));
    for await (const event of kube.watch<Thing>(THINGS, query, signal)) {
      expect(event.type).toBe('ADDED');
      break;
    }
    await clock.until(() => fake.watches === 0);
    expect(clock.timers).toBe(0);
  });

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController();
    const over = collect([], stop.signal);
    await clock.until(() => fake.watches === 1);
    stop.abort(new Error('enough'));
    expect(await over).toMatchObject({ message: 'enough' });
  });
});
