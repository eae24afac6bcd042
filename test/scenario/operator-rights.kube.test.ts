/** The chart gives the operator every right that it uses and none that it does not use, by the audit log of the API server. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { objectsOf } from '../harness/chart.ts';
import { type AuditedRequest, controlPlane } from '../harness/control-plane.ts';
import { OperatorStage, soon } from '../harness/operator-stage.ts';
import { until } from '../harness/until.ts';
import { rightsOf } from './chart/rights.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 180_000 });

const ACCOUNT = 'house-streamhouse-operator';
const AUDIENCE = 'streamhouse.example';
const CREATED = 201;
const FORBIDDEN = 403;
/** What admission asks for by itself when an owner reference blocks the end of its owner: no request names it. */
const UNSEEN = / update streamhouse\.io\/agentpools\/finalizers$/;
const plane = await controlPlane();

/** As `rightsOf` writes them. A patch that made an object took the right to create it as well. */
function rightsUsed(requests: readonly AuditedRequest[]): ReadonlySet<string> {
  return new Set(
    requests.flatMap(({ verb, objectRef, responseStatus }) => {
      if (objectRef === undefined) return [];
      const { namespace = '*', apiGroup = '', resource, subresource, name } = objectRef;
      const path = `${apiGroup}/${resource}${subresource === undefined ? '' : `/${subresource}`}`;
      const isOfOne = resource === 'leases' && verb !== 'create';
      const verbs =
        verb === 'patch' && responseStatus?.code === CREATED ? [verb, 'create'] : [verb];
      return verbs.map((each) => `${namespace}: ${each} ${path}${isOfOne ? ` ${name}` : ''}`);
    }),
  );
}

describe.skipIf(plane === undefined)('rights of the operator', () => {
  let stage: OperatorStage;

  beforeAll(async () => {
    stage = await OperatorStage.open(plane!, { values: { api: { tokenAudience: AUDIENCE } } });
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  test('are those that it uses, no more and no fewer', async () => {
    const operator = await stage.start('operator-0', { RESYNC_INTERVAL: '10s' });
    await until(() => operator.isLeader(), soon());
    // It waits for the Lease, for which it needs a right that a leader does not use.
    await stage.start('operator-1');
    await lifeOfATopic();
    await lifeOfAPool();
    await requestOfABearer(await operator.apiUrl(soon()));
    // It comes with Kubernetes, and the chart names it.
    const reviewer = await plane!.mustKubectl([
      'get',
      'clusterrole/system:auth-delegator',
      '-o=yaml',
    ]);
    const objects = [...stage.objects, ...objectsOf(reviewer)];
    const given = rightsOf(objects, ACCOUNT).filter((right) => !UNSEEN.test(right));
    await until(async () => {
      const used = rightsUsed(await plane!.requestsOf(stage.user));
      return given.every((right) => used.has(right));
    }, soon()).catch(() => undefined);
    const requests = await plane!.requestsOf(stage.user);
    expect(requests.filter(({ responseStatus }) => responseStatus?.code === FORBIDDEN)).toEqual([]);
    expect([...rightsUsed(requests)].toSorted()).toEqual(given);
  });

  async function requestOfABearer(url: string): Promise<void> {
    const token = await stage.kubectl(['create', 'token', ACCOUNT, `--audience=${AUDIENCE}`]);
    const headers = { authorization: `Bearer ${token.trim()}` };
    expect(await fetch(`${url}/api/v1/topics`, { headers })).toMatchObject({ status: 403 });
  }

  async function lifeOfATopic(): Promise<void> {
    const spec = { partitions: 2, deletionPolicy: 'Delete' };
    await stage.apply('Topic', 'short', spec);
    await stage.untilIs('Topic', 'short', 'Ready=True/Ready');
    await stage.delete('Topic', 'short');
    await stage.untilGone('Topic', 'short');
    await stage.untilEvent('short', 'Deleted');
    // Events that are alike are one that is counted.
    for (const partitions of [1, 2, 3]) {
      await stage.apply('Topic', 'long', { partitions });
      await until(
        async () => (await stage.get('Topic', 'long'))?.status?.partitions === partitions,
        soon(),
      );
    }
    await stage.delete('Topic', 'long');
    await stage.untilEvent('long', 'Retained');
  }

  /** With a zone that goes, and two agents that are replaced at a time, which is more than Kubernetes does by itself. */
  async function lifeOfAPool(): Promise<void> {
    const spec = { replicas: 4, zones: ['zone-0', 'zone-1'], rollout: { maxUnavailable: 2 } };
    const settled = async (): Promise<void> => {
      await stage.untilIs('AgentPool', 'short', 'Progressing=False/Settled');
      await stage.untilIs('AgentPool', 'short', 'Ready=True/Ready');
    };
    await stage.apply('AgentPool', 'short', spec);
    await settled();
    // Of an agent that no cache knows a pod of.
    const lost = { agentId: 'short-zone-0-9', pool: 'short', zone: 'zone-0', managedTopics: [] };
    await stage.metadata.agents.register({ ...lost, address: 'lost.test:9090' }, soon());
    await stage.apply('AgentPool', 'short', { ...spec, image: 'streamhouse:b' });
    await settled();
    await stage.apply('AgentPool', 'short', { ...spec, image: 'streamhouse:b', zones: ['zone-0'] });
    await settled();
    await stage.delete('AgentPool', 'short');
    await stage.untilGone('AgentPool', 'short');
  }
});
