/** The operator's machinery against a real API server: what the scripted one of the unit tests only claims to do. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { EventRecorder } from '@streamhouse/operator/kube/event-recorder.ts';
import { HttpKubeApi } from '@streamhouse/operator/kube/http-kube-api.ts';
import type { KubeObject, ResourceType } from '@streamhouse/operator/kube/kube-api.ts';
import { kubeConfigAccess } from '@streamhouse/operator/kube/kube-config.ts';
import { LeaderElection } from '@streamhouse/operator/kube/leader-election.ts';
import { Reflector } from '@streamhouse/operator/kube/reflector.ts';
import { ResourceCache } from '@streamhouse/operator/kube/resource-cache.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { controlPlane, type TestNamespace } from '../harness/control-plane.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CONFIG_MAPS: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  isNamespaced: true,
};
const PODS: ResourceType = { ...CONFIG_MAPS, plural: 'pods', kind: 'Pod' };
const EVENTS: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  isNamespaced: true,
};

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface EventObject extends KubeObject {
  readonly note?: string;
  readonly series?: { readonly count: number };
}

const plane = await controlPlane();

describe.skipIf(plane === undefined)('on a real API server', () => {
  let namespace: TestNamespace;
  let kube: HttpKubeApi;
  const stop = new AbortController();
  const { signal } = stop;

  beforeAll(async () => {
    namespace = await plane!.namespace();
    kube = new HttpKubeApi({
      access: kubeConfigAccess(plane!.kubeconfig),
      clock: systemClock,
      random: Math.random,
      userAgent: 'streamhouse-test',
    });
  });
  afterAll(async () => {
    stop.abort();
    kube?.[Symbol.dispose]();
    await namespace?.[Symbol.asyncDispose]();
  });

  const soon = (): AbortSignal => AbortSignal.timeout(30_000);

  function configMap(name: string, data: ConfigMap['data'] = {}): ConfigMap {
    return {
      metadata: { namespace: namespace.name, name, labels: { test: 'x' } },
      data,
    } as ConfigMap;
  }

  test('a thousand requests of eight callers share eight connections', async () => {
    let connections = 0;
    const count = (): void => void connections++;
    subscribe('net.client.socket', count);
    let next = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (next < 1_000) await kube.create(CONFIG_MAPS, configMap(`t${next++}`), signal);
      }),
    );
    unsubscribe('net.client.socket', count);
    expect(connections).toBeLessThanOrEqual(8);
  });

  test('a reflector lists in pages, follows, and finds its place again', async () => {
    const cache = new ResourceCache<ConfigMap>();
    const errors: unknown[] = [];
    let watches = 0;
    const reflector = new Reflector<ConfigMap>({
      kube,
      type: CONFIG_MAPS,
      namespace: namespace.name,
      labelSelector: 'test=x',
      cache,
      clock: systemClock,
      random: Math.random,
      onChange: () => {},
      onError: (error) => errors.push(error),
      onWatch: () => void watches++,
    });
    const end = new AbortController();
    const over = reflector.run(end.signal);
    await reflector.synced(soon());
    expect(cache.size).toBe(1_000);
    await until(() => watches === 1, soon());
    const key = `${namespace.name}/t7`;
    await kube.mergePatch(
      CONFIG_MAPS,
      { namespace: namespace.name, name: 't7' },
      { data: { a: 'ü' } },
      {},
      signal,
    );
    await until(() => cache.get(key)?.data?.['a'] === 'ü', soon());
    expect(cache.get(key)?.metadata).not.toHaveProperty('managedFields');
    await kube.delete(CONFIG_MAPS, { namespace: namespace.name, name: 't8' }, undefined, signal);
    await until(() => cache.size === 999, soon());
    expect(errors).toEqual([]);
    end.abort();
    await over;
  });

  test('a watch from a state that is unknown says so', async () => {
    const query = { namespace: namespace.name, resourceVersion: '1', timeoutSeconds: 5 };
    const watched = (async () => {
      for await (const event of kube.watch(CONFIG_MAPS, query, soon())) void event;
    })();
    await expect(watched).rejects.toMatchObject({ isExpired: true });
  });

  test('apply creates, merges, and is refused what another manager owns', async () => {
    const mine = { fieldManager: 'mine', force: false };
    const applied = await kube.apply(CONFIG_MAPS, configMap('applied', { a: '1' }), mine, signal);
    expect(applied.data).toEqual({ a: '1' });
    const theirs = { fieldManager: 'theirs', force: false };
    await kube.apply(CONFIG_MAPS, configMap('applied', { b: '2' }), theirs, signal);
    const refused = kube.apply(CONFIG_MAPS, configMap('applied', { a: '3' }), theirs, signal);
    await expect(refused).rejects.toMatchObject({ kind: 'conflict', status: 409 });
    await expect(refused).rejects.toMatchObject({ causes: [{ field: '.data.a' }] });
    const forced = { ...theirs, force: true };
    const taken = await kube.apply(CONFIG_MAPS, configMap('applied', { a: '3' }), forced, signal);
    expect(taken.data).toEqual({ a: '3' });
  });

  test('a conflict, a name that is taken and a fault of the schema are told apart', async () => {
    const first = await kube.create(CONFIG_MAPS, configMap('twice'), signal);
    await expect(kube.create(CONFIG_MAPS, configMap('twice'), signal)).rejects.toMatchObject({
      kind: 'alreadyExists',
    });
    await kube.update(CONFIG_MAPS, { ...first, data: { a: '1' } }, {}, signal);
    await expect(
      kube.update(CONFIG_MAPS, { ...first, data: { a: '2' } }, {}, signal),
    ).rejects.toMatchObject({ kind: 'conflict', reason: 'CONFLICT' });
    const ref = { namespace: namespace.name, name: 'twice' };
    await expect(
      kube.delete(CONFIG_MAPS, ref, { uid: 'of-its-predecessor' }, signal),
    ).rejects.toMatchObject({ kind: 'conflict' });
    await expect(kube.create(PODS, { ...configMap('Not A Name') }, signal)).rejects.toMatchObject({
      kind: 'invalid',
    });
  });

  test('one of two candidates leads, and the other one soon after it stopped', async () => {
    const led: string[] = [];
    const stops = [new AbortController(), new AbortController()] as const;
    const errors: unknown[] = [];
    const run = (identity: string, end: AbortSignal): Promise<void> =>
      new LeaderElection({
        kube,
        clock: systemClock,
        random: Math.random,
        namespace: namespace.name,
        name: 'leader',
        identity,
        onError: (error) => errors.push(error),
      }).run(async (term) => {
        led.push(identity);
        await new Promise<void>((resolve) => {
          term.stop.addEventListener('abort', () => resolve(), { once: true });
        });
      }, end);
    const a = run('a', stops[0].signal);
    await until(() => led.length === 1, soon());
    const b = run('b', stops[1].signal);
    stops[0].abort();
    await a;
    const releasedMs = systemClock.monotonicMs();
    await until(() => led.length === 2, soon());
    expect(systemClock.monotonicMs() - releasedMs).toBeLessThan(3_000);
    stops[1].abort();
    await b;
    expect(led).toEqual(['a', 'b']);
    expect(errors).toEqual([]);
  });

  test('an event is taken, and its repetitions are counted', async () => {
    const errors: unknown[] = [];
    const recorder = new EventRecorder({
      kube,
      clock: systemClock,
      random: Math.random,
      controller: 'streamhouse.io/operator',
      instance: 'operator-0',
      onError: (error) => errors.push(error),
    });
    const end = new AbortController();
    const over = recorder.run(end.signal);
    const regarding = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: namespace.name,
      name: 't1',
    };
    const event = {
      regarding,
      type: 'Normal',
      reason: 'Adopted',
      action: 'Reconcile',
      note: 'ours',
    } as const;
    const found = async (): Promise<readonly EventObject[]> =>
      (await kube.list<EventObject>(EVENTS, { namespace: namespace.name }, signal)).items.filter(
        ({ note }) => note === 'ours',
      );
    recorder.record(event);
    await until(async () => (await found()).length === 1, soon());
    recorder.record(event);
    await until(async () => (await found())[0]?.series?.count === 2, soon());
    end.abort();
    await over;
    expect(errors).toEqual([]);
    expect(recorder.dropped).toBe(0);
  });
});
