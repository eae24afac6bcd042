/** The real parts that a standalone is made of. Tests of the supervisor bring others. */
import { readFileSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { readAgentSettings } from '@streamhouse/agent/settings.ts';
import type { LagThresholds } from '@streamhouse/api/rest/session.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { PoolController } from '@streamhouse/operator/controllers/agent-pool.ts';
import type { ApiSettings } from '@streamhouse/operator/http/api.ts';
import { startApi } from '@streamhouse/operator/http/start-api.ts';
import { OperatorMetrics } from '@streamhouse/operator/metrics.ts';
import { startOperator } from '@streamhouse/operator/operator.ts';
import { type OperatorSettings, readLagThresholds } from '@streamhouse/operator/settings.ts';
import { SettingsReader } from '@streamhouse/operator/settings-reader.ts';
import { openPgMetadata } from '@streamhouse/store/metadata/pg/metadata.ts';
import { migrate } from '@streamhouse/store/metadata/pg/migrate.ts';
import { openDirectoryStore } from '@streamhouse/store/objects/directory.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import { openS3Store } from '@streamhouse/store/objects/s3.ts';
import pino from 'pino';
import { boundLogFiles } from './log-file.ts';
import type {
  AgentFence,
  LocalOperator,
  OperatorParts,
  StandaloneComponents,
} from './standalone.ts';

const require = createRequire(import.meta.url);
const APPLICATION_NAME = 'streamhouse-standalone';
const OBJECT_REQUEST_TIMEOUT_MS = 10_000;
const OPERATOR: OperatorSettings = {
  instance: 'standalone',
  namespaces: undefined,
  lease: { namespace: 'streamhouse', name: 'streamhouse-operator' },
  nameTemplate: '{name}',
  drift: 'Correct',
  resyncIntervalMs: 300_000,
  httpPort: undefined,
};

/** Nobody else can connect, and one person's tools ask as often as they like. */
const API: Omit<ApiSettings, 'lagThresholds'> = {
  basePath: '/',
  isLoopback: true,
  isReadOnly: false,
  allowedOrigins: [],
  trustedProxies: 0,
  requestsPerMinute: 10_000_000,
};

export function standaloneComponents(log: (line: string) => void): StandaloneComponents {
  return {
    log,
    agentProgram: require.resolve('@streamhouse/agent/main.ts'),
    openMetadata,
    startOperator: (parts) => startLocalOperator(parts, log),
  };
}

async function openMetadata(url: string, signal: AbortSignal): Promise<AgentFence> {
  await migrate(url, signal);
  const metadata = await openPgMetadata({
    url,
    applicationName: APPLICATION_NAME,
    poolSize: 1,
    clock: systemClock,
    random: Math.random,
    // A lost connection is made again by itself; a fence that fails says so where it is called.
    onError: () => undefined,
  });
  return {
    fenceAgent: (agentId, fenceSignal) => metadata.agents.fenceAgent(agentId, fenceSignal),
    [Symbol.asyncDispose]: () => metadata[Symbol.asyncDispose](),
  };
}

/** The operator as it is on Kubernetes, with the resources of this process and agents that are processes. */
async function startLocalOperator(
  { kube, pools, url, agentEnv, logFile }: OperatorParts,
  tell: (line: string) => void,
): Promise<LocalOperator> {
  await using parts = new AsyncDisposableStack();
  const [clock, random] = [systemClock, Math.random];
  const lines = parts.use(await openLineFile(logFile));
  const log = pino({ timestamp: pino.stdTimeFunctions.isoTime }, lines);
  const stop = new AbortController();
  const bounded = boundLogFiles(() => [logFile], tell, stop.signal);
  parts.defer(async () => {
    stop.abort();
    await bounded;
  });
  const store = parts.use(
    await openPgMetadata({
      url,
      applicationName: 'streamhouse-operator',
      clock,
      random,
      onError: (error) => log.warn({ err: error }, 'a connection to Postgres failed'),
    }),
  );
  const objects = parts.use(await openObjects(agentEnv));
  const metrics = new OperatorMetrics();
  const common = { kube, store, clock, random, log, metrics };
  const { namespaces, resyncIntervalMs } = OPERATOR;
  parts.use(
    await startOperator(OPERATOR, {
      ...common,
      objects,
      controllers: (events) => [
        new PoolController({ ...common, backend: pools, events, namespaces, resyncIntervalMs }),
      ],
    }),
  );
  const { handler, sockets } = parts.use(
    await startApi(
      { ...API, lagThresholds: lagThresholdsOf(agentEnv) },
      {
        ...{ store, clock, random, log },
        ...{ keysFile: undefined, tokens: undefined, registry: metrics.registry },
      },
    ),
  );
  const owned = parts.move();
  return { handler, sockets, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** @throws SettingsError. */
function lagThresholdsOf(env: OperatorParts['agentEnv']): LagThresholds {
  const read = new SettingsReader({
    ...{ env, hostName: hostname() },
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  const thresholds = readLagThresholds(read);
  read.throwFaults();
  return thresholds;
}

/**
 * Takes lines until it is disposed, and drops those that come later: a connection that was given up may still tell of its end
 * when Postgres stops.
 */
async function openLineFile(
  path: string,
): Promise<AsyncDisposable & { readonly write: (line: string) => void }> {
  const file = await open(path, 'a', 0o600);
  let isOpen = true;
  return {
    write: (line) => {
      if (isOpen) writeSync(file.fd, line);
    },
    [Symbol.asyncDispose]: async () => {
      isOpen = false;
      await file.close();
    },
  };
}

/** The store that the agents use, found as they find it. @throws SettingsError for variables that agents refuse as well. */
async function openObjects(env: OperatorParts['agentEnv']): Promise<ObjectStore> {
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  const { objects, prefix } = readAgentSettings({ env, hostName: hostname(), readFile });
  if (objects.kind === 'directory') return await openDirectoryStore({ root: objects.root });
  const { endpoint, region, bucket, credentials } = objects;
  return await openS3Store({
    region,
    bucket,
    requestTimeoutMs: OBJECT_REQUEST_TIMEOUT_MS,
    probePrefix: prefix,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  });
}
