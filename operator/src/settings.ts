/** What an installation says to its operator: environment -> settings, pure, every fault at once. */
import { isIPv6 } from 'node:net';
import type { LagThresholds } from '@streamhouse/api/rest/session.ts';
import { Secret } from '@streamhouse/core/secret.ts';
import type { ApiSettings } from './http/api.ts';
import type { ServiceAccount } from './kube/service-account.ts';
import type { TlsPaths } from './http/tls-files.ts';
import { NAME_TEMPLATES, type NameTemplate } from './plan/topic-name.ts';
import { SettingsReader, type SettingsSource } from './settings-reader.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'] as const;

/** Records. */
const LAG_MAX = 1_000_000_000_000;

/** Where the agents of every pool, and the operator for what is deleted, find the objects. */
export interface ObjectStoreSettings {
  /** undefined: AWS itself. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly prefix: string;
}

/** What every pool of this installation has that its resource leaves out. */
export interface InstallSettings {
  readonly image: string;
  readonly imagePullPolicy: (typeof PULL_POLICIES)[number];
  /** Names of Secrets in the pool's namespace. */
  readonly imagePullSecrets: readonly string[];
  /** The connection Secret, in the pool's namespace. */
  readonly secretName: string;
  readonly objects: ObjectStoreSettings;
}

/** What `startOperator` needs: values that can be written down. */
export interface OperatorSettings {
  /** Of this process: the pod's name. */
  readonly instance: string;
  /** Those whose resources are reconciled; undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  readonly lease: { readonly namespace: string; readonly name: string };
  readonly nameTemplate: NameTemplate;
  readonly drift: 'Correct' | 'Report';
  readonly resyncIntervalMs: number;
  /** Of probes and metrics. 0: any that is free; undefined: nothing listens. */
  readonly httpPort: number | undefined;
}

/** Of the REST API, which every operator serves, whether it leads or not. */
export interface OperatorApiSettings extends Omit<ApiSettings, 'isLoopback'> {
  /** 0: any that is free. */
  readonly port: number;
  /** Absolute path of the file of API keys, which is followed; undefined: none are taken. */
  readonly keysFile: string | undefined;
  /** Files of its certificate, which are followed; undefined: it speaks plain HTTP. */
  readonly tls: TlsPaths | undefined;
  /** That tokens of Kubernetes must have been made for; undefined: none are taken. */
  readonly tokenAudience: string | undefined;
}

/** What the process needs besides, to make its components. */
export interface ProcessSettings extends OperatorSettings {
  readonly api: OperatorApiSettings;
  readonly metadataUrl: Secret;
  /** The API server of Kubernetes, and who we are there. */
  readonly cluster: { readonly kubeconfig: string } | ServiceAccount;
  readonly logLevel: LogLevel;
  readonly install: InstallSettings;
  /** undefined: the AWS SDK's own chain, for example workload identity. */
  readonly objectCredentials:
    | { readonly accessKeyId: string; readonly secretAccessKey: Secret }
    | undefined;
}

/** @throws SettingsError with every fault. */
export function readOperatorSettings(source: SettingsSource): ProcessSettings {
  const read = new SettingsReader(source);
  const podNamespace = read.name('POD_NAMESPACE');
  const settings: ProcessSettings = {
    metadataUrl: new Secret(read.postgresUrl('METADATA_STORE')),
    cluster: readCluster(read),
    instance: read.name('POD_NAME', source.hostName.toLowerCase()),
    namespaces: readNamespaces(read, podNamespace),
    lease: {
      namespace: read.name('LEADER_ELECTION_NAMESPACE', podNamespace),
      name: read.name('LEADER_ELECTION_NAME', 'streamhouse-operator'),
    },
    nameTemplate: read.oneOf('TOPIC_NAME_TEMPLATE', '{name}', NAME_TEMPLATES),
    drift: read.oneOf('DRIFT_MODE', 'Correct', ['Correct', 'Report']),
    resyncIntervalMs: read.duration('RESYNC_INTERVAL', '5m', 10_000, 86_400_000),
    httpPort: read.integer('HTTP_PORT', 8080, 0, 65_535),
    api: readApi(read),
    logLevel: read.oneOf('LOG_LEVEL', 'info', LOG_LEVELS),
    install: readInstall(read),
    objectCredentials: readCredentials(read),
  };
  read.throwFaults();
  return settings;
}

function readCluster(read: SettingsReader): ProcessSettings['cluster'] {
  const kubeconfig = read.text('KUBECONFIG', '');
  if (kubeconfig !== '') return { kubeconfig };
  const host = read.required(
    'KUBERNETES_SERVICE_HOST',
    'pods have it; elsewhere KUBECONFIG has to name a file',
  );
  const port = read.integer('KUBERNETES_SERVICE_PORT', 443, 1, 65_535);
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    folder: read.text('SERVICE_ACCOUNT_FOLDER', '/var/run/secrets/kubernetes.io/serviceaccount'),
  };
}

