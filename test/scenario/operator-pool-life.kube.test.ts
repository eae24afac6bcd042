/**
 * What surrounds a pool, on a real API server with the rights that the chart gives: the sample, `kubectl scale`, evictions,
 * a rollout that waits, another version of the operator, and the end of the pool.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { controlPlane } from '../harness/control-plane.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { OperatorStage, soon } from '../harness/operator-stage.ts';
import { RawKube } from '../harness/raw-kube.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const SAMPLE = join(import.meta.dirname, '../../manifests/samples/agent-pool.yaml');
const CHILDREN = 'statefulsets,services,serviceaccounts,poddisruptionbudgets';
/** A kind that is new to the collector of garbage takes it some seconds to notice. */
const COLLECTED_MS_MAX = 60_000;
const plane = await controlPlane();

describe.skipIf(plane === undefined)('the life of a pool', () => {
  let stage: OperatorStage;
  let operator: OperatorProcess;
  let raw: RawKube;

  beforeAll(async () => {
    stage = await OperatorStage.open(plane!);
    raw = new RawKube(plane!.kubeconfig);
    operator = await stage.start('operator-0', { AGENT_IMAGE: 'streamhouse:1' });
    await until(() => operator.isLeader(), soon());
  });
  afterAll(async () => {
    raw?.[Symbol.dispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  async function settled(name: string): Promise<void> {
    await stage.untilIs('AgentPool', name, 'Progressing=False/Settled');
    await stage.untilIs('AgentPool', name, 'Ready=True/Ready');
  }

  /** Name and uid of those that are not on their way out. */
  async function pods(pool: string): Promise<readonly string[]> {
    const selector = encodeURIComponent(`streamhouse.io/pool=${pool}`);
    const path = `/api/v1/namespaces/${stage.namespace}/pods?labelSelector=${selector}`;
    const { items } = (await raw.send('GET', path)).body as unknown as {
      items: { metadata: { name: string; uid: string; deletionTimestamp?: string } }[];
    };
    return items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => `${metadata.name} ${metadata.uid}`)
      .toSorted();
  }

  function setOf(pool: string): string[] {
    return ['get', `statefulset/${pool}`];
  }

  /** Those that the pods of a pool run. */
  async function images(pool: string): Promise<readonly string[]> {
    const image = '-o=jsonpath={.items[*].spec.containers[0].image}';
    const text = await stage.kubectl(['get', 'pods', `-l=streamhouse.io/pool=${pool}`, image]);
    return [...new Set(text.split(' '))];
  }

  /** What the pool says of it. */
  async function progress(pool: string): Promise<string | undefined> {
    const conditions = (await stage.get('AgentPool', pool))?.status?.conditions;
    return conditions?.find(({ type }) => type === 'Progressing')?.message;
  }

  test('the sample becomes Ready, and kubectl scale changes how many agents there are', async () => {
    await stage.kubectl(['apply', '-f', '-'], await readFile(SAMPLE, 'utf8'));
    await stage.kubectl(['wait', '--for=condition=Ready', 'agentpool/default', '--timeout=60s']);
    await settled('default');
    const shown = await stage.kubectl(['get', 'shap', 'default', '--no-headers']);
    expect(shown.trim().split(/ {2,}/).slice(0, 7)).toEqual([
      ...['default', '3', '3', '3', '0', 'True', 'Settled'],
    ]);
    for (const replicas of [5, 2]) {
      await stage.kubectl(['scale', 'shap/default', `--replicas=${replicas}`]);
      await until(async () => (await pods('default')).length === replicas, soon());
      await settled('default');
    }
    const { body } = await raw.send(
      'GET',
      `/apis/streamhouse.io/v1alpha1/namespaces/${stage.namespace}/agentpools/default/scale`,
    );
    expect(body['status']).toMatchObject({
      replicas: 2,
      selector: expect.stringContaining('streamhouse.io/pool=default') as unknown,
    });
  });

  test('the budget refuses to evict a second agent, and never keeps one that is not ready', async () => {
    await stage.apply('AgentPool', 'guarded', { replicas: 3 });
    await settled('guarded');
    const evict = async (name: string): Promise<number> => {
      const eviction = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace: stage.namespace },
      };
      const path = `/api/v1/namespaces/${stage.namespace}/pods/${name}/eviction`;
      return (await raw.send('POST', path, eviction)).code;
    };
    const budget = `/apis/policy/v1/namespaces/${stage.namespace}/poddisruptionbudgets/guarded-agents`;
    const untilAllowed = (count: number): Promise<void> =>
      until(async () => {
        const { status } = (await raw.send('GET', budget)).body as unknown as {
          status?: { disruptionsAllowed?: number };
        };
        return status?.disruptionsAllowed === count;
      }, soon());
    await untilAllowed(1);
    await stage.kubectl(['annotate', 'pod/guarded-0', 'sim.streamhouse.test/ready=false']);
    await untilAllowed(0);
    expect(await evict('guarded-1')).toBe(429);
    expect(await evict('guarded-0')).toBe(201);
  });

  test('a paused rollout waits until it is not', async () => {
    const spec = { replicas: 2, image: 'streamhouse:a' };
    await stage.apply('AgentPool', 'waiting', spec);
    await settled('waiting');
    const before = await pods('waiting');
    const paused = { ...spec, image: 'streamhouse:b', rollout: { paused: true } };
    await stage.apply('AgentPool', 'waiting', paused);
    await stage.untilIs('AgentPool', 'waiting', 'Progressing=False/RolloutPaused');
    expect(await pods('waiting')).toEqual(before);
    await stage.apply('AgentPool', 'waiting', { ...paused, rollout: { paused: false } });
    await settled('waiting');
    const after = await pods('waiting');
    expect(after).toHaveLength(2);
    expect(after.filter((pod) => before.includes(pod))).toEqual([]);
  });

  test('another version of the operator leaves the agents of an untouched pool alone', async () => {
    const pools = {
      'its-own': { replicas: 2, image: 'streamhouse:a' },
      untouched: { replicas: 2 },
    };
    const seen = async (pool: string): Promise<object> => ({
      pods: await pods(pool),
      generation: await stage.kubectl([...setOf(pool), '-o=jsonpath={.metadata.generation}']),
      revision: await stage.kubectl([...setOf(pool), '-o=jsonpath={.status.updateRevision}']),
    });
    for (const [name, spec] of Object.entries(pools)) await stage.apply('AgentPool', name, spec);
    for (const name of Object.keys(pools)) await settled(name);
    const before = await Promise.all(Object.keys(pools).map(seen));
    operator.kill('SIGTERM');
    expect(await operator.ended).toBe(0);
    operator = await stage.start('operator-1', { AGENT_IMAGE: 'streamhouse:2' });
    await until(() => operator.isLeader(), soon());
    await stage.apply('AgentPool', 'after-upgrade', { replicas: 1 });
    await settled('after-upgrade');
    expect(await Promise.all(Object.keys(pools).map(seen))).toEqual(before);
    expect(await images('untouched')).toEqual(['streamhouse:1']);
    expect(await images('after-upgrade')).toEqual(['streamhouse:2']);
    await until(
      async () => (await progress('untouched'))?.includes('keep the image streamhouse:1') === true,
      soon(),
    );
    expect(await progress('its-own')).toBe('the pool is as the spec says');

    await stage.kubectl(['scale', 'shap/untouched', '--replicas=3']);
    await until(async () => (await pods('untouched')).length === 3, soon());
    await settled('untouched');
    expect(await images('untouched')).toEqual(['streamhouse:1']);
    await stage.apply('AgentPool', 'untouched', { replicas: 2, rollout: { restartedAt: 'now' } });
    await settled('untouched');
    expect(await images('untouched')).toEqual(['streamhouse:2']);
  });

  test('deleted, everything that it owns goes with it', async () => {
    await stage.apply('AgentPool', 'ending', { replicas: 2 });
    await settled('ending');
    await stage.kubectl(['delete', 'shap/ending', '--timeout=30s']);
    const left = async (): Promise<string[]> => {
      const names = await stage.kubectl(['get', `${CHILDREN},pods`, '-o=name']);
      return names.split('\n').filter((name) => name.includes('/ending'));
    };
    await until(async () => (await left()).length === 0, AbortSignal.timeout(COLLECTED_MS_MAX));
    expect(await left()).toEqual([]);
  });
});
