/** The pods of a pool. A change of what stands here replaces every agent of every installation: golden files guard it. */
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import { parseBytes, parseDuration } from '@streamhouse/api/crd/units.ts';
import type { InstallSettings } from '../../settings.ts';
import { specHash } from '../spec-hash.ts';
import {
  agentsName,
  headlessName,
  labelsOf,
  REVISION_ANNOTATION,
  selectorOf,
  ZONE_LABEL,
} from './names.ts';

const GRPC_PORT = 9090;
const HTTP_PORT = 8080;
/** What an agent needs to close after its drain is over. */
const CLOSE_SECONDS = 15;
/** That of the image. */
const USER = 1000;
const REVISION_CHARS = 16;

export interface PodTemplateObject {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: object;
}

interface EnvVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: object;
}

/** The template with the annotation that names it. */
export function podTemplate(
  pool: AgentPoolResource,
  zone: string,
  install: InstallSettings,
): PodTemplateObject {
  const template = bareTemplate(pool, zone, install);
  const { metadata, spec } = template;
  const revision = specHash(template).slice(0, REVISION_CHARS);
  const annotations = { ...metadata.annotations, [REVISION_ANNOTATION]: revision };
  return { metadata: { ...metadata, annotations }, spec };
}

export function revisionOf(template: PodTemplateObject): string {
  return template.metadata.annotations[REVISION_ANNOTATION] ?? '';
}

export function bareTemplate(
  pool: AgentPoolResource,
  zone: string,
  install: InstallSettings,
): PodTemplateObject {
  const { podTemplate: extra, rollout } = pool.spec;
  const name = pool.metadata.name;
  const restarted = rollout.restartedAt;
  return {
    metadata: {
      labels: {
        ...extra.labels,
        ...labelsOf(name),
        ...(zone === '' ? {} : { [ZONE_LABEL]: zone }),
      },
      annotations: {
        'kubectl.kubernetes.io/default-container': 'agent',
        ...extra.annotations,
        ...(restarted === '' ? {} : { 'streamhouse.io/restarted-at': restarted }),
      },
    },
    spec: podSpec(pool, zone, install),
  };
}

function podSpec(pool: AgentPoolResource, zone: string, install: InstallSettings): object {
  const { podTemplate: extra, drain, cache } = pool.spec;
  const pullSecrets = [
    ...install.imagePullSecrets.map((name) => ({ name })),
    ...(extra.imagePullSecrets ?? []),
  ];
  const nodeSelector = {
    ...extra.nodeSelector,
    ...(zone === '' ? {} : { 'topology.kubernetes.io/zone': zone }),
  };
  return {
    serviceAccountName: agentsName(pool.metadata.name),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // Else the agent is the first process of its container, which gets no signal before it listens: an agent that is told to
    // end in its first moment would stay for the whole grace and take partitions meanwhile.
    shareProcessNamespace: true,
    terminationGracePeriodSeconds: Math.ceil(parseDuration(drain.timeout) / 1000) + CLOSE_SECONDS,
    securityContext: podSecurity(pool),
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets }),
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(extra.tolerations === undefined ? {} : { tolerations: extra.tolerations }),
    ...(extra.affinity === undefined ? {} : { affinity: extra.affinity }),
    ...(extra.priorityClassName === undefined
      ? {}
      : { priorityClassName: extra.priorityClassName }),
    topologySpreadConstraints: spread(pool, zone),
    containers: [container(pool, zone, install)],
    volumes: [{ name: 'scratch', emptyDir: { sizeLimit: String(parseBytes(cache.sizeLimit)) } }],
  };
}

function podSecurity({ spec }: AgentPoolResource): object {
  const { runAsUser, runAsGroup, fsGroup, supplementalGroups } =
    spec.podTemplate.securityContext ?? {};
  return {
    runAsNonRoot: true,
    runAsUser: runAsUser ?? USER,
    runAsGroup: runAsGroup ?? USER,
    fsGroup: fsGroup ?? USER,
    ...(supplementalGroups === undefined ? {} : { supplementalGroups }),
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** Over nodes, and over zones unless each has a set of its own, as far as the nodes allow. */
function spread({ metadata, spec }: AgentPoolResource, zone: string): readonly object[] {
  const labelSelector = { matchLabels: selectorOf(metadata.name) };
  const given = spec.podTemplate.topologySpreadConstraints;
  if (given !== undefined) return given.map((one) => ({ labelSelector, ...one }));
  const keys = ['kubernetes.io/hostname', ...(zone === '' ? ['topology.kubernetes.io/zone'] : [])];
  return keys.map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector,
  }));
}

