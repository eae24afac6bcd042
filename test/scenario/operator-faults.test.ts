/**
 * An API server that fails, and operators that crash after every k-th write: it ends as without faults, no topic whose resource
 * exists is deleted, and none has two owners.
 */
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import {
  type KubeApi,
  KubeError,
  type KubeObject,
  type ListQuery,
  type ResourceType,
  statusError,
  type WatchQuery,
} from '@streamhouse/operator/kube/kube-api.ts';
import { faultyKubeApi } from '@streamhouse/standalone/resources/faulty-kube-api.test-support.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Generated, TOPIC_VALUES } from '../harness/generated-specs.ts';
import { forwarded, OperatorWorld, signal } from '../harness/operators.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const POLICIES = ['Delete', 'Retain'] as const;

let world: OperatorWorld;

beforeEach(async () => {
  world = await OperatorWorld.open();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

/** A lease of its own for each: one that has crashed gives none back. Postgres tells them apart. */
function leaseOf(name: string) {
  return { settings: { lease: { namespace: 'system', name } } };
}

/** Topic ids by name, of resources that are ready; every topic has the owner that its resource is. */
async function expectConverged(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { status, metadata } = await world.untilReady(name);
    expect(await world.metadata.topics.byName(name, signal())).toMatchObject({
      topicId: status?.topicId,
      owner: { uid: metadata.uid },
    });
  }
}

test('a crash after every k-th write ends as none would have', async () => {
  const kept = Array.from({ length: 4 }, (_, index) => `kept-${index}`);
  for (const [index, name] of kept.entries())
    await world.apply(name, { deletionPolicy: POLICIES[index % 2], partitions: 2 });
  for (let k = 2; k <= 9; k++) {
    const doomed = `doomed-${k}`;
    await world.apply(doomed, { deletionPolicy: 'Delete' });
    const kube = faultyKubeApi(world.kube, { seed: k, clock: systemClock, crashAfterWrites: k });
    const { operator } = await world.start({ kube, ...leaseOf(`crash-${k}`) });
    if (!kube.crashed.aborted) {
      await new Promise((resolve) => {
        kube.crashed.addEventListener('abort', resolve, { once: true });
        signal().addEventListener('abort', resolve, { once: true });
        void world.apply(kept[k % 4] ?? '', { partitions: k + 1, deletionPolicy: POLICIES[k % 2] });
        void world.delete(doomed);
      });
    }
    await operator[Symbol.asyncDispose]();
  }
  await world.start(leaseOf('calm'));
  await expectConverged(kept);
  for (let k = 2; k <= 9; k++) await world.untilGone(`doomed-${k}`);
  const names = (await world.metadata.topics.list(signal())).map(({ name }) => name);
  expect(names.filter((name) => name.startsWith('kept'))).toEqual(kept);
});

test.each([1, 2, 3])('faults of the API server delay and spoil nothing (seed %i)', async (seed) => {
  const kube = faultyKubeApi(world.kube, {
    seed,
    clock: systemClock,
    conflicts: 0.2,
    tooMany: 0.1,
    retryAfterMs: 20,
    lostAnswers: 0.1,
    failingFirstLists: 2,
    lateEvents: 0.1,
    slowMs: 50,
    expired: 0.2,
    droppedWatches: 0.1,
    duplicateEvents: 0.2,
  });
  await world.start({ kube });
  const names = Array.from({ length: 8 }, (_, index) => `topic-${index}`);
  for (const name of names) await world.apply(name, { deletionPolicy: 'Delete' });
  for (const name of names) await world.apply(name, { deletionPolicy: 'Delete', partitions: 3 });
  await world.delete('topic-0');
  await world.untilGone('topic-0');
  await world.apply('topic-0', { deletionPolicy: 'Delete', partitions: 3 });
  await expectConverged(names);
  expect(kube.injected.size).toBeGreaterThan(3);
});

test('a status that was written although no answer came is not written again, and its topic counts as ready', async () => {
  const faulty = faultyKubeApi(world.kube, {
    seed: 7,
    clock: systemClock,
    lostAnswers: 0.5,
    lateEvents: 1,
    slowMs: 60,
  });
  let conflicts = 0;
  const kube: KubeApi = {
    ...forwarded(faulty),
    mergePatch: async (type, ref, patch, options, until) => {
      try {
        return await faulty.mergePatch(type, ref, patch, options, until);
      } catch (error) {
        if (error instanceof KubeError && error.kind === 'conflict') conflicts++;
        throw error;
      }
    },
  };
  const names = Array.from({ length: 12 }, (_, index) => `topic-${index}`);
  const { metrics } = await world.start({ kube });
  for (const [index, name] of names.entries())
    await world.apply(name, { deletionPolicy: POLICIES[index % 2] });
  await expectConverged(names);
  const counted = `streamhouse_operator_time_to_ready_seconds_count{kind="topic"} ${names.length}\n`;
  await until(async () => (await metrics.registry.metrics()).includes(counted), signal());
  expect(faulty.injected.get('lostAnswers')).toBeGreaterThan(3);
  expect(conflicts).toBe(0);
});

/** Whether the operator has said something of what is there now: of paused and refused ones as well. */
async function isLookedAt(name: string): Promise<boolean> {
  const topic = await world.topic(name);
  if (topic === undefined || topic.metadata.deletionTimestamp !== undefined) return true;
  return topic.status?.observedGeneration === topic.metadata.generation;
}

test('a thousand changes of resources, good and bad, leave an operator that goes on', async () => {
  await world.start();
  const generated = new Generated(12_345);
  let refused = 0;
  for (let step = 0; step < 1_000; step++) {
    const name = `topic-${generated.pick([0, 1, 2, 3, 4, 5])}`;
    const spec = generated.spec(TOPIC_VALUES);
    if (generated.pick([true, false, false, false, false])) {
      await world.delete(name);
      continue;
    }
    await world.apply(name, spec).catch((error: unknown) => {
      if (!(error instanceof KubeError)) throw error;
      refused++;
    });
  }
  expect(refused).toBeGreaterThan(100);
  await world.apply('last');
  await world.untilReady('last');
  for (let index = 0; index < 6; index++) await until(() => isLookedAt(`topic-${index}`), signal());
  const rows = await world.database.sql<{ count: number }>(
    'SELECT count(*)::integer AS count FROM topics WHERE deleted_at IS NULL GROUP BY canonical_name HAVING count(*) > 1',
  );
  expect(rows).toEqual([]);
});

/** The API as one sees it whose lists and watches of all namespaces lack one resource, and whose other lists may fail. */
function blindTo(api: KubeApi, name: string, other: { listFails: boolean }): KubeApi {
  const isSeen = ({ metadata }: KubeObject): boolean => metadata.name !== name;
  return {
    ...forwarded(api),
    async list<T extends KubeObject>(type: ResourceType, query: ListQuery, until: AbortSignal) {
      if (query.namespace !== undefined && other.listFails)
        throw statusError(500, { reason: 'InternalError', message: 'injected' });
      const page = await api.list<T>(type, query, until);
      return query.namespace === undefined ? { ...page, items: page.items.filter(isSeen) } : page;
    },
    async *watch<T extends KubeObject>(type: ResourceType, query: WatchQuery, until: AbortSignal) {
      for await (const event of api.watch<T>(type, query, until))
        if (event.type === 'BOOKMARK' || isSeen(event.object)) yield event;
    },
  };
}

test('an owner is gone only when a complete list of now says so, whatever the cache lacks', async () => {
  const first = await world.start();
  await world.apply('orders');
  await world.untilReady('orders');
  await first.operator[Symbol.asyncDispose]();
  const lists = { listFails: false };
  const { metrics } = await world.start({ kube: blindTo(world.kube, 'orders', lists) });
  const ownerOfOrders = async () =>
    (await world.metadata.topics.byName('orders', signal()))?.owner.kind;
  const untilLookedAgain = async () => {
    const resyncs = metrics.registry.getSingleMetric('streamhouse_operator_resyncs_total');
    const count = async () => (await resyncs?.get())?.values[0]?.value ?? 0;
    const seen = await count();
    await until(async () => {
      await world.database.sql(`NOTIFY streamhouse, 'topics'`);
      return (await count()) > seen + 1;
    }, signal());
  };
  await untilLookedAgain();
  expect(await ownerOfOrders()).toBe('kubernetes');
  lists.listFails = true;
  await world.delete('orders');
  await untilLookedAgain();
  expect(await ownerOfOrders()).toBe('kubernetes');
  lists.listFails = false;
  await until(async () => (await ownerOfOrders()) === 'api', signal());
});
