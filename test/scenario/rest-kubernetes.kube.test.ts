/** The REST API of an operator on Kubernetes: tokens by TokenReview, rights by SubjectAccessReview, on a real API server. */
import { type Call, createCaller } from '@streamhouse/api/rest/client.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { controlPlane } from '../harness/control-plane.ts';
import { OperatorStage, soon } from '../harness/operator-stage.ts';
import { problemOf } from '../harness/rest.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const AUDIENCE = 'streamhouse.example';
const BASE_PATH = '/streamhouse';
const plane = await controlPlane();

describe.skipIf(plane === undefined)('the REST API on Kubernetes', () => {
  let stage: OperatorStage;
  let url: string;
  const cleanup: (readonly string[])[] = [];

  beforeAll(async () => {
    const values = { api: { tokenAudience: AUDIENCE, basePath: BASE_PATH } };
    stage = await OperatorStage.open(plane!, { values });
    const operator = await stage.start('operator-0');
    url = `${await operator.apiUrl(soon())}${BASE_PATH}`;
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

  /** A service account with a role, and a caller with its token. */
  async function bearer(name: string, role?: string, audience = AUDIENCE): Promise<Call> {
    await stage.kubectl(['create', 'serviceaccount', name]);
    if (role !== undefined) await bind(role, `${stage.namespace}:${name}`);
    const token = await stage.kubectl(['create', 'token', name, `--audience=${audience}`]);
    return createCaller({ baseUrl: url, headers: { authorization: `Bearer ${token.trim()}` } });
  }

  /** One that may do just that. */
  async function person(name: string, rules: readonly string[]): Promise<Call> {
    const role = `${stage.namespace}-${name}`;
    await plane!.mustKubectl(['create', 'clusterrole', role, ...rules]);
    cleanup.push(['delete', 'clusterrole', role]);
    return await bearer(name, role);
  }

  const body = { name: 'by-token', partitions: 1 };

  test('lets a bearer do what its roles say, and nothing else', async () => {
    const viewer = await person('viewer', ['--verb=get,list', '--resource=topics.streamhouse.io']);
    expect((await viewer('GET /api/v1/topics', {})).data).toEqual([]);
    const { data } = await viewer('GET /api/v1/session', {});
    const name = `system:serviceaccount:${stage.namespace}:viewer`;
    expect(data).toMatchObject({ kind: 'kubernetes', name, isReadOnly: false });
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

  test('knows the roles of the chart', async () => {
    const role = (what: string): string => `${stage.namespace}-house-streamhouse-${what}`;
    const viewer = await bearer('of-view', role('view'));
    const editor = await bearer('of-edit', role('edit'));
    const record = { body: { topic: 'nowhere', value: 'v' } };
    const place = { query: { topic: 'nowhere', partition: 0 } };
    const seen = await Promise.all([
      viewer('GET /api/v1/topics', {}),
      viewer('GET /api/v1/agents', {}),
      viewer('GET /api/v1/consumer-groups', {}),
      viewer('GET /api/v1/metrics', {}),
    ]);
    expect(seen.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const attempts = (call: Call) => [
      call('GET /api/v1/consume', place),
      call('POST /api/v1/produce', record),
      call('DELETE /api/v1/topics/{name}', { path: { name: 'nowhere' } }),
    ];
    const reasons = async (call: Call): Promise<readonly unknown[]> => {
      const problems = await Promise.all(attempts(call).map(problemOf));
      return problems.map(({ reason }) => reason);
    };
    expect(await reasons(viewer)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    const isMissing = 'TOPIC_NOT_FOUND';
    expect(await reasons(editor)).toEqual([isMissing, isMissing, isMissing]);
  });

  test('takes no token that was made for somebody else, nor one that nobody made', async () => {
    const stranger = await bearer('stranger', undefined, 'https://other.example');
    expect(await problemOf(stranger('GET /api/v1/topics', {}))).toMatchObject({ status: 401 });
    const liar = createCaller({
      baseUrl: url,
      headers: { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' },
    });
    expect(await problemOf(liar('GET /api/v1/topics', {}))).toMatchObject({ status: 401 });
  });
});
