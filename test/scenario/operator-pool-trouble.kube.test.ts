/**
 * What kubelets and other people do to a pool, on a real API server with the rights that the chart gives. Nodes are simulated:
 * what a kubelet would say of a container the test says.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type AuditedRequest, controlPlane } from '../harness/control-plane.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { OperatorStage, soon } from '../harness/operator-stage.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const RESYNC = '10s';
const RESYNCS = 2;
const plane = await controlPlane();

describe.skipIf(plane === undefined)('a pool in trouble', () => {
  let stage: OperatorStage;
  let operator: OperatorProcess;

  beforeAll(async () => {
    stage = await OperatorStage.open(plane!);
    operator = await stage.start('operator-0', { RESYNC_INTERVAL: RESYNC });
    await until(() => operator.isLeader(), soon());
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  async function settled(pool: string): Promise<void> {
    await stage.untilIs('AgentPool', pool, 'Progressing=False/Settled');
    await stage.untilIs('AgentPool', pool, 'Ready=True/Ready');
  }

  /** As the kubelet of its node says it. */
  async function say(pod: string, state: object): Promise<void> {
    const container = { name: 'agent', image: 'a', imageID: '', ready: false, restartCount: 0 };
    const patch = { status: { containerStatuses: [{ ...container, state }] } };
    const args = ['--subresource=status', '--type=merge', `--patch=${JSON.stringify(patch)}`];
    await stage.kubectl(['patch', `pod/${pod}`, ...args]);
  }

  async function isLive(agentId: string): Promise<boolean> {
    const sessions = await stage.metadata.agents.live(soon());
    return sessions.some((session) => session.agentId === agentId);
  }

  test('an agent whose container has ended is fenced, and the next life of it is not', async () => {
    const pool = 'ending';
    const register = (agentId: string): Promise<unknown> => {
      const where = { zone: 'default', address: `${agentId}.test:9090` };
      return stage.metadata.agents.register({ agentId, pool, ...where, managedTopics: [] }, soon());
    };
    await stage.apply('AgentPool', pool, { replicas: 2 });
    await settled(pool);
    for (const agentId of ['ending-0', 'ending-1']) await register(agentId);
    // Kubernetes counts in whole seconds.
    const finishedAt = new Date(Date.now() + 1_000).toISOString().replace(/\.\d+/, '');
    await say('ending-1', { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt } });
    await until(async () => !(await isLive('ending-1')), soon());
    expect(await isLive('ending-0')).toBe(true);

    await until(async () => Date.now() > Date.parse(finishedAt), soon());
    await register('ending-1');
    await say('ending-1', { running: { startedAt: finishedAt } });
    await stage.apply('AgentPool', 'afterwards', { replicas: 0 });
    await stage.untilIs('AgentPool', 'afterwards', 'Progressing=False/Settled');
    expect(await isLive('ending-1')).toBe(true);
  });

  test('a Secret that is not there is told, until it is', async () => {
    const unready = { annotations: { 'sim.streamhouse.test/ready': 'false' } };
    await stage.apply('AgentPool', 'keyless', { replicas: 1, podTemplate: unready });
    await until(async () => {
      const phase = ['get', 'pods', '-l=streamhouse.io/pool=keyless', '-o=jsonpath={..phase}'];
      return (await stage.kubectl(phase)) === 'Running';
    }, soon());
    const message = 'secret "streamhouse-connection" not found';
    await say('keyless-0', { waiting: { reason: 'CreateContainerConfigError', message } });
    const pool = await stage.untilIs('AgentPool', 'keyless', 'Degraded=True/SecretMissing');
    expect(pool.status?.conditions?.find(({ type }) => type === 'Degraded')?.message).toBe(message);
    expect(await stage.untilEvent('keyless', 'SecretMissing')).toBe(message);
    await say('keyless-0', { running: { startedAt: new Date().toISOString() } });
    await stage.untilIs('AgentPool', 'keyless', 'Degraded=False/Healthy');
  });

  test('what others change of its objects is set back, and nothing is written when nobody does', async () => {
    await stage.apply('AgentPool', 'drifting', { replicas: 2 });
    await settled('drifting');
    const looks = async (): Promise<number> =>
      (await asked()).filter(({ verb, objectRef }) => verb === 'get' && isClientService(objectRef))
        .length;
    const writes = async (): Promise<number> =>
      (await asked()).filter(({ verb }) => verb === 'patch' || verb === 'create').length;
    const edits: Readonly<Record<string, object>> = {
      'service/drifting-agents': { spec: { selector: { tier: 'other' } } },
      'service/drifting-agents-headless': { spec: { publishNotReadyAddresses: false } },
      'serviceaccount/drifting-agents': { automountServiceAccountToken: true },
      'poddisruptionbudget/drifting-agents': { spec: { maxUnavailable: 0 } },
      'statefulset/drifting': { spec: { updateStrategy: { rollingUpdate: { partition: 2 } } } },
    };
    const names = Object.keys(edits);
    const specs = (): Promise<unknown[]> => Promise.all(names.map(specOf));
    const before = await specs();
    for (const [name, patch] of Object.entries(edits)) {
      const args = ['patch', name, '--type=merge', `--patch=${JSON.stringify(patch)}`];
      await stage.kubectl(args);
    }
    await until(async () => JSON.stringify(await specs()) === JSON.stringify(before), soon()).catch(
      () => undefined,
    );
    expect(await specs()).toEqual(before);

    const [looked, wrote] = [await looks(), await writes()];
    await until(async () => (await looks()) >= looked + RESYNCS, soon());
    expect(await writes()).toBe(wrote);
    operator.kill('SIGTERM');
    expect(await operator.ended).toBe(0);
    operator = await stage.start('operator-1', { RESYNC_INTERVAL: RESYNC });
    await until(async () => (await looks()) > looked + RESYNCS, soon());
    await settled('drifting');
    expect(await writes()).toBe(wrote);
  });

  /** Everything but what the API server counts. */
  async function specOf(name: string): Promise<unknown> {
    const object = JSON.parse(await stage.kubectl(['get', name, '-o=json'])) as KubeJson;
    const { spec, automountServiceAccountToken } = object;
    return { name, spec, automountServiceAccountToken };
  }

  /** What the operator has asked about the objects of the last pool. */
  async function asked(): Promise<readonly AuditedRequest[]> {
    const requests = await plane!.requestsOf(stage.user);
    return requests.filter(({ objectRef }) => objectRef?.name?.startsWith('drifting') === true);
  }

  function isClientService(object: AuditedRequest['objectRef']): boolean {
    return object?.resource === 'services' && object.name === 'drifting-agents';
  }
});

interface KubeJson {
  readonly spec?: unknown;
  readonly automountServiceAccountToken?: boolean;
}
