/** What tests on Kubernetes build upon: the control plane behaves as a real one in all that the operator needs. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { controlPlane, type TestNamespace } from './control-plane.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const plane = await controlPlane();
const SAFE = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

function pod(name: string, securityContext: object = SAFE): object {
  const spec = { containers: [{ name: 'main', image: 'none', securityContext }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}

describe.skipIf(plane === undefined)('the control plane', () => {
  let namespace: TestNamespace;
  beforeAll(async () => {
    namespace = await plane!.namespace();
  });
  afterAll(() => namespace?.[Symbol.asyncDispose]());

  /** In the namespace of the test. @throws Error unless it ends with 0. */
  function kubectl(args: readonly string[], input?: object): Promise<string> {
    return plane!.mustKubectl(['-n', namespace.name, ...args], { input });
  }

  test('makes the pods of a StatefulSet Ready, one in each zone', async () => {
    const labels = { app: 'spread' };
    const across = {
      topologyKey: 'topology.kubernetes.io/zone',
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: labels },
    };
    const containers = [{ name: 'main', image: 'none', securityContext: SAFE }];
    const template = {
      metadata: { labels },
      spec: { topologySpreadConstraints: [across], containers },
    };
    const spec = {
      replicas: 3,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
    };
    await kubectl(['apply', '-f', '-'], {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'spread' },
      spec: { ...spec, serviceName: 'spread', template },
    });
    await kubectl(['rollout', 'status', 'statefulset/spread', '--timeout=30s']);
    const nodes = await kubectl([
      'get',
      'pods',
      '-l',
      'app=spread',
      '-o=jsonpath={.items[*].spec.nodeName}',
    ]);
    expect(nodes.split(' ').toSorted()).toEqual(['node-0', 'node-1', 'node-2']);
  });

  test('lets a pod be unready for as long as its annotation says so', async () => {
    const untilReady = (status: boolean): Promise<string> =>
      kubectl(['wait', `--for=condition=Ready=${status}`, 'pod/moody', '--timeout=30s']);
    const annotate = (value: string): Promise<string> =>
      kubectl(['annotate', '--overwrite', 'pod/moody', `sim.streamhouse.test/ready=${value}`]);
    await kubectl(['apply', '-f', '-'], pod('moody'));
    expect(await untilReady(true)).toContain('condition met');
    await annotate('false');
    expect(await untilReady(false)).toContain('condition met');
    await annotate('true');
    expect(await untilReady(true)).toContain('condition met');
  });

  test('learns the kinds of crds/, also from two who teach them at the same time', async () => {
    await Promise.all([plane!.installCrds(), plane!.installCrds()]);
    const topic = (partitions: number): object => ({
      apiVersion: 'streamhouse.io/v1alpha1',
      kind: 'Topic',
      metadata: { name: 'orders' },
      spec: { partitions, retention: { time: '168h' } },
    });
    await kubectl(['apply', '-f', '-'], topic(3));
    const options = { input: topic(2) };
    const shrunk = await plane!.kubectl(['-n', namespace.name, 'apply', '-f', '-'], options);
    expect(shrunk.exitCode).toBe(1);
    expect(shrunk.stderr).toContain('spec.partitions');
    expect(await kubectl(['get', 'sht', 'orders', '-o=jsonpath={.spec.partitions}'])).toBe('3');
  });

  test('refuses a pod that is not restricted', async () => {
    const options = { input: pod('bold', {}) };
    const end = await plane!.kubectl(['-n', namespace.name, 'create', '-f', '-'], options);
    expect(end.exitCode).toBe(1);
    expect(end.stderr).toContain('violates PodSecurity "restricted');
  });

  test('gives a service account its own rights and no others', async () => {
    await kubectl(['create', 'serviceaccount', 'reader']);
    await kubectl(['create', 'role', 'reader', '--verb=list', '--resource=configmaps']);
    const account = `--serviceaccount=${namespace.name}:reader`;
    await kubectl(['create', 'rolebinding', 'reader', '--role=reader', account]);
    const kubeconfig = await plane!.serviceAccount(namespace.name, 'reader');
    const allowed = await plane!.kubectl(['get', 'configmaps'], { kubeconfig });
    expect(allowed).toMatchObject({ exitCode: 0 });
    const refused = await plane!.kubectl(['get', 'secrets'], { kubeconfig });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(`${namespace.name}:reader" cannot list resource "secrets"`);
  });

  test('is what helm installs into', async () => {
    const end = await plane!.helm(['list', '--namespace', namespace.name, '--output=json']);
    expect(end).toEqual({ exitCode: 0, stdout: '[]\n', stderr: '' });
  });
});
