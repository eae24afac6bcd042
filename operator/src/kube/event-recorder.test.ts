import { LIMITS } from '@streamhouse/core/limits.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventRecorder, type KubeEvent } from './event-recorder.ts';
import { HttpKubeApi } from './http-kube-api.ts';
import type { KubeObject } from './kube-api.ts';
import { FakeKubeApi } from './testing/fake-kube-api.test-support.ts';
import { VirtualClock } from './testing/virtual-clock.test-support.ts';

const COLLECTION = '/apis/events.k8s.io/v1/events';

interface Written extends KubeObject {
  readonly note: string;
  readonly series?: { readonly count: number };
}

let fake: FakeKubeApi;
let clock: VirtualClock;
let kube: HttpKubeApi;
let recorder: EventRecorder;
let errors: unknown[];
let stop: AbortController;
let isOver: boolean;

beforeEach(async () => {
  fake = await FakeKubeApi.start();
  clock = new VirtualClock();
  errors = [];
  let draws = 0;
  kube = new HttpKubeApi({
    access: { server: fake.url, credentials: () => Promise.resolve({}) },
    clock,
    random: () => 0.5,
    userAgent: 'test',
  });
  recorder = new EventRecorder({
    kube,
    clock,
    random: () => ++draws / 10_000,
    controller: 'streamhouse.io/operator',
    instance: 'operator-0',
    onError: (error) => errors.push(error),
  });
  stop = new AbortController();
  isOver = true;
});
afterEach(async () => {
  stop.abort();
  await clock.until(() => isOver);
  expect(clock.timers).toBe(0);
  kube[Symbol.dispose]();
  await fake[Symbol.asyncDispose]();
});

function run(): void {
  isOver = false;
  void recorder.run(stop.signal).finally(() => {
    isOver = true;
  });
}

function event(name: string, note = 'partitions were 3, now 4'): KubeEvent {
  const regarding = {
    apiVersion: 'streamhouse.io/v1alpha1',
    kind: 'Topic',
    namespace: 'shop',
    name,
    uid: 'u',
  };
  return { regarding, type: 'Normal', reason: 'DriftCorrected', action: 'Reconcile', note };
}

function written(): Written[] {
  return fake.objects.all(COLLECTION) as Written[];
}

describe('EventRecorder', () => {
  it('writes what happened to what, and who says so', async () => {
    run();
    recorder.record(event('orders'));
    await clock.until(() => written().length === 1);
    expect(fake.asked[0]?.body).toEqual({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace: 'shop', name: expect.stringMatching(/^orders\.[0-9a-f]+$/) },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'streamhouse.io/operator',
      reportingInstance: 'operator-0',
      ...event('orders'),
    });
  });

  it('counts what comes again within six minutes in the series of the first', async () => {
    run();
    recorder.record(event('orders'));
    await clock.until(() => written().length === 1);
    await clock.pass(359_000);
    recorder.record(event('orders'));
    recorder.record(event('orders'));
    await clock.until(() => fake.count('PATCH') === 1);
    expect(written()[0]?.series).toEqual({
      count: 3,
      lastObservedTime: '2026-01-01T00:05:59.000000Z',
    });
    await clock.pass(360_000);
    recorder.record(event('orders'));
    await clock.until(() => written().length === 2);
  });

  it('writes what came often before it could be written as one', async () => {
    for (let n = 0; n < 4; n++) recorder.record(event('orders'));
    recorder.record(event('orders', 'retention was 1h, now 2h'));
    run();
    await clock.until(() => written().length === 2);
    expect(fake.asked.length).toBe(2);
    expect(written().map(({ series }) => series?.count)).toEqual([4, undefined]);
  });

  it('begins anew when the API server has forgotten the first', async () => {
    run();
    recorder.record(event('orders'));
    await clock.until(() => written().length === 1);
    fake.objects.remove(COLLECTION, `shop/${written()[0]?.metadata.name}`);
    recorder.record(event('orders'));
    await clock.until(() => written().length === 1);
    expect(written()[0]?.series?.count).toBe(2);
    expect(errors).toEqual([]);
  });

  it('waits while the API server cannot take it, and then goes on in order', async () => {
    let failures = 0;
    fake.fault = () => (failures++ < 5 ? { kind: 'answer', status: 500 } : undefined);
    run();
    recorder.record(event('a'));
    recorder.record(event('b'));
    await clock.until(() => written().length === 2);
    expect(fake.asked.slice(-2).map(({ body }) => (body as KubeEvent).regarding.name)).toEqual([
      'a',
      'b',
    ]);
    expect(clock.monotonicMs()).toBeGreaterThan(0.5 * (1_000 + 2_000 + 4_000 + 8_000 + 16_000));
    expect(recorder.dropped).toBe(0);
  });

  it('drops what is refused and goes on', async () => {
    fake.fault = ({ body }) =>
      (body as KubeEvent).regarding.name === 'a'
        ? { kind: 'answer', status: 403, reason: 'Forbidden' }
        : undefined;
    run();
    recorder.record(event('a'));
    recorder.record(event('b'));
    await clock.until(() => written().length === 1);
    expect(recorder.dropped).toBe(1);
    expect(errors.length).toBe(1);
  });

  it('drops the oldest when there are too many, and counts them', async () => {
    for (let n = 0; n < LIMITS.kubeEventsMax + 3; n++) recorder.record(event(`t${n}`));
    expect(recorder.dropped).toBe(3);
    run();
    await clock.until(() => fake.asked.length > 0);
    expect((fake.asked[0]!.body as KubeEvent).regarding.name).toBe('t3');
  });

  it('writes what is left when it stops, but not for longer than 2 s', async () => {
    recorder.record(event('a'));
    stop.abort();
    run();
    await clock.until(() => isOver);
    expect(written().length).toBe(1);
    fake.fault = () => ({ kind: 'hang' });
    recorder.record(event('b'));
    const startMs = clock.monotonicMs();
    run();
    await clock.until(() => isOver);
    expect(clock.monotonicMs() - startMs).toBe(2_000);
    expect(recorder.dropped).toBe(1);
  });

  it('fits long notes and names, and what has no namespace', async () => {
    run();
    const long = event(`${'a'.repeat(239)}.${'b'.repeat(13)}`, 'x'.repeat(2_000));
    const { namespace: _, ...regarding } = long.regarding;
    recorder.record({ ...long, regarding });
    await clock.until(() => written().length === 1);
    const [one] = written();
    expect(one?.note.length).toBe(1_024);
    expect(one?.metadata.namespace).toBe('default');
    expect(one?.metadata.name).toMatch(/^a{239}\.[0-9a-f]+$/);
  });
});
