/** The chart: every value counts, typos are refused, the operator's rights are the ones that are listed, pods are restricted. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  INSTALL_ARGUMENTS,
  INSTALL_MANIFEST,
  installManifest,
} from '../../hack/install-manifest.ts';
import {
  CHART,
  chartFile,
  type KubeObject,
  objectsOf,
  render,
  renderText,
  tryRender,
} from '../harness/chart.ts';
import { controlPlane } from '../harness/control-plane.ts';
import { podSecurityFindings, podSpecOf } from './chart/pod-security.ts';
import { rightsOf } from './chart/rights.ts';
import { nested, VARIANTS } from './chart/variants.ts';

const plane = await controlPlane();
const ALL_ON = nested({
  'agentPool.enabled': true,
  'dev.enabled': true,
  'api.basePath': '/streamhouse',
  'api.keys.existingSecret': 'api-keys',
  'api.tls.secretName': 'api-tls',
  'api.tokenAudience': 'streamhouse.example',
  'api.ingress.enabled': true,
  'api.ingress.host': 'streams.example',
  'api.ingress.tlsSecret': 'streams-tls',
  'api.httpRoute.enabled': true,
  'api.httpRoute.parentRefs': [{ name: 'edge' }],
  'networkPolicy.enabled': true,
  'monitoring.podMonitor.enabled': true,
  'monitoring.serviceMonitor.enabled': true,
  'monitoring.prometheusRule.enabled': true,
  'monitoring.dashboards.enabled': true,
});
const ACCOUNT = 'house-streamhouse-operator';

interface Schema {
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Each value of each enumeration that is not tried elsewhere, as `{ 'a.b': value }`. */
function choicesIn(schema: Schema, path: readonly string[] = []): Record<string, unknown>[] {
  const place = path.join('.');
  const own = (schema.enum ?? []).filter((value) => VARIANTS[place]?.value !== value);
  const inside = Object.entries(schema.properties ?? {}).flatMap(([name, each]) =>
    choicesIn(each, [...path, name]),
  );
  return [...own.map((value) => ({ [place]: value })), ...inside];
}

/** The pool as an install makes it that brings its kind as well. */
function madeByHook(namespace: string, spec: object): object {
  const annotations = {
    'helm.sh/hook': 'post-install,post-upgrade',
    'helm.sh/hook-delete-policy': 'hook-failed',
    'meta.helm.sh/release-name': 'house',
    'meta.helm.sh/release-namespace': namespace,
  };
  const labels = { 'app.kubernetes.io/managed-by': 'Helm' };
  const metadata = { name: 'default', labels, annotations };
  return { apiVersion: 'streamhouse.io/v1alpha1', kind: 'AgentPool', metadata, spec };
}

function byKind(objects: readonly KubeObject[], ...kinds: string[]): string[] {
  return objects.filter(({ kind }) => kinds.includes(kind)).map(({ metadata }) => metadata.name);
}

interface OperatorPod {
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly volumes: readonly { readonly name: string; readonly secret?: { secretName: string } }[];
}

function operatorIn(objects: readonly KubeObject[]): OperatorPod {
  const pod = objects.find(({ kind }) => kind === 'Deployment')?.['spec'].template.spec;
  const [{ env, volumeMounts }] = pod.containers;
  const pairs = env.map(({ name, value }: { name: string; value?: string }) => [name, value]);
  return { env: Object.fromEntries(pairs), mounts: volumeMounts, volumes: pod.volumes };
}