function readApi(read: SettingsReader): OperatorApiSettings {
  return {
    port: read.integer('API_PORT', 3001, 0, 65_535),
    basePath: read.basePath('API_BASE_PATH'),
    keysFile: read.text('API_KEYS_FILE', '') || undefined,
    tls: readTls(read),
    tokenAudience: read.text('API_TOKEN_AUDIENCE', '') || undefined,
    isReadOnly: read.oneOf('API_READ_ONLY', 'false', ['true', 'false']) === 'true',
    allowedOrigins: read.origins('API_ALLOWED_ORIGINS'),
    trustedProxies: read.integer('API_TRUSTED_PROXIES', 0, 0, 16),
    requestsPerMinute: read.integer('API_REQUESTS_PER_MINUTE', 6_000, 1, 10_000_000),
    lagThresholds: readLagThresholds(read),
  };
}

/** A standalone has these of its operator's variables as well. */
export function readLagThresholds(read: SettingsReader): LagThresholds {
  const caughtUpMax = read.integer('API_LAG_CAUGHT_UP_MAX', 0, 0, LAG_MAX);
  const normalMax = read.integer('API_LAG_NORMAL_MAX', 1_000, 0, LAG_MAX);
  if (normalMax < caughtUpMax)
    read.fault('API_LAG_NORMAL_MAX', `must be at least API_LAG_CAUGHT_UP_MAX, ${caughtUpMax}`);
  return { caughtUpMax, normalMax };
}

function readTls(read: SettingsReader): TlsPaths | undefined {
  const certFile = read.text('API_TLS_CERT_FILE', '');
  const keyFile = read.text('API_TLS_KEY_FILE', '');
  if ((certFile === '') !== (keyFile === ''))
    read.fault('API_TLS_KEY_FILE', 'and API_TLS_CERT_FILE must be set together, or neither');
  return certFile === '' ? undefined : { certFile, keyFile };
}

function readInstall(read: SettingsReader): InstallSettings {
  return {
    image: read.required('AGENT_IMAGE', 'the image of agents whose pool names none'),
    imagePullPolicy: read.oneOf('AGENT_IMAGE_PULL_POLICY', 'IfNotPresent', PULL_POLICIES),
    imagePullSecrets: read.names('AGENT_IMAGE_PULL_SECRETS'),
    secretName: read.name('AGENT_SECRET_NAME'),
    objects: {
      endpoint: read.url('AWS_ENDPOINT_URL', ['http:', 'https:']) || undefined,
      region: read.text('AWS_REGION', 'us-east-1'),
      bucket: read.text('STREAMHOUSE_BUCKET', 'streamhouse-data'),
      prefix: read.prefix('STREAMHOUSE_PREFIX'),
    },
  };
}

function readCredentials(read: SettingsReader): ProcessSettings['objectCredentials'] {
  const accessKeyId = read.text('AWS_ACCESS_KEY_ID', '');
  const secretAccessKey = read.text('AWS_SECRET_ACCESS_KEY', '');
  if ((accessKeyId === '') !== (secretAccessKey === '')) {
    read.fault('AWS_SECRET_ACCESS_KEY', 'and AWS_ACCESS_KEY_ID must be set together, or neither');
  }
  if (accessKeyId === '') return undefined;
  return { accessKeyId, secretAccessKey: new Secret(secretAccessKey) };
}

function readNamespaces(read: SettingsReader, own: string): readonly string[] | undefined {
  if (read.text('WATCH_NAMESPACES', '') === '*') return undefined;
  const names = read.names('WATCH_NAMESPACES');
  return names.length === 0 ? [own] : names;
}
