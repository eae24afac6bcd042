/** The two kinds as a real API server knows them: it refuses what `checkResource` refuses, for the same field, in the same words. */
import { AGENT_POOL } from '@streamhouse/api/crd/agent-pool.ts';
import {
  POOL_SPEC,
  poolManifest,
  RESOURCE_CASES,
  type ResourceCase,
  TOPIC_SPEC,
  topicManifest,
} from '@streamhouse/api/crd/cases.test-support.ts';
import { checkResource, withDefaults } from '@streamhouse/api/crd/check.ts';
import type { ResourceKind } from '@streamhouse/api/crd/resource.ts';
import { TOPIC } from '@streamhouse/api/crd/topic.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { controlPlane, type TestNamespace } from '../harness/control-plane.ts';
import { RawKube, type RawAnswer } from '../harness/raw-kube.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

type Manifest = { readonly metadata: { readonly name: string } };

const STRICT = 'fieldValidation=Strict';
/** In place of a field, where rules were left out because the schema was broken already. */
const NO_FIELD = '<nil>';
const plane = await controlPlane();

/** A server names a field of the scale subresource with a dot before it, and of two equal items the second one. */
function fieldsOf({ details }: RawAnswer['body']): string[] {
  const fields = (details?.causes ?? []).map(({ field = '' }) => field.replace(/^\./, ''));
  expect(fields).not.toEqual([]);
  return fields.filter((field) => field !== NO_FIELD);
}

