/**
 * The profile `restricted` of the pod security standards, as far as a template can break it: what the admission of a cluster
 * would refuse. https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import type { Container, KubeObject, PodSpec } from '../../harness/chart.ts';

const VOLUMES = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'projected'];
const CLAIMS = ['persistentVolumeClaim', 'secret'];

/** The pod spec that an object holds, if it holds one. */
export function podSpecOf(object: KubeObject): PodSpec | undefined {
  if (object.kind === 'Pod') return object['spec'];
  return object['spec']?.template?.spec?.containers === undefined
    ? undefined
    : object['spec'].template.spec;
}

/** One line per rule that the pods of an object break; our own rule of a read-only root filesystem is among them. */
export function podSecurityFindings(object: KubeObject): string[] {
  const pod = podSpecOf(object);
  if (pod === undefined) return [];
  const containers = [...(pod.initContainers ?? []), ...pod.containers];
  const findings = [
    ...(['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => pod[field] === true),
    ...(pod.volumes ?? []).flatMap((volume) =>
      Object.keys(volume).filter(
        (key) => key !== 'name' && !VOLUMES.includes(key) && !CLAIMS.includes(key),
      ),
    ),
    ...(pod.securityContext?.runAsNonRoot === true ? [] : ['runAsNonRoot']),
    ...(pod.securityContext?.runAsUser === 0 ? ['runAsUser'] : []),
    ...(pod.securityContext?.seccompProfile?.type === 'RuntimeDefault' ? [] : ['seccompProfile']),
    ...containers.flatMap(containerFindings),
  ];
  return findings.map((finding) => `${object.kind} ${object.metadata.name}: ${finding}`);
}

function containerFindings(container: Container): string[] {
  const { securityContext: security = {} } = container;
  return [
    ...(security.allowPrivilegeEscalation === false ? [] : ['allowPrivilegeEscalation']),
    ...(security.readOnlyRootFilesystem === true ? [] : ['readOnlyRootFilesystem']),
    ...(security.privileged === true ? ['privileged'] : []),
    ...(security.capabilities?.drop?.includes('ALL') === true ? [] : ['capabilities.drop']),
    ...(security.capabilities?.add === undefined ? [] : ['capabilities.add']),
    ...(container.ports?.some((port) => port.hostPort !== undefined) === true ? ['hostPort'] : []),
  ].map((finding) => `${container.name} ${finding}`);
}