function container(pool: AgentPoolResource, zone: string, install: InstallSettings): object {
  const { image, resources } = pool.spec;
  return {
    name: 'agent',
    image: image === '' ? install.image : image,
    imagePullPolicy: install.imagePullPolicy,
    args: ['agent'],
    env: environment(pool, zone, install),
    ports: [
      { name: 'grpc', containerPort: GRPC_PORT, protocol: 'TCP' },
      { name: 'http', containerPort: HTTP_PORT, protocol: 'TCP' },
    ],
    resources,
    // Longer than Postgres and the object store may take to answer at first; /health says that the loops go on.
    startupProbe: probe('/health', { periodSeconds: 2, failureThreshold: 60 }),
    livenessProbe: probe('/health', { periodSeconds: 10, failureThreshold: 6 }),
    readinessProbe: probe('/ready', { periodSeconds: 2, failureThreshold: 2 }),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }],
  };
}

function probe(path: string, timing: object): object {
  return { httpGet: { path, port: 'http' }, timeoutSeconds: 5, ...timing };
}

/** Those of the pool's pod template come first and are left out where the operator has one of that name. */
function environment(
  pool: AgentPoolResource,
  zone: string,
  install: InstallSettings,
): readonly EnvVariable[] {
  const own = [
    ...identity(pool, zone),
    ...connection(pool, install),
    ...tuning(pool),
  ] satisfies EnvVariable[];
  const names = new Set(own.map(({ name }) => name));
  const further = (pool.spec.podTemplate.env ?? []).filter(({ name }) => !names.has(name));
  return [...further, ...own];
}

function identity({ metadata }: AgentPoolResource, zone: string): EnvVariable[] {
  const { name, namespace } = metadata;
  const host = `$(AGENT_ID).${headlessName(name)}.${namespace}.svc`;
  return [
    { name: 'AGENT_ID', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'AGENT_GROUP', value: name },
    ...(zone === '' ? [] : [{ name: 'AGENT_ZONE', value: zone }]),
    { name: 'AGENT_ADDRESS', value: `0.0.0.0:${GRPC_PORT}` },
    { name: 'AGENT_ADVERTISED_ADDRESS', value: `${host}:${GRPC_PORT}` },
    { name: 'METRICS_PORT', value: String(HTTP_PORT) },
  ];
}

function connection({ spec }: AgentPoolResource, install: InstallSettings): EnvVariable[] {
  const secret = spec.connection.secretName ?? install.secretName;
  const from = (key: string, isOptional: boolean): EnvVariable => ({
    name: key,
    valueFrom: {
      secretKeyRef: { name: secret, key, ...(isOptional ? { optional: true } : {}) },
    },
  });
  const { endpoint, region, bucket, prefix } = install.objects;
  return [
    from('METADATA_STORE', false),
    from('AWS_ACCESS_KEY_ID', true),
    from('AWS_SECRET_ACCESS_KEY', true),
    ...(endpoint === undefined ? [] : [{ name: 'AWS_ENDPOINT_URL', value: endpoint }]),
    { name: 'AWS_REGION', value: region },
    { name: 'STREAMHOUSE_BUCKET', value: bucket },
    ...(prefix === '' ? [] : [{ name: 'STREAMHOUSE_PREFIX', value: prefix }]),
  ];
}

/** Durations and sizes as one form each, so that `1m` and `60s` are the same template. */
function tuning({ spec }: AgentPoolResource): EnvVariable[] {
  const { heartbeatInterval, sessionTimeout, flush, managedTopics, logLevel } = spec.agent;
  const ms = (duration: string): string => `${parseDuration(duration)}ms`;
  return [
    { name: 'HEARTBEAT_INTERVAL', value: ms(heartbeatInterval) },
    { name: 'SESSION_TIMEOUT', value: ms(sessionTimeout) },
    { name: 'FLUSH_MAX_PUTS_PER_SECOND', value: String(flush.maxPutsPerSecond) },
    { name: 'FLUSH_MAX_BYTES', value: String(parseBytes(flush.maxBytes)) },
    { name: 'DRAIN_TIMEOUT', value: ms(spec.drain.timeout) },
    ...(managedTopics.length === 0
      ? []
      : [{ name: 'MANAGED_TOPICS', value: managedTopics.toSorted().join(',') }]),
    { name: 'LOG_LEVEL', value: logLevel },
  ];
}
