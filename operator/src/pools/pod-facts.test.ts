import { describe, expect, test } from 'vitest';
import { memberOf, type Pod, poolKeyOf, setOf } from './pod-facts.ts';

const CREATED = '2026-01-02T03:04:05Z';
const CREATED_MS = Date.parse(CREATED);

type Container = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

function pod(status: Pod['status'] = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    metadata: {
      name: 'default-eu-12',
      namespace: 'shop',
      creationTimestamp: CREATED,
      labels: { 'streamhouse.io/pool': 'default', 'streamhouse.io/zone': 'eu' },
      annotations: { 'streamhouse.io/revision': 'abc' },
      ...metadata,
    },
    status,
  };
}

function withAgent(container: Partial<Container>): Pod {
  const sidecar = { name: 'sidecar', state: { running: {} } };
  return pod({ containerStatuses: [sidecar, { name: 'agent', ...container }] });
}

describe('a pod', () => {
  test('is an agent by its name and labels', () => {
    const ready = [{ type: 'Ready', status: 'True', lastTransitionTime: CREATED }];
    expect(memberOf(pod({ conditions: ready }), CREATED_MS + 5_000)).toEqual({
      zone: 'eu',
      ordinal: 12,
      agentId: 'default-eu-12',
      revision: 'abc',
      isReady: true,
      isStopping: false,
      unreadyMs: 0,
      trouble: undefined,
      endedBeforeMs: CREATED_MS,
    });
    expect(poolKeyOf(pod())).toBe('shop/default');
  });

  test('is not ready since its condition changed, or since it was made', () => {
    const lastTransitionTime = '2026-01-02T03:04:10Z';
    const unready = [{ type: 'Ready', status: 'False', lastTransitionTime }];
    const nowMs = CREATED_MS + 6_000;
    expect(memberOf(pod({ conditions: unready }), nowMs)?.unreadyMs).toBe(1_000);
    expect(memberOf(pod(), nowMs)?.unreadyMs).toBe(6_000);
  });

  test('of no StatefulSet is no agent', () => {
    expect(memberOf(pod({}, { name: 'by-hand' }), 0)).toBeUndefined();
  });

  test.each([
    ['ImagePullBackOff', 'Back-off pulling', 'failing'],
    ['CrashLoopBackOff', undefined, 'failing'],
    ['CreateContainerConfigError', 'secret "connection" not found', 'secretMissing'],
    ['CreateContainerConfigError', 'configmap "x" not found', 'failing'],
    ['ContainerCreating', undefined, undefined],
  ])('that waits for %s (%s) is in trouble: %s', (reason, message, kind) => {
    const waiting = { reason, ...(message === undefined ? {} : { message }) };
    expect(memberOf(withAgent({ state: { waiting } }), 0)?.trouble?.kind).toBe(kind);
  });
});

describe('sessions of an earlier life', () => {
  const endedBeforeMs = (given: Pod): number | undefined => memberOf(given, 0)?.endedBeforeMs;
  const terminated = { exitCode: 137, finishedAt: '2026-01-02T03:05:00Z' };
  const FINISHED_MS = Date.parse(terminated.finishedAt);

  test('are those before the container ended', () => {
    expect(endedBeforeMs(withAgent({ state: { terminated } }))).toBe(FINISHED_MS);
    const waiting = { reason: 'CrashLoopBackOff' };
    expect(endedBeforeMs(withAgent({ state: { waiting }, lastState: { terminated } }))).toBe(
      FINISHED_MS,
    );
  });

  test('are those before the pod was made, while it has not started', () => {
    expect(endedBeforeMs(pod())).toBe(CREATED_MS);
  });

  test('are none while the container runs, whatever clocks say', () => {
    const state = { running: {} };
    expect(endedBeforeMs(withAgent({ state, lastState: { terminated } }))).toBeUndefined();
  });
});

test('a set is observed once its controller has seen the last change', () => {
  const set = {
    metadata: { name: 'default', generation: 3, annotations: { 'streamhouse.io/revision': 'abc' } },
    spec: { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
    status: { observedGeneration: 2 },
  };
  const facts = { zone: '', replicas: 3, partition: 2, revision: 'abc' };
  expect(setOf(set)).toEqual({ ...facts, isObserved: false });
  expect(setOf({ ...set, status: { observedGeneration: 3 } }).isObserved).toBe(true);
});
