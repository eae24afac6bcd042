/** The REST API of an operator on Kubernetes: tokens by TokenReview, rights by SubjectAccessReview, on a real API server. */
import { type Call, createCaller } from '@streamhouse/api/rest/client.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { controlPlane } from '../harness/control-plane.ts';
import { OperatorStage, soon } from '../harness/operator-stage.ts';
import { problemOf } from '../harness/rest.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const AUDIENCE = 'streamhouse.example';
const plane = await controlPlane();

describe.skipIf(plane === undefined)('the REST API on Kubernetes', () => {
  let stage: OperatorStage;
  let url: string;
  const cleanup: (readonly string[])[] = [];

  beforeAll(async () => {
    stage = await OperatorStage.open(plane!);
    const [, , namespace = '', account = ''] = stage.user.split(':');
    await bind('system:auth-delegator', `${namespace}:${account}`);
    const operator = await stage.start('operator-0', { API_TOKEN_AUDIENCE: AUDIENCE });
    const port = (): string | undefined =>
      /"apiPort":(\d+)/.exec(operator.said('"apiPort"')[0] ?? '')?.[1];
    await until(() => port() !== undefined, soon());
    url = `http://127.0.0.1:${port()}`;
    await until(async () => (await fetch(`${url}/ready`)).ok, soon());
  });
  afterAll(async () => {
    for (const args of cleanup) await plane?.kubectl(args);
    await stage?.[Symbol.asyncDispose]();
  });

  /** Names of what stands in no namespace have that of the stage in them. */
  async function bind(role: string, account: string): Promise<void> {
    const name = `${stage.namespace}-${role.replaceAll(':', '-')}`;
    const args = [
      'create',
      'clusterrolebinding',
      name,
      `--clusterrole=${role}`,
      `--serviceaccount=${account}`,
    ];
    await plane!.mustKubectl(args);
    cleanup.push(['delete', 'clusterrolebinding', name]);
  }

  /** A service account that may do that, and a caller with its token. */
  async function person(
    name: string,
    rules: readonly string[],
    audience = AUDIENCE,
  ): Promise<Call> {
    await stage.kubectl(['create', 'serviceaccount', name]);
    const role = `${stage.namespace}-${name}`;
    if (rules.length > 0) {
      await plane!.mustKubectl(['create', 'clusterrole', role, ...rules]);
      cleanup.push(['delete', 'clusterrole', role]);
      await bind(role, `${stage.namespace}:${name}`);
    }
    const token = await stage.kubectl(['create', 'token', name, `--audience=${audience}`]);
    return createCaller({ baseUrl: url, headers: { authorization: `Bearer ${token.trim()}` } });
  }

  const body = { name: 'by-token', partitions: 1 };

  test('lets a bearer do what its roles say, and nothing else', async () => {
    const viewer = await person('viewer', ['--verb=get,list', '--resource=topics.streamhouse.io']);
    expect((await viewer('GET /api/v1/topics', {})).data).toEqual([]);
    const { data } = await viewer('GET /api/v1/session', {});
    const name = `system:serviceaccount:${stage.namespace}:viewer`;
    expect(data).toEqual({ kind: 'kubernetes', name, isReadOnly: false });
    const refused = await Promise.all(
      [
        viewer('POST /api/v1/topics', { body }),
        viewer('DELETE /api/v1/topics/{name}', { path: { name: 'any' } }),
        viewer('GET /api/v1/agents', {}),
        viewer('GET /api/v1/consume', { query: { topic: 'any', partition: 0 } }),
      ].map(problemOf),
    );
    for (const problem of refused)
      expect(problem).toMatchObject({ status: 403, reason: 'FORBIDDEN' });
  });

  test('asks for rights by the name of the topic, and for records apart from topics', async () => {
    const rules = [
      '--verb=create,get',
      '--resource=topics.streamhouse.io/records',
      '--resource-name=orders',
    ];
    const writer = await person('writer', rules);
    const produce = (topic: string) =>
      writer('POST /api/v1/produce', { body: { topic, value: 'v' } });
    expect(await problemOf(produce('carts'))).toMatchObject({ status: 403 });
    expect(await problemOf(produce('orders'))).toMatchObject({ reason: 'TOPIC_NOT_FOUND' });
    expect(await problemOf(writer('GET /api/v1/topics', {}))).toMatchObject({ status: 403 });
    const maker = await person('maker', ['--verb=create', '--resource=topics.streamhouse.io']);
    expect((await maker('POST /api/v1/topics', { body })).status).toBe(201);
  });

  test('takes no token that was made for somebody else, nor one that nobody made', async () => {
    const stranger = await person('stranger', [], 'https://other.example');
    expect(await problemOf(stranger('GET /api/v1/topics', {}))).toMatchObject({ status: 401 });
    const liar = createCaller({
      baseUrl: url,
      headers: { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' },
    });
    expect(await problemOf(liar('GET /api/v1/topics', {}))).toMatchObject({ status: 401 });
  });
});
