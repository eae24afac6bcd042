/**
 * Pools as resources, on a real API server with the rights that the chart gives. Nodes are simulated, so pods become Ready
 * and nothing runs in them: what their agents would do in Postgres the test does.
 */
import type { Incarnation } from '@streamhouse/core/ids.ts';
import type { PartitionLease } from '@streamhouse/store/metadata/leases.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { controlPlane } from '../harness/control-plane.ts';
import { conditionsOf, OperatorStage, soon } from '../harness/operator-stage.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const plane = await controlPlane();

interface PodSummary {
  readonly uid: string;
  readonly revision: string;
  readonly isReady: boolean;
}

describe.skipIf(plane === undefined)('pools as resources', () => {
  let stage: OperatorStage;

  beforeAll(async () => {
    stage = await OperatorStage.open(plane!);
    const operator = await stage.start('operator-0');
    await until(() => operator.isLeader(), soon());
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  /** By name. */
  async function pods(pool: string): Promise<ReadonlyMap<string, PodSummary>> {
    const text = await stage.kubectl(['get', 'pods', `-l=streamhouse.io/pool=${pool}`, '-o=json']);
    const { items } = JSON.parse(text) as { items: Pod[] };
    return new Map(
      items.map(({ metadata, status }) => [
        metadata.name,
        {
          uid: metadata.uid,
          revision: metadata.annotations['streamhouse.io/revision'] ?? '',
          isReady:
            status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ??
            false,
        },
      ]),
    );
  }

  async function untilSettled(pool: string): Promise<void> {
    await stage.untilIs('AgentPool', pool, 'Progressing=False/Settled');
    await stage.untilIs('AgentPool', pool, 'Ready=True/Ready');
  }

  /** What an agent does when its process starts. */
  function register(pool: string, agentId: string): Promise<Incarnation> {
    const address = `${agentId}.test:9090`;
    const agent = { agentId, pool, zone: 'default', address, managedTopics: [] };
    return stage.metadata.agents.register(agent, soon());
  }

  async function live(agentId: string): Promise<{ readonly isDraining: boolean } | undefined> {
    const sessions = await stage.metadata.agents.live(soon());
    return sessions.find((session) => session.agentId === agentId);
  }

  async function leasesOf(pool: string): Promise<readonly PartitionLease[]> {
    return (await stage.metadata.leases.all(soon())).filter((lease) => lease.pool === pool);
  }

  async function replicasOf(set: string): Promise<number> {
    return Number(await stage.kubectl(['get', 'statefulset', set, '-o=jsonpath={.spec.replicas}']));
  }

  test('a pool becomes Ready with everything that it needs, and kubectl shows it in one line', async () => {
    await stage.apply('AgentPool', 'plain', {});
    await untilSettled('plain');
    const kinds = 'statefulset,service,serviceaccount,poddisruptionbudget';
    const made = await stage.kubectl(['get', kinds, '-l=streamhouse.io/pool=plain', '-o=name']);
    expect(made.trim().split('\n').toSorted()).toEqual([
      'poddisruptionbudget.policy/plain-agents',
      'service/plain-agents',
      'service/plain-agents-headless',
      'serviceaccount/plain-agents',
      'statefulset.apps/plain',
    ]);
    expect([...(await pods('plain')).keys()].toSorted()).toEqual(['plain-0', 'plain-1', 'plain-2']);
    const shown = await stage.kubectl(['get', 'shap', 'plain', '--no-headers']);
    expect(shown.trim().split(/ {2,}/).slice(0, 7)).toEqual([
      ...['plain', '3', '3', '3', '0', 'True', 'Settled'],
    ]);
    const { metadata } = (await stage.get('AgentPool', 'plain'))!;
    await stage.kubectl(['annotate', 'pod', 'plain-0', 'note=x']);
    await stage.kubectl(['annotate', 'shap', 'plain', 'note=x']);
    await stage.apply('AgentPool', 'after', { replicas: 0 });
    await untilSettled('after');
    const again = (await stage.get('AgentPool', 'plain'))!.metadata;
    // One write more: the annotation.
    expect(again.generation).toBe(metadata.generation);
    expect(conditionsOf(await stage.get('AgentPool', 'plain'))).toContain('Degraded=False/Healthy');
  });

  test('agents are spread over zones by a set for each', async () => {
    const zones = ['zone-0', 'zone-1'];
    await stage.apply('AgentPool', 'zoned', { replicas: 3, zones });
    await untilSettled('zoned');
    expect(await replicasOf('zoned-zone-0')).toBe(2);
    expect(await replicasOf('zoned-zone-1')).toBe(1);
    await stage.delete('AgentPool', 'zoned');
  });

  test('agents are added at once, and taken away when they hold nothing any more', async () => {
    await stage.apply('AgentPool', 'wide', { replicas: 3 });
    await untilSettled('wide');
    await stage.kubectl(['scale', 'shap/wide', '--replicas=5']);
    await until(async () => (await pods('wide')).size === 5, soon());
    await untilSettled('wide');
    const agents = await Promise.all(
      [0, 1, 2, 3, 4].map((ordinal) => register('wide', `wide-${ordinal}`)),
    );
    const settings = { pool: 'wide', durability: 'object', config: {} } as const;
    const kept = { retentionMs: 604_800_000, retentionBytes: null };
    await stage.metadata.topics.create('wide', 2, { ...settings, ...kept }, soon());
    const held = await stage.metadata.leases.takeover(agents[3]!, await leasesOf('wide'), soon());
    await until(async () => (await stage.get('AgentPool', 'wide'))?.status?.leases === 2, soon());

    await stage.kubectl(['scale', 'shap/wide', '--replicas=2']);
    await until(async () => (await live('wide-3'))?.isDraining === true, soon());
    expect((await live('wide-1'))?.isDraining).toBe(false);
    // The one above holds nothing and goes; this one stays, and so does the one below it.
    await until(async () => (await replicasOf('wide')) === 4, soon());
    await stage.untilIs('AgentPool', 'wide', 'Progressing=True/Draining');
    expect((await pods('wide')).has('wide-3')).toBe(true);

    const handovers = held.map((lease) => ({ ...lease, heir: agents[0]! }));
    await stage.metadata.leases.release(agents[3]!, handovers, soon());
    await until(async () => (await replicasOf('wide')) === 2, soon());
    await untilSettled('wide');
    expect([...(await pods('wide')).keys()].toSorted()).toEqual(['wide-0', 'wide-1']);
    // Nobody ended their sessions but the operator.
    await until(async () => (await live('wide-3')) === undefined, soon());
  });

  test('a bad change stops at the first agent, and its correction touches no other', async () => {
    await stage.apply('AgentPool', 'rolled', { replicas: 3 });
    await untilSettled('rolled');
    const before = await pods('rolled');
    const bad = { podTemplate: { annotations: { 'sim.streamhouse.test/ready': 'false' } } };
    await stage.apply('AgentPool', 'rolled', { replicas: 3, ...bad });
    await until(async () => {
      const top = (await pods('rolled')).get('rolled-2');
      return top !== undefined && top.revision !== before.get('rolled-2')?.revision;
    }, soon());
    await stage.untilIs('AgentPool', 'rolled', 'Progressing=True/RollingOut');
    const during = await pods('rolled');
    for (const name of ['rolled-0', 'rolled-1']) expect(during.get(name)).toEqual(before.get(name));
    // One that is lost meanwhile comes back as it was.
    await stage.kubectl(['delete', 'pod', 'rolled-0', '--grace-period=0', '--force']);
    await until(async () => (await pods('rolled')).get('rolled-0')?.isReady === true, soon());
    expect((await pods('rolled')).get('rolled-0')?.revision).toBe(before.get('rolled-0')?.revision);

    await stage.apply('AgentPool', 'rolled', { replicas: 3 });
    await untilSettled('rolled');
    const after = await pods('rolled');
    expect(after.get('rolled-1')).toEqual(before.get('rolled-1'));
    expect(after.get('rolled-2')?.revision).toBe(before.get('rolled-2')?.revision);
  });

  test('a good change reaches every agent, one at a time', async () => {
    await stage.apply('AgentPool', 'good', { replicas: 3 });
    await untilSettled('good');
    const before = await pods('good');
    await stage.apply('AgentPool', 'good', { replicas: 3, rollout: { restartedAt: 'now' } });
    let leastReady = 3;
    await until(async () => {
      const present = [...(await pods('good')).values()];
      leastReady = Math.min(leastReady, present.filter(({ isReady }) => isReady).length);
      return present.every(({ revision }) => revision !== before.get('good-0')?.revision);
    }, soon());
    await untilSettled('good');
    expect(leastReady).toBeGreaterThanOrEqual(2);
    const { status } = (await stage.get('AgentPool', 'good'))!;
    expect(status?.currentRevision).toBe(status?.updateRevision);
  });

  test('an agent whose pod is gone is fenced at once', async () => {
    const slow = { annotations: { 'sim.streamhouse.test/ready-after': '5s' } };
    await stage.apply('AgentPool', 'fenced', { replicas: 2, podTemplate: slow });
    await untilSettled('fenced');
    await register('fenced', 'fenced-0');
    await register('fenced', 'fenced-1');
    // Its clock counts in whole seconds.
    const [{ now } = { now: 0 }] = await stage.database.sql<{ now: number }>(
      'SELECT extract(epoch FROM clock_timestamp())::float8 AS now',
    );
    await until(async () => Date.now() / 1000 > Math.floor(now) + 1, soon());
    await stage.kubectl(['delete', 'pod', 'fenced-1', '--grace-period=0', '--force']);
    await until(async () => (await live('fenced-1')) === undefined, soon());
    expect(await live('fenced-0')).toBeDefined();
  });

  test('an object that is somebody else’s is left alone', async () => {
    await stage.kubectl(['create', 'service', 'clusterip', 'taken-agents', '--tcp=1']);
    await stage.apply('AgentPool', 'taken', { replicas: 1 });
    const pool = await stage.untilIs('AgentPool', 'taken', 'Degraded=True/NameConflict');
    const said = pool.status?.conditions?.find(({ type }) => type === 'Degraded')?.message;
    expect(said).toContain(`Service ${stage.namespace}/taken-agents exists`);
    const ports = '-o=jsonpath={.spec.ports[*].port}';
    expect(await stage.kubectl(['get', 'service', 'taken-agents', ports])).toBe('1');
    await stage.kubectl(['delete', 'service', 'taken-agents']);
    await stage.untilIs('AgentPool', 'taken', 'Degraded=False/Healthy');
  });

  test('an object that the API server refuses is told in its words', async () => {
    const bad = { podTemplate: { affinity: { nodeAffinity: { nonsense: { a: 1 } } } } };
    await stage.apply('AgentPool', 'refused', { replicas: 1, ...bad });
    const pool = await stage.untilIs('AgentPool', 'refused', 'Degraded=True/ChildRefused');
    const said = pool.status?.conditions?.find(({ type }) => type === 'Degraded')?.message;
    expect(said).toContain('nonsense');
  });
});

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}
