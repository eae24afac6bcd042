/** What users may do to an operator on a real API server with the rights that the chart gives: it goes on, whatever they write. */
import { KubeError } from '@streamhouse/operator/kube/kube-api.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { controlPlane } from '../harness/control-plane.ts';
import { Generated, POOL_VALUES, TOPIC_VALUES } from '../harness/generated-specs.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { type Kind, OperatorStage, soon } from '../harness/operator-stage.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 420_000, hookTimeout: 180_000 });

const STEPS = 1_000;
const NAMES: Readonly<Record<Kind, readonly string[]>> = {
  Topic: ['topic-0', 'topic-1', 'topic-2', 'topic-3', 'topic-4'],
  AgentPool: ['pool-0', 'pool-1', 'pool-2'],
};
const VALUES = { Topic: TOPIC_VALUES, AgentPool: POOL_VALUES };
const KINDS = ['Topic', 'Topic', 'AgentPool'] as const;
const plane = await controlPlane();

describe.skipIf(plane === undefined)('a thousand generated changes of topics and pools', () => {
  let stage: OperatorStage;
  let operator: OperatorProcess;

  beforeAll(async () => {
    stage = await OperatorStage.open(plane!);
    operator = await stage.start('operator-0');
    await until(() => operator.isLeader(), soon());
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  /** Whether the operator has looked at what is there now: paused, refused and deleted ones included. */
  async function isLookedAt(kind: Kind, name: string): Promise<boolean> {
    const resource = await stage.get(kind, name);
    if (resource === undefined || resource.metadata.deletionTimestamp !== undefined) return true;
    return resource.status?.observedGeneration === resource.metadata.generation;
  }

  test('leave an operator that never ended, that has looked at each, and that goes on', async () => {
    const generated = new Generated(4_711);
    const outcomes = { applied: 0, refused: 0, deleted: 0 };
    for (let step = 0; step < STEPS; step++) {
      const kind = generated.pick(KINDS);
      const name = generated.pick(NAMES[kind]);
      const spec = generated.spec(VALUES[kind]);
      try {
        if (generated.pick([true, false, false, false, false])) {
          await stage.delete(kind, name);
          outcomes.deleted++;
        } else {
          await stage.apply(kind, name, spec);
          outcomes.applied++;
        }
      } catch (error) {
        // An unknown field in an apply is answered as if the server itself had failed.
        if (!(error instanceof KubeError)) throw error;
        outcomes.refused++;
      }
    }
    for (const outcome of Object.values(outcomes)) expect(outcome).toBeGreaterThan(100);

    await stage.apply('Topic', 'last');
    await stage.untilIs('Topic', 'last', 'Ready=True/Ready');
    await stage.apply('AgentPool', 'last', { replicas: 1 });
    await stage.untilIs('AgentPool', 'last', 'Ready=True/Ready');
    for (const kind of ['Topic', 'AgentPool'] as const)
      for (const name of NAMES[kind]) await until(() => isLookedAt(kind, name), soon());
    expect(await operator.probe('/healthz')).toBe(200);
    expect(operator.said('operator has started')).toHaveLength(1);
    expect(operator.said('leadership changed')).toHaveLength(1);
    expect(operator.said('"level":60')).toEqual([]);
  });
});
