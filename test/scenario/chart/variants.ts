/** For each value of the chart another one, and what it takes for it to count: none may change nothing. */

export interface Variant {
  readonly value: unknown;
  /** Values beside it, as paths. */
  readonly given?: Readonly<Record<string, unknown>>;
}

const TOLERATION = [{ key: 'dedicated', operator: 'Exists' }];
const SPREAD = [
  {
    maxSkew: 2,
    topologyKey: 'topology.kubernetes.io/zone',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: {},
  },
];
const PEERS = [{ namespaceSelector: { matchLabels: { team: 'shop' } } }];
const GATEWAYS = [{ name: 'edge', namespace: 'gateways' }];
const INGRESS = { 'api.ingress.enabled': true, 'api.ingress.host': 'streams.example' };
const ROUTE = { 'api.httpRoute.enabled': true, 'api.httpRoute.parentRefs': GATEWAYS };
const POLICY = { 'networkPolicy.enabled': true };
const POOL = { 'agentPool.enabled': true };
const DEV = { 'dev.enabled': true };

export const VARIANTS: Readonly<Record<string, Variant>> = {
  nameOverride: { value: 'other' },
  fullnameOverride: { value: 'other' },
  'image.repository': { value: 'registry.example/streamhouse' },
  'image.tag': { value: '9.9.9' },
  'image.digest': { value: `sha256:${'0'.repeat(64)}` },
  'image.pullPolicy': { value: 'Never' },
  'image.pullSecrets': { value: ['registry'] },
  'connection.existingSecret': { value: 'other-connection' },
  'objectStore.endpoint': { value: 'https://minio.example:9000' },
  'objectStore.region': { value: 'eu-central-1' },
  'objectStore.bucket': { value: 'other-bucket' },
  'objectStore.prefix': { value: 'team/one' },
  watchNamespaces: { value: ['shop', 'web'] },
  clusterWide: { value: true },
  'topics.nameTemplate': { value: '{namespace}.{name}' },
  'topics.driftMode': { value: 'Report' },
  'operator.replicas': { value: 1 },
  'operator.resyncInterval': { value: '90s' },
  'operator.logLevel': { value: 'debug' },
  'operator.resources.requests.cpu': { value: '1' },
  'operator.resources.requests.memory': { value: '1Gi' },
  'operator.resources.limits.memory': { value: '1Gi' },
  'operator.podDisruptionBudget.enabled': { value: false },
  'operator.podDisruptionBudget.maxUnavailable': { value: '50%' },
  'operator.serviceAccount.annotations': { value: { a: 'b' } },
  'operator.podAnnotations': { value: { a: 'b' } },
  'operator.podLabels': { value: { a: 'b' } },
  'operator.nodeSelector': { value: { disk: 'ssd' } },
  'operator.tolerations': { value: TOLERATION },
  'operator.affinity': { value: { nodeAffinity: {} } },
  'operator.topologySpreadConstraints': { value: SPREAD },
  'operator.priorityClassName': { value: 'system-cluster-critical' },
  'operator.service.type': { value: 'NodePort' },
  'operator.service.port': { value: 80 },
  'operator.service.annotations': { value: { a: 'b' } },
  'api.basePath': { value: '/streamhouse' },
  'api.readOnly': { value: true },
  'api.keys.existingSecret': { value: 'api-keys' },
  'api.tls.secretName': { value: 'api-tls' },
  'api.tokenAudience': { value: 'streamhouse.example' },
  'api.allowedOrigins': { value: ['https://other.example'] },
  'api.trustedProxies': { value: 1 },
  'api.requestsPerMinute': { value: 9_000_000 },
  'api.lagThresholds.caughtUp': { value: 10 },
  'api.lagThresholds.normal': { value: 5_000_000 },
  'api.service.type': { value: 'LoadBalancer' },
  'api.service.port': { value: 80 },
  'api.service.annotations': { value: { a: 'b' } },
  'api.ingress.enabled': { value: true, given: { 'api.ingress.host': 'streams.example' } },
  'api.ingress.className': { value: 'nginx', given: INGRESS },
  'api.ingress.annotations': { value: { a: 'b' }, given: INGRESS },
  'api.ingress.host': { value: 'other.example', given: INGRESS },
  'api.ingress.tlsSecret': { value: 'streams-tls', given: INGRESS },
  'api.httpRoute.enabled': { value: true, given: { 'api.httpRoute.parentRefs': GATEWAYS } },
  'api.httpRoute.annotations': { value: { a: 'b' }, given: ROUTE },
  'api.httpRoute.parentRefs': { value: [{ name: 'other' }], given: ROUTE },
  'api.httpRoute.hostnames': { value: ['streams.example'], given: ROUTE },
  'crds.enabled': { value: false },
  'crds.keep': { value: false },
  'agentPool.enabled': { value: true },
  'agentPool.name': { value: 'other', given: POOL },
  'agentPool.spec.replicas': { value: 5, given: POOL },
  'userRoles.create': { value: false },
  'networkPolicy.enabled': { value: true },
  'networkPolicy.clients': { value: PEERS, given: POLICY },
  'networkPolicy.monitoring': { value: PEERS, given: POLICY },
  'networkPolicy.api': { value: PEERS, given: POLICY },
  'monitoring.podMonitor.enabled': { value: true },
  'monitoring.podMonitor.interval': {
    value: '5s',
    given: { 'monitoring.podMonitor.enabled': true },
  },
  'monitoring.podMonitor.labels': {
    value: { release: 'prometheus' },
    given: { 'monitoring.podMonitor.enabled': true },
  },
  'monitoring.serviceMonitor.enabled': { value: true },
  'monitoring.serviceMonitor.interval': {
    value: '5s',
    given: { 'monitoring.serviceMonitor.enabled': true },
  },
  'monitoring.serviceMonitor.labels': {
    value: { release: 'prometheus' },
    given: { 'monitoring.serviceMonitor.enabled': true },
  },
  'monitoring.prometheusRule.enabled': { value: true },
  'monitoring.prometheusRule.labels': {
    value: { release: 'prometheus' },
    given: { 'monitoring.prometheusRule.enabled': true },
  },
  'monitoring.dashboards.enabled': { value: true },
  'monitoring.dashboards.labels.grafana_dashboard': {
    value: 'yes',
    given: { 'monitoring.dashboards.enabled': true },
  },
  'test.bootstrap': { value: 'elsewhere:9090' },
  'dev.enabled': { value: true },
  'dev.postgres.image': { value: 'postgres:19', given: DEV },
  'dev.postgres.storage': { value: '9Gi', given: DEV },
  'dev.s3.image': { value: 'versity/versitygw:latest', given: DEV },
  'dev.s3.storage': { value: '9Gi', given: DEV },
};

/** `{ 'a.b': 1 }` as `{ a: { b: 1 } }`. */
export function nested(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let place = root;
    for (const name of names) place = (place[name] ??= {}) as Record<string, unknown>;
    place[last] = value;
  }
  return root;
}

/** The paths of all values: a map that is empty, and a list, is one value. */
export function leaves(values: unknown, path = ''): string[] {
  const isMap = typeof values === 'object' && values !== null && !Array.isArray(values);
  if (!isMap || Object.keys(values).length === 0) return [path];
  return Object.entries(values).flatMap(([name, value]) =>
    leaves(value, path === '' ? name : `${path}.${name}`),
  );
}
