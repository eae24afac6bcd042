import { TOPIC_CONDITIONS, type TopicResource } from '@streamhouse/api/crd/topic.ts';
import { topicId } from '@streamhouse/core/ids.ts';
import type { ClaimOutcome, TopicWish } from '@streamhouse/store/metadata/operator.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conditionOf } from './conditions.ts';
import {
  afterClaim,
  planGone,
  planTopic,
  renamedWish,
  TOPIC_FINALIZER,
  type TopicChange,
  whenUnreachable,
} from './topic.ts';
import { changed, type TopicParts, topicResource } from './topic.test-support.ts';
import type { TopicPolicy } from './topic-wish.ts';

const ID = topicId('0190a4b2-7b1e-4c3d-9e5f-0a1b2c3d4e5f');
const NOW_MS = Date.UTC(2026, 0, 2);
const POLICY: TopicPolicy = { nameTemplate: '{name}', drift: 'Correct' };
const OTHER = { kind: 'kubernetes', uid: 'uid-2', namespace: 'shop', name: 'other' } as const;

function plan(resource: TopicResource, isSuspect = false, policy = POLICY) {
  return planTopic(resource, { isSuspect }, policy, NOW_MS);
}

function wishFrom(resource: TopicResource): TopicWish {
  const { kind, ...rest } = plan(resource, true);
  if (kind !== 'claim' || !('wish' in rest)) throw new Error(`no claim but ${kind}`);
  return rest.wish;
}

function claimed(resource: TopicResource, outcome: ClaimOutcome): TopicChange {
  return afterClaim(resource, wishFrom(resource), outcome, NOW_MS);
}

/** A resource that has its topic. */
function readyTopic(parts: TopicParts = {}): TopicResource {
  const resource = topicResource(parts);
  const { partitions } = resource.spec;
  return changed(
    resource,
    claimed(resource, { kind: 'created', topic: { topicId: ID, partitions } }),
  );
}

