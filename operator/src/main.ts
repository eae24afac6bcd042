#!/usr/bin/env node
/** Environment -> settings -> components -> run until a signal. The only reader of process.env. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { migrate, readMigrations } from '@streamhouse/store/metadata/pg/migrate.ts';
import { openPgMetadata } from '@streamhouse/store/metadata/pg/metadata.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import { openS3Store } from '@streamhouse/store/objects/s3.ts';
import { PoolController } from './controllers/agent-pool.ts';
import { startApiServer } from './http/api-server.ts';
import { type ApiParts, startApi } from './http/start-api.ts';
import { TlsFiles } from './http/tls-files.ts';
import type { ClusterAccess } from './kube/cluster-access.ts';
import { HttpKubeApi } from './kube/http-kube-api.ts';
import type { KubeApi } from './kube/kube-api.ts';
import { serviceAccountAccess } from './kube/service-account.ts';
import { type Logger, openLog } from './log.ts';
import { OperatorMetrics } from './metrics.ts';
import { startOperator } from './operator.ts';
import { KubernetesPools } from './pools/kubernetes.ts';
import { type ProcessSettings, readOperatorSettings } from './settings.ts';
import { SettingsError } from './settings-reader.ts';

/** Milliseconds for one request to the object store. */
const OBJECT_REQUEST_TIMEOUT_MS = 10_000;
const API_POSTGRES_CONNECTIONS = 8;
/** Of the time that a pod is given to end, most is for the controllers. */
const API_DRAIN_MS = 5_000;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

function openObjects({ install, objectCredentials }: ProcessSettings): Promise<ObjectStore> {
  const { endpoint, region, bucket, prefix } = install.objects;
  return openS3Store({
    region,
    bucket,
    requestTimeoutMs: OBJECT_REQUEST_TIMEOUT_MS,
    probePrefix: prefix,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(objectCredentials === undefined ? {} : { credentials: objectCredentials }),
  });
}

async function openAccess({ cluster }: ProcessSettings): Promise<ClusterAccess> {
  if (!('kubeconfig' in cluster)) return serviceAccountAccess(cluster, systemClock);
  // What it takes to read one is in the memory of those only who have one.
  const { kubeConfigAccess } = await import('./kube/kube-config.ts');
  return kubeConfigAccess(cluster.kubeconfig);
}

async function run(settings: ProcessSettings, log: Logger): Promise<void> {
  const schemaVersion = (await readMigrations()).length;
  const clock = systemClock;
  const random = Math.random;
  const metrics = new OperatorMetrics();
  const url = settings.metadataUrl.reveal();
  await using store = await openPgMetadata({
    url,
    applicationName: settings.instance,
    clock,
    random,
    onError: (error) => log.warn({ err: error }, 'a connection to Postgres failed'),
  });
  await using objects = await openObjects(settings);
  using kube = new HttpKubeApi({
    access: await openAccess(settings),
    clock,
    random,
    userAgent: 'streamhouse-operator',
    onExchange: (exchange) => metrics.countRequest(exchange),
  });
  await using _operator = await startOperator(settings, {
    kube,
    store,
    migrate: (signal) => migrate(url, signal),
    objects,
    clock,
    random,
    log,
    metrics,
    controllers: (events) => {
      const { namespaces, resyncIntervalMs } = settings;
      const install = { ...settings.install, schemaVersion };
      const backend = new KubernetesPools({
        ...{ kube, clock, random, install, namespaces },
        onError: (error, { plural }) => log.warn({ err: error, plural }, 'watching failed'),
        onWatch: ({ plural }) => metrics.countWatch(plural),
      });
      const common = { kube, store, clock, random, log, metrics };
      return [new PoolController({ ...common, backend, events, namespaces, resyncIntervalMs })];
    },
  });
  await using _api = await serveApi(settings, { kube, clock, random, metrics, log });
  log.info({ signal: await untilStopped() }, 'stopping');
}

/** With connections of its own to Postgres: whoever looks on does not keep the controllers waiting. */
async function serveApi(
  { api, metadataUrl, instance }: ProcessSettings,
  parts: Pick<ApiParts, 'clock' | 'random' | 'log'> & {
    readonly kube: KubeApi;
    readonly metrics: OperatorMetrics;
  },
): Promise<AsyncDisposable> {
  const { kube, clock, random, log } = parts;
  await using owned = new AsyncDisposableStack();
  const store = owned.use(
    await openPgMetadata({
      url: metadataUrl.reveal(),
      applicationName: `${instance}-api`,
      ...{ clock, random, poolSize: API_POSTGRES_CONNECTIONS },
      onError: (error) => log.warn({ err: error }, 'a connection to Postgres failed'),
    }),
  );
  const { port, keysFile, tls, tokenAudience: audience } = api;
  const onTlsError = (error: unknown): void =>
    log.warn({ err: error }, 'the certificate of the API cannot be used; the one before it stays');
  const tlsFiles = tls && (await TlsFiles.open({ ...tls, clock, random, onError: onTlsError }));
  const { handler, sockets } = owned.use(
    await startApi(
      { ...api, isLoopback: false },
      {
        ...{ store, keysFile, clock, random, log },
        tokens: audience === undefined ? undefined : { kube, audience },
        registry: parts.metrics.registry,
      },
    ),
  );
  const server = owned.use(
    await startApiServer(handler, {
      host: undefined,
      port,
      sockets,
      tls: tlsFiles,
      drain: { clock, ms: API_DRAIN_MS },
    }),
  );
  log.info({ apiPort: server.port }, 'the API is served');
  const kept = owned.move();
  return { [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
  });
}

try {
  const settings = readOperatorSettings({
    env: process.env,
    hostName: hostname(),
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  const log = openLog(settings.logLevel, settings.instance);
  try {
    await run(settings, log);
  } catch (error) {
    log.fatal({ err: error }, 'the operator failed');
    process.exitCode = EXIT_FAILED;
  }
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT_USAGE;
}