describe.skipIf(plane === undefined)('the chart', () => {
  const runner = plane!;

  test.each([
    ['as it is', {}],
    ['with everything on', ALL_ON],
  ])('passes lint %s', async (_name, values) => {
    const args = ['lint', CHART, '--strict', '--kube-version', '1.36', '--values', '-'];
    expect(await runner.helm(args, { input: values })).toMatchObject({ exitCode: 0 });
  });

  test('has no value that changes nothing', { timeout: 240_000 }, async () => {
    const idle: string[] = [];
    const before = new Map<string, string>();
    for (const [path, { value, given = {} }] of Object.entries(VARIANTS)) {
      const base = JSON.stringify(given);
      if (!before.has(base)) before.set(base, await renderText(runner, nested(given)));
      const after = await renderText(runner, nested({ ...given, [path]: value }));
      if (after === before.get(base)) idle.push(path);
    }
    expect(idle).toEqual([]);
  });

  test('takes every choice that its schema offers', async () => {
    const schema = (await chartFile('values.schema.json')) as Schema;
    const choices = choicesIn(schema);
    expect(choices.length).toBeGreaterThan(10);
    for (const choice of choices) {
      const { exitCode, stderr } = await tryRender(runner, nested(choice));
      expect({ choice, exitCode, stderr }).toEqual({ choice, exitCode: 0, stderr: '' });
    }
  });

  test.each([
    ['operater', { operater: { replicas: 2 } }],
    ['replica', { operator: { replica: 2 } }],
    ['replicas', { operator: { replicas: 'two' } }],
    ['replicas', { operator: { replicas: 0 } }],
    ['driftMode', { topics: { driftMode: 'correct' } }],
    ['endpoint', { objectStore: { endpoint: 'minio:9000' } }],
    ['watchNamespaces', { clusterWide: true, watchNamespaces: ['shop'] }],
    ['existingSecret', { connection: { existingSecret: '' } }],
    ['basePath', { api: { basePath: 'streamhouse/' } }],
    ['allowedOrigins', { api: { allowedOrigins: ['https://other.example/page'] } }],
    ['host', { api: { ingress: { enabled: true } } }],
    ['parentRefs', { api: { httpRoute: { enabled: true } } }],
  ])('refuses a value that is wrong, naming %s', async (name, values) => {
    const { exitCode, stderr } = await tryRender(runner, values);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(name);
  });

  test('gives the operator rights in the watched namespaces only', async () => {
    const objects = await render(runner, { watchNamespaces: ['shop', 'web'] });
    const rights = rightsOf(objects, ACCOUNT);
    const places = new Set(rights.map((right) => right.slice(0, right.indexOf(':'))));
    expect([...places].toSorted()).toEqual(['shop', 'streams', 'web']);
    expect(rights.filter((right) => right.startsWith('streams: '))).toEqual([
      'streams: create coordination.k8s.io/leases',
      `streams: get coordination.k8s.io/leases ${ACCOUNT}`,
      `streams: update coordination.k8s.io/leases ${ACCOUNT}`,
      `streams: watch coordination.k8s.io/leases ${ACCOUNT}`,
    ]);
    expect(byKind(objects, 'ClusterRoleBinding')).toEqual([]);
  });

  test('gives a right of the whole cluster only where tokens are taken, and just that one', async () => {
    const objects = await render(runner, nested({ 'api.tokenAudience': 'streamhouse.example' }));
    const bindings = objects.filter(({ kind }) => kind === 'ClusterRoleBinding');
    expect(bindings.map(({ roleRef, subjects }) => [roleRef.name, subjects])).toEqual([
      ['system:auth-delegator', [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: 'streams' }]],
    ]);
  });

  test('leads from the ingress and the route to where the API is, by its base path', async () => {
    const objects = await render(runner, ALL_ON);
    const [ingress, route] = ['Ingress', 'HTTPRoute'].map((kind) =>
      objects.find((object) => object.kind === kind),
    );
    const service = { name: 'house-streamhouse-api', port: { name: 'api' } };
    expect(ingress?.['spec']).toEqual({
      tls: [{ hosts: ['streams.example'], secretName: 'streams-tls' }],
      rules: [
        {
          host: 'streams.example',
          http: { paths: [{ path: '/streamhouse', pathType: 'Prefix', backend: { service } }] },
        },
      ],
    });
    expect(route?.['spec'].rules).toEqual([
      {
        matches: [{ path: { type: 'PathPrefix', value: '/streamhouse' } }],
        backendRefs: [{ name: 'house-streamhouse-api', port: 3001 }],
      },
    ]);
    expect(operatorIn(objects).env['API_BASE_PATH']).toBe('/streamhouse');
  });

  test('has the files of the API where the operator looks for them, and looks for none that is not there', async () => {
    const objects = await render(runner, ALL_ON);
    const { env, mounts, volumes } = operatorIn(objects);
    const folderOf = (name: string): string | undefined => {
      const volume = volumes.find(({ secret }) => secret?.secretName === name);
      return mounts.find((mount) => mount.name === volume?.name)?.mountPath;
    };
    expect(env['API_KEYS_FILE']).toBe(`${folderOf('api-keys')}/keys.json`);
    expect(env['API_TLS_CERT_FILE']).toBe(`${folderOf('api-tls')}/tls.crt`);
    expect(env['API_TLS_KEY_FILE']).toBe(`${folderOf('api-tls')}/tls.key`);
    const ports = objects.flatMap(({ kind, spec }) => (kind === 'Service' ? spec.ports : []));
    expect(ports.find(({ name }) => name === 'api')).toMatchObject({ appProtocol: 'https' });
    const without = operatorIn(await render(runner));
    expect(without.env).not.toHaveProperty('API_KEYS_FILE');
    expect(without.env).not.toHaveProperty('API_TLS_CERT_FILE');
    expect(without.env).not.toHaveProperty('API_TOKEN_AUDIENCE');
    expect(without.volumes.map(({ name }) => name)).toEqual(['tmp']);
  });

  test('lets operators reach agents that only some clients may reach', async () => {
    const team = { podSelector: { matchLabels: { team: 'shop' } } };
    const values = { networkPolicy: { enabled: true, clients: [team], api: [team] } };
    const policies = (await render(runner, values)).filter(({ kind }) => kind === 'NetworkPolicy');
    const peers = (name: string, port: string): readonly unknown[] =>
      policies
        .find(({ metadata }) => metadata.name === name)
        ?.['spec'].ingress.find(
          ({ ports }: { ports: { port: string }[] }) => ports[0]?.port === port,
        ).from;
    expect(peers(ACCOUNT, 'api')).toEqual([team]);
    expect(peers('house-streamhouse-agents', 'grpc')).toContainEqual({
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'streams' } },
      podSelector: {
        matchLabels: {
          'app.kubernetes.io/name': 'streamhouse',
          'app.kubernetes.io/instance': 'house',
        },
        matchExpressions: [
          { key: 'app.kubernetes.io/component', operator: 'In', values: ['operator', 'test'] },
        ],
      },
    });
  });

  test('puts pool and topic where they are reconciled', async () => {
    const values = { watchNamespaces: ['shop', 'web'], agentPool: { enabled: true } };
    const places = (await render(runner, values))
      .filter(({ apiVersion }) => apiVersion === 'streamhouse.io/v1alpha1')
      .map(({ kind, metadata }) => `${kind} in ${metadata.namespace}`);
    expect(places.toSorted()).toEqual(['AgentPool in shop', 'Topic in shop']);
  });

  test('gives rights everywhere when that is asked for, the same ones', async () => {
    const own = rightsOf(await render(runner), ACCOUNT);
    const everywhere = rightsOf(await render(runner, { clusterWide: true }), ACCOUNT);
    const isLease = (right: string): boolean => right.includes('leases');
    expect(everywhere.filter((right) => !isLease(right))).toEqual(
      own.filter((right) => !isLease(right)).map((right) => right.replace('streams:', '*:')),
    );
    expect(everywhere.filter(isLease)).toEqual(own.filter(isLease));
  });

  test.each([
    ['of namespaces', {}],
    ['of the cluster', { clusterWide: true }],
  ])('has no wildcard, secret or exec in the roles %s', async (_name, values) => {
    const roles = (await render(runner, values)).filter(({ kind }) => kind.endsWith('Role'));
    expect(roles.length).toBeGreaterThan(3);
    const words = roles.flatMap((role) =>
      role['rules'].flatMap((rule: Record<string, string[]>) => Object.values(rule).flat()),
    );
    expect(words).not.toContain('*');
    expect(words).not.toContain('secrets');
    expect(words.filter((word) => /^pods\//.test(word))).toEqual([]);
  });

  test('has only pods that the profile restricted admits', async () => {
    const objects = await render(runner, ALL_ON);
    const withPods = objects.filter((object) => podSpecOf(object) !== undefined);
    expect(withPods.map(({ metadata }) => metadata.name).toSorted()).toEqual([
      'house-streamhouse-dev-postgres',
      'house-streamhouse-dev-s3',
      'house-streamhouse-operator',
      'house-streamhouse-test',
    ]);
    expect(withPods.flatMap(podSecurityFindings)).toEqual([]);
  });

  test('gives only the operator a token of the API server', async () => {
    const withToken = (await render(runner, ALL_ON)).filter(
      (object) => podSpecOf(object)?.automountServiceAccountToken === undefined,
    );
    const names = withToken.filter((object) => podSpecOf(object) !== undefined);
    expect(names.map(({ metadata }) => metadata.name)).toEqual(['house-streamhouse-operator']);
  });

  test('carries the definitions of crds/ unchanged', async () => {
    const rendered = (await render(runner)).filter(
      ({ kind }) => kind === 'CustomResourceDefinition',
    );
    const names = ['streamhouse.io_agentpools.yaml', 'streamhouse.io_topics.yaml'];
    const sources = await Promise.all(
      names.map(async (name) => objectsOf(await readFile(`${CHART}/../../crds/${name}`, 'utf8'))),
    );
    expect(rendered.map(({ spec }) => spec)).toEqual(sources.flat().map(({ spec }) => spec));
    expect(rendered.map(({ metadata }) => metadata.annotations)).toEqual([
      { 'helm.sh/resource-policy': 'keep' },
      { 'helm.sh/resource-policy': 'keep' },
    ]);
  });

  test('is what manifests/install.yaml was written from', async () => {
    const { stdout } = await runner.helm(INSTALL_ARGUMENTS);
    expect(installManifest(stdout)).toBe(await readFile(INSTALL_MANIFEST, 'utf8'));
  });

  test('installs where pods have to be restricted, upgrades, and goes', async () => {
    await runner.installCrds();
    await using namespace = await runner.namespace();
    const inNamespace = ['--namespace', namespace.name];
    const input = nested({
      'crds.enabled': false,
      'agentPool.enabled': true,
      'dev.enabled': true,
      'networkPolicy.enabled': true,
      'api.keys.existingSecret': 'api-keys',
      'api.tokenAudience': 'streamhouse.example',
      'api.ingress.enabled': true,
      'api.ingress.host': 'streams.example',
      'api.basePath': '/streamhouse',
    });
    const release = ['house', CHART, ...inNamespace, '--values', '-', '--wait'];
    const installed = await runner.helm(['install', ...release], { input });
    expect(installed).toMatchObject({ exitCode: 0 });
    const next = installed.stdout.match(/^ {2}(?:kubectl|helm) -n \S+ \S+/gm) ?? [];
    expect(next.map((command) => command.split(' ').at(-1))).toEqual([
      ...['wait', 'test', 'get'],
      ...['port-forward', 'create', 'create'],
    ]);
    expect(installed.stdout).toContain('http://localhost:3001/streamhouse/ ');
    expect(installed.stdout).toContain('https://streams.example/streamhouse/');
    const ofTheApi = '-l=kubernetes.io/service-name=house-streamhouse-api';
    const behind =
      '-o=jsonpath={.items[*].ports[*].port} of {.items[*].endpoints[*].targetRef.kind}';
    await expect
      .poll(() => runner.mustKubectl(['get', 'endpointslices', ...inNamespace, ofTheApi, behind]))
      .toBe('3001 of Pod Pod');
    const ready = ['get', 'deployments,statefulsets', ...inNamespace, '-o=name'];
    expect((await runner.mustKubectl(ready)).trim().split('\n')).toEqual([
      'deployment.apps/house-streamhouse-operator',
      'statefulset.apps/house-streamhouse-dev-postgres',
      'statefulset.apps/house-streamhouse-dev-s3',
    ]);
    const kubeconfig = await runner.serviceAccount(namespace.name, ACCOUNT);
    expect(await answersTo(['get', 'secrets'], kubeconfig)).toBe(1);
    expect(await answersTo(['get', 'topics.streamhouse.io'], kubeconfig)).toBe(0);
    expect(await answersTo(['get', 'topics.streamhouse.io', '-n', 'default'], kubeconfig)).toBe(1);

    const values = { ...input, operator: { replicas: 1 } };
    const upgraded = await runner.helm(['upgrade', ...release], { input: values });
    expect(upgraded).toMatchObject({ exitCode: 0 });
    const pool = ['get', 'agentpool/default', ...inNamespace, '-o=jsonpath={.spec.replicas}'];
    expect(await runner.mustKubectl(pool)).toBe('3');
    const sample = ['-f', `${CHART}/../../manifests/samples/topic.yaml`, ...inNamespace];
    await runner.mustKubectl(['apply', ...sample]);
    const gone = await runner.helm(['uninstall', 'house', ...inNamespace, '--wait']);
    expect(gone).toMatchObject({ exitCode: 0 });
    expect(await runner.mustKubectl(['get', 'crd', 'topics.streamhouse.io', '-o=name'])).toContain(
      'topics',
    );
    expect(await runner.mustKubectl(['get', '-o=name', ...sample])).toContain('/orders');
  });

  test('tells how a pool that came with the definitions gets another spec', async () => {
    await runner.installCrds();
    await using namespace = await runner.namespace();
    const inNamespace = ['--namespace', namespace.name];
    const upgrade = async (values: object): Promise<string> => {
      const input = { crds: { enabled: false }, userRoles: { create: false }, ...values };
      const args = ['upgrade', '--install', 'house', CHART, ...inNamespace, '--values', '-'];
      const { exitCode, stdout, stderr } = await runner.helm(args, { input });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      return stdout;
    };
    await upgrade({});
    await runner.mustKubectl(['apply', ...inNamespace, '-f', '-'], {
      input: madeByHook(namespace.name, { replicas: 2 }),
    });
    const agentPool = { enabled: true, spec: { replicas: 4, agent: { logLevel: 'debug' } } };
    const said = await upgrade({ agentPool });
    const spec = ['get', 'agentpool/default', ...inNamespace, '-o=jsonpath={.spec}'];
    expect(JSON.parse(await runner.mustKubectl(spec))).toMatchObject({ replicas: 2 });

    const patch = /^ {2}kubectl -n (\S+) (patch agentpool\/default .*) --patch '(.*)'$/m.exec(said);
    expect(patch?.[1]).toBe(namespace.name);
    await runner.mustKubectl([...patch![2]!.split(' '), '--patch', patch![3]!, ...inNamespace]);
    expect(JSON.parse(await runner.mustKubectl(spec))).toMatchObject(agentPool.spec);
    const next = { ...agentPool, spec: { ...agentPool.spec, replicas: 5 } };
    expect(await upgrade({ agentPool: next })).not.toContain('--patch');
    expect(JSON.parse(await runner.mustKubectl(spec))).toMatchObject(next.spec);
  });

  async function answersTo(args: readonly string[], kubeconfig: string): Promise<number | null> {
    return (await runner.kubectl(args, { kubeconfig })).exitCode;
  }
});
