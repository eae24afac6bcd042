/** Nodes on which nothing runs: kwok says for each pod what its kubelet would. */
import { join } from 'node:path';
import { Component } from './component.ts';
import {
  applyObjects,
  type ControlPlaneOptions,
  kubectlOf,
  type RunningControlPlane,
  startControlPlane,
} from './control-plane.ts';
import { storage } from './storage.ts';

const NODES = 3;
const STAGES = join(import.meta.dirname, 'simulation.yaml');
const AUDIT_POLICY = join(import.meta.dirname, 'audit.yaml');
/** In the folder of the control plane: one line of JSON for each request of a service account. */
export const AUDIT_LOG = 'audit.log';
const SIMULATED = 'kwok.x-k8s.io/node';

/** A control plane with three simulated nodes, each in a zone of its own. */
export async function startSimulatedCluster(
  options: ControlPlaneOptions,
): Promise<RunningControlPlane> {
  await using parts = new AsyncDisposableStack();
  const apiServerFlags = [
    `--audit-policy-file=${AUDIT_POLICY}`,
    `--audit-log-path=${AUDIT_LOG}`,
    ...(options.apiServerFlags ?? []),
  ];
  const plane = parts.use(await startControlPlane({ ...options, apiServerFlags }));
  const { folder, kubeconfigs } = plane;
  const nodes = Array.from({ length: NODES }, node);
  const objects = [...nodes, ...(await storage(join(folder, 'volumes')))];
  await applyObjects(plane, objects, options.signal);
  const kwok = await Component.start('kwok', plane, [
    `--kubeconfig=${kubeconfigs.admin}`,
    `--config=${STAGES}`,
    `--manage-nodes-with-annotation-selector=${SIMULATED}=fake`,
    '--cidr=10.244.0.0/16',
    '--node-ip=10.243.0.1',
    '--node-lease-duration-seconds=40',
  ]);
  parts.use(kwok);
  const kubectl = kubectlOf(plane, options.signal);
  await kubectl('wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s');
  const running = parts.move();
  return { ...plane, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function node(_: unknown, index: number): object {
  const name = `node-${index}`;
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'topology.kubernetes.io/zone': `zone-${index}`,
  };
  const metadata = { name, labels, annotations: { [SIMULATED]: 'fake' } };
  return { apiVersion: 'v1', kind: 'Node', metadata };
}
