#!/usr/bin/env node
/** Environment -> settings -> components -> run until a signal. The only reader of process.env. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { openPgMetadata } from '@streamhouse/store/metadata/pg/metadata.ts';
import { openDirectoryStore } from '@streamhouse/store/objects/directory.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import { openS3Store } from '@streamhouse/store/objects/s3.ts';
import { startAgent } from './agent.ts';
import { workerLeaseOpener } from './lease/worker-lease.ts';
import { type Logger, openLog } from './log.ts';
import { AgentMetrics } from './metrics.ts';
import { type AgentSettings, readAgentSettings, SettingsError } from './settings.ts';

/** Milliseconds that the main thread may stand still before its session is left to expire. */
const STALL_MS_MAX = 10_000;
/** Milliseconds for one request to the object store. */
const OBJECT_REQUEST_TIMEOUT_MS = 10_000;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

function openObjects(settings: AgentSettings): Promise<ObjectStore> {
  const { objects } = settings;
  if (objects.kind === 'directory') return openDirectoryStore({ root: objects.root });
  const { endpoint, region, bucket, credentials } = objects;
  return openS3Store({
    region,
    bucket,
    requestTimeoutMs: OBJECT_REQUEST_TIMEOUT_MS,
    probePrefix: settings.prefix,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  });
}

async function run(settings: AgentSettings, log: Logger): Promise<void> {
  const clock = systemClock;
  const random = Math.random;
  await using metadata = await openPgMetadata({
    url: settings.metadataUrl.reveal(),
    applicationName: settings.agentId,
    clock,
    random,
    onError: (error) => log.warn({ err: error }, 'a connection to Postgres failed'),
  });
  await using objects = await openObjects(settings);
  const openLease = workerLeaseOpener({ ...settings, stallMsMax: STALL_MS_MAX }, (message) =>
    log.warn({ reason: message }, 'renewing the session failed'),
  );
  const metrics = new AgentMetrics();
  await using _agent = await startAgent(settings, {
    metadata,
    objects,
    openLease,
    clock,
    random,
    log,
    metrics,
  });
  log.info({ signal: await untilStopped(settings) }, 'stopping');
}

/** Resolves with what ends the process: a signal, or the end of the parent that it is tied to. */
function untilStopped(settings: AgentSettings): Promise<string> {
  return new Promise((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
    if (!settings.isTiedToParent) return;
    process.stdin.on('end', () => resolve('parent ended'));
    process.stdin.on('error', () => resolve('parent ended'));
    process.stdin.resume();
    // Watched, but no reason to stay.
    process.stdin.unref();
  });
}

try {
  const settings = readAgentSettings({
    env: process.env,
    hostName: hostname(),
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  const log = openLog(settings.logLevel, settings.agentId);
  try {
    await run(settings, log);
  } catch (error) {
    log.fatal({ err: error }, 'the agent failed');
    process.exitCode = EXIT_FAILED;
  }
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT_USAGE;
}