function brief(change: TopicChange): string {
  const conditions = change.status.conditions ?? [];
  return conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`).join(' ');
}

const SPECS = fc.record({
  topicName: fc.option(fc.constantFrom('orders.v1', 'a', '__x', '.', 'b b'), { nil: undefined }),
  partitions: fc.integer({ min: -1, max: 20_000 }),
  retention: fc.constantFrom({ time: '1h' }, { bytes: '1Gi' }, { time: '-1d' }, {}),
  deletionPolicy: fc.constantFrom('Retain', 'Delete'),
  adoptionPolicy: fc.constantFrom('Adopt', 'Fail'),
  deletionGracePeriod: fc.constantFrom('24h', 'soon'),
  paused: fc.boolean(),
});

const COUNT = fc.integer({ min: 1, max: 10_000 });
const TOPICS = COUNT.map((partitions) => ({ topicId: ID, partitions }));
const FIELDS = fc.subarray(['pool', 'retentionMs', 'config'] as const);
const OUTCOMES: fc.Arbitrary<ClaimOutcome> = fc.oneof(
  fc.record({ kind: fc.constantFrom('created', 'unchanged', 'adoptionConflict'), topic: TOPICS }),
  fc.record({ kind: fc.constantFrom('adopted', 'restored'), topic: TOPICS, changed: FIELDS }),
  fc.record({
    kind: fc.constant('updated'),
    topic: TOPICS,
    changed: FIELDS,
    isDrift: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('drifted'), topic: TOPICS, differs: FIELDS }),
  fc.record({
    kind: fc.constant('nameConflict'),
    name: fc.constantFrom('orders', 'or_ders'),
    owner: fc.constantFrom(undefined, OTHER),
  }),
  fc.record({ kind: fc.constant('renameRefused'), topic: TOPICS, name: fc.constant('old') }),
  fc.constant({ kind: 'dataLost' } as const),
  fc.constant({ kind: 'partitionsLimit', partitionsMax: 100_000 } as const),
  fc.constant({ kind: 'invalid', problem: 'so it is' } as const),
) as fc.Arbitrary<ClaimOutcome>;

const RESOURCES = fc
  .tuple(SPECS, fc.boolean(), fc.boolean(), fc.option(OUTCOMES, { nil: undefined }))
  .map(([spec, isDeleting, hasFinalizer, outcome]) => {
    const metadata = {
      ...(isDeleting ? { deletionTimestamp: '2026-01-02T00:00:00Z' } : {}),
      ...(hasFinalizer ? { finalizers: ['other/one', TOPIC_FINALIZER] } : {}),
    };
    const resource = topicResource({ spec, metadata });
    if (outcome === undefined) return resource;
    const past = topicResource();
    return { ...resource, status: claimed(past, outcome).status };
  });

/** Follows the plan with one outcome until nothing is asked of Postgres. */
function applied(resource: TopicResource, outcome: ClaimOutcome): TopicChange | undefined {
  const next = plan(resource);
  if (next.kind === 'settle') return next.change;
  if (next.kind !== 'claim') return undefined;
  const wish = renamedWish(resource, next.wish, outcome) ?? next.wish;
  // A name is refused only to whoever has another one.
  const isItsName = outcome.kind === 'renameRefused' && outcome.name === wish.topicName;
  const answer = isItsName ? ({ kind: 'unchanged', topic: outcome.topic } as const) : outcome;
  return afterClaim(resource, wish, answer, NOW_MS);
}

describe('the plan of a topic', () => {
  test('gives every condition, once, with a reason from its table, whatever resource and outcome', () => {
    const types = Object.keys(TOPIC_CONDITIONS).toSorted();
    fc.assert(
      fc.property(RESOURCES, OUTCOMES, (resource, outcome) => {
        const change = applied(resource, outcome);
        if (change === undefined || resource.metadata.deletionTimestamp !== undefined) return;
        const conditions = change.status.conditions ?? [];
        expect(conditions.map(({ type }) => type).toSorted()).toEqual(types);
        for (const { type, reason } of conditions) {
          const table = TOPIC_CONDITIONS[type as keyof typeof TOPIC_CONDITIONS];
          expect(Object.keys(table.reasons)).toContain(reason);
        }
      }),
    );
  });

  test('is empty once it is applied', () => {
    fc.assert(
      fc.property(RESOURCES, OUTCOMES, (resource, outcome) => {
        const first = applied(resource, outcome);
        if (first === undefined) return;
        const after = changed(resource, first);
        const second = applied(after, again(outcome));
        expect(second?.status ?? after.status).toEqual(after.status);
        expect(second?.hasFinalizer ?? false).toBe(first.hasFinalizer);
        expect(second?.events ?? []).toEqual([]);
      }),
    );
  });

  test('asks nothing of Postgres when the spec is applied, and asks when it is not or may not be', () => {
    const ready = readyTopic();
    expect(plan(ready)).toMatchObject({ kind: 'settle', change: { status: ready.status } });
    expect(plan(ready, true).kind).toBe('claim');
    expect(plan({ ...ready, spec: { ...ready.spec, partitions: 2 } }).kind).toBe('claim');
    expect(plan({ ...ready, spec: { ...ready.spec, deletionPolicy: 'Delete' } })).toMatchObject({
      kind: 'settle',
      change: { hasFinalizer: true },
    });
  });

  test('holds a resource by a finalizer only while it has a topic that is to be deleted', () => {
    const wants = topicResource({ spec: { deletionPolicy: 'Delete' } });
    expect(plan(wants)).toMatchObject({ kind: 'claim', addsFinalizer: true });
    const lost = claimed(wants, { kind: 'nameConflict', name: 'orders', owner: OTHER });
    expect(lost.hasFinalizer).toBe(false);
    expect(plan(changed(wants, lost))).toMatchObject({ kind: 'claim', addsFinalizer: false });
    const full = { kind: 'partitionsLimit', partitionsMax: 9 } as const;
    expect(claimed(wants, full).hasFinalizer).toBe(false);
    expect(claimed(readyTopic({ spec: { deletionPolicy: 'Delete' } }), full)).toMatchObject({
      hasFinalizer: true,
      status: { topicId: ID },
    });
  });

  test('deletes the topic of a resource that is deleted, by its id, and only where the policy says so', () => {
    const metadata = { deletionTimestamp: '2026-01-02T00:00:00Z', finalizers: [TOPIC_FINALIZER] };
    const { status } = readyTopic();
    const goes = topicResource({ metadata, spec: { deletionPolicy: 'Delete' } });
    expect(plan(changedStatus(goes, status))).toEqual({
      kind: 'delete',
      topicId: ID,
      graceMs: 86_400_000,
    });
    expect(plan(topicResource({ metadata }))).toMatchObject({ change: { hasFinalizer: false } });
    const paused = topicResource({ metadata, spec: { deletionPolicy: 'Delete', paused: true } });
    expect(plan(paused)).toMatchObject({ kind: 'settle', change: { hasFinalizer: true } });
    const free = topicResource({ metadata: { ...metadata, finalizers: [] } });
    expect(plan(free)).toEqual({ kind: 'none' });
  });

  test('deletes the topic of a resource that is gone only when it never had the finalizer', () => {
    const spec = { deletionPolicy: 'Delete' };
    const deletion = { kind: 'delete', topicId: undefined, graceMs: 86_400_000 };
    expect(planGone(topicResource({ spec }))).toEqual(deletion);
    expect(planGone(topicResource())).toBeUndefined();
    expect(planGone(topicResource({ spec: { ...spec, paused: true } }))).toBeUndefined();
    // Somebody took the finalizer away: to keep the topic.
    const held = { finalizers: [TOPIC_FINALIZER] };
    expect(planGone(topicResource({ spec, metadata: held }))).toBeUndefined();
    const going = { deletionTimestamp: '2026-01-02T00:00:00Z' };
    expect(planGone(topicResource({ spec, metadata: going }))).toBeUndefined();
  });

  test('keeps what is known while Postgres is away, unless the spec is not applied yet', () => {
    expect(whenUnreachable(readyTopic(), NOW_MS)).toBeUndefined();
    const fresh = whenUnreachable(topicResource(), NOW_MS);
    expect(fresh && brief(fresh)).toBe(
      'Accepted=Unknown/MetadataUnreachable Ready=Unknown/MetadataUnreachable Drifted=False/InSync Paused=False/NotPaused',
    );
    const newer = {
      ...readyTopic(),
      metadata: topicResource({ metadata: { generation: 2 } }).metadata,
    };
    const change = whenUnreachable(newer, NOW_MS);
    expect(change && brief(change)).toBe(
      'Accepted=True/Accepted Ready=Unknown/MetadataUnreachable Drifted=False/InSync Paused=False/NotPaused',
    );
    expect(change?.status.topicId).toBe(ID);
  });

  test('says how to give a resource up whose topic cannot be deleted now', () => {
    const metadata = { deletionTimestamp: '2026-01-02T00:00:00Z', finalizers: [TOPIC_FINALIZER] };
    const ready = readyTopic({ spec: { deletionPolicy: 'Delete' } });
    const change = whenUnreachable(
      { ...ready, metadata: { ...ready.metadata, ...metadata } },
      NOW_MS,
    );
    expect(conditionOf(change?.status.conditions, 'Ready')).toMatchObject({
      reason: 'MetadataUnreachable',
      message: expect.stringContaining('kubectl patch topics.streamhouse.io orders -n shop'),
    });
    expect(change?.hasFinalizer).toBe(true);
  });

  test('keeps the name of a topic when the naming template changes', () => {
    const policy = { ...POLICY, nameTemplate: '{namespace}.{name}' } as const;
    expect(plan(topicResource(), false, policy)).toMatchObject({
      wish: { topicName: 'shop.orders' },
    });
    expect(plan(readyTopic(), false, policy)).toMatchObject({ kind: 'settle' });
    const resource = topicResource();
    const refused = {
      kind: 'renameRefused',
      name: 'old',
      topic: { topicId: ID, partitions: 1 },
    } as const;
    expect(renamedWish(resource, wishFrom(resource), refused)).toMatchObject({ topicName: 'old' });
    const named = topicResource({ spec: { topicName: 'new' } });
    expect(renamedWish(named, wishFrom(named), refused)).toBeUndefined();
  });

  test('never binds a resource to another topic than the one it lost', () => {
    const ready = readyTopic();
    const lost = changed(ready, claimed(ready, { kind: 'dataLost' }));
    expect(wishFrom(lost)).toMatchObject({ topicId: ID, recreate: false });
    const annotations = { 'streamhouse.io/recreate': 'true' };
    const asked = { ...lost, metadata: { ...lost.metadata, annotations } };
    expect(plan(asked)).toMatchObject({ kind: 'claim', wish: { topicId: ID, recreate: true } });
  });
});

/** What Postgres says to the same wish afterwards. */
function again(outcome: ClaimOutcome): ClaimOutcome {
  const isDone = ['created', 'adopted', 'restored', 'updated'].includes(outcome.kind);
  return isDone && 'topic' in outcome ? { kind: 'unchanged', topic: outcome.topic } : outcome;
}

function changedStatus(resource: TopicResource, status: TopicResource['status']): TopicResource {
  return status === undefined ? resource : { ...resource, status };
}