describe.skipIf(plane === undefined)('the kinds on a real API server', () => {
  let namespace: TestNamespace;
  let raw: RawKube;
  let made = 0;

  beforeAll(async () => {
    await plane!.installCrds();
    namespace = await plane!.namespace();
    raw = new RawKube(plane!.kubeconfig);
  });
  afterAll(async () => {
    raw?.[Symbol.dispose]();
    await namespace?.[Symbol.asyncDispose]();
  });

  function pathOf({ group, version, plural }: ResourceKind): string {
    return `/apis/${group}/${version}/namespaces/${namespace.name}/${plural}`;
  }

  /** In the namespace of the test. @throws Error unless it ends with 0. */
  function kubectl(args: readonly string[], input?: object): Promise<string> {
    return plane!.mustKubectl(['-n', namespace.name, ...args], { input });
  }

  /** What becomes of the resource; nothing is kept of it. */
  async function verdict({ kind, next, previous }: ResourceCase): Promise<RawAnswer> {
    const path = pathOf(kind);
    if (previous === undefined) return await raw.send('POST', `${path}?dryRun=All&${STRICT}`, next);
    const name = `changed-${made++}`;
    const before = await raw.send('POST', path, { ...previous, metadata: { name } });
    expect(before.code).toBe(201);
    const { metadata } = before.body as unknown as Manifest;
    return await raw.send('PUT', `${path}/${name}?dryRun=All&${STRICT}`, { ...next, metadata });
  }

  for (const each of RESOURCE_CASES) {
    const { name, kind, next, previous, refusal } = each;
    test(`${refusal === undefined ? 'accepts' : 'refuses'} ${name}`, async () => {
      const { code, body } = await verdict(each);

      if (refusal === undefined) {
        expect(body.message).toBeUndefined();
        expect(code).toBe(previous === undefined ? 201 : 200);
        expect(body['spec']).toEqual(withDefaults(kind, next).spec);
        return;
      }
      expect(code).toBe(refusal.isStrictOnly === true ? 400 : 422);
      expect(body.message).toContain(refusal.path);
      expect(body.message).toContain(refusal.serverSays ?? refusal.says);
      if (refusal.isStrictOnly === true) return;
      const others = fieldsOf(body).filter((field) => !field.startsWith(refusal.path));
      expect(others).toEqual([]);
    });
  }

  test('a rule that is broken is told in one sentence, the same one by either', async () => {
    const broken = RESOURCE_CASES.filter(
      ({ refusal }) => refusal !== undefined && refusal.serverSays === undefined,
    );
    expect(broken.length).toBeGreaterThan(20);
    for (const each of broken) {
      const ours = checkResource(each.kind, each.next, each.previous);
      const { body } = await verdict(each);
      const said = body.details?.causes?.map(({ message }) => message) ?? [];
      for (const { message } of ours) expect(said.join('\n')).toContain(message);
    }
  });

  test('kubectl explains every field of both kinds', async () => {
    for (const [plural, spec] of [
      ['topics', TOPIC_SPEC],
      ['agentpools', POOL_SPEC],
    ] as const) {
      const said = await kubectl(['explain', `${plural}.spec`]);
      for (const field of Object.keys(spec))
        expect(said).toMatch(new RegExp(`^  ${field}\\t<`, 'm'));
    }
    const growing = await kubectl(['explain', 'sht.spec.partitions']);
    expect(growing).toContain('It can be raised later, never');
  });

  test('kubectl get shows the columns of both kinds, by their short names and their category', async () => {
    await kubectl(['create', '-f', '-'], topicManifest(TOPIC_SPEC, 'columns'));
    await kubectl(['create', '-f', '-'], poolManifest(POOL_SPEC, 'columns'));
    const header = async (...args: string[]): Promise<string[]> =>
      ((await kubectl(['get', ...args])).split('\n')[0] ?? '').trim().split(/ {2,}/);
    for (const kind of [TOPIC, AGENT_POOL] as readonly ResourceKind[]) {
      const shown = kind.columns.filter(({ isWide }) => isWide !== true);
      const names = (columns: typeof kind.columns): string[] => [
        'NAME',
        ...columns.map(({ name }) => name.toUpperCase()),
      ];
      expect(await header(kind.shortNames.join(','), 'columns')).toEqual(names(shown));
      expect(await header(kind.plural, 'columns', '-o=wide')).toEqual(names(kind.columns));
    }
    expect(await kubectl(['get', 'streamhouse', '-o=name'])).toMatch(/agentpool.*topic/s);
    const row = (await kubectl(['get', 'sht', 'columns', '--no-headers'])).trim().split(/ {2,}/);
    expect(row.slice(0, 4)).toEqual(['columns', '12', '168h', 'Retain']);
  });

  test('kubectl scale sets the replicas of a pool, within the bounds of its schema', async () => {
    await kubectl(['create', '-f', '-'], poolManifest({ replicas: 1 }, 'scaled'));
    await kubectl(['scale', 'shap/scaled', '--replicas=5']);
    expect(await kubectl(['get', 'shap/scaled', '-o=jsonpath={.spec.replicas}'])).toBe('5');
    const patch = { status: { replicas: 4, selector: 'streamhouse.io/pool=scaled' } };
    const merge = 'application/merge-patch+json';
    const path = `${pathOf(AGENT_POOL as ResourceKind)}/scaled`;
    expect(await raw.send('PATCH', `${path}/status`, patch, merge)).toMatchObject({ code: 200 });
    const { body } = await raw.send('GET', `${path}/scale`);
    expect(body['spec']).toEqual({ replicas: 5 });
    expect(body['status']).toEqual(patch.status);
    const options = ['-n', namespace.name, 'scale', 'shap/scaled', '--replicas=1001'];
    const refused = await plane!.kubectl(options);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('spec.replicas');
  });

  test('kubectl apply refuses fewer partitions with a sentence that says what to do', async () => {
    await kubectl(['apply', '-f', '-'], topicManifest({ partitions: 3 }, 'shrunk'));
    const options = { input: topicManifest({ partitions: 2 }, 'shrunk') };
    const shrunk = await plane!.kubectl(['-n', namespace.name, 'apply', '-f', '-'], options);
    expect(shrunk.exitCode).toBe(1);
    expect(shrunk.stderr).toContain(
      'partitions can only grow: set at least the number that the topic has, or make a new topic',
    );
    expect(await kubectl(['get', 'sht/shrunk', '-o=jsonpath={.spec.partitions}'])).toBe('3');
  });

  test('a user who writes the status with the spec changes the spec only', async () => {
    const topic = { ...topicManifest({}, 'boastful'), status: { partitions: 99 } };
    const { code, body } = await raw.send('POST', pathOf(TOPIC as ResourceKind), topic);
    expect(code).toBe(201);
    expect(body['status']).toBeUndefined();
  });
});
