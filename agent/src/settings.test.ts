import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type AgentSettings, readAgentSettings, SettingsError } from './settings.ts';

const URL_WITH_PASSWORD = 'postgresql://me:hunter2@db:5432/log';
const KEYS = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'topsecret' };

function read(
  env: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): AgentSettings {
  return readAgentSettings({
    env: { METADATA_STORE: URL_WITH_PASSWORD, ...env },
    hostName: 'pod-7',
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error(`ENOENT: ${path}`);
      return text;
    },
  });
}

function faultsOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    read(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  return [];
}

describe('A-01 the settings', () => {
  test('need nothing but the metadata store', () => {
    const { metadataUrl, ...rest } = read({});
    expect(metadataUrl.reveal()).toBe(URL_WITH_PASSWORD);
    expect(rest).toEqual({
      objects: {
        kind: 's3',
        endpoint: undefined,
        region: 'us-east-1',
        bucket: 'streamhouse-data',
        credentials: undefined,
      },
      prefix: '',
      agentId: 'pod-7',
      listen: { host: '0.0.0.0', port: 9090 },
      advertisedAddress: 'pod-7:9090',
      zone: 'default',
      pool: 'default',
      heartbeatIntervalMs: 1000,
      sessionTimeoutMs: 3000,
      managedTopics: [],
      metricsPort: 8080,
      logLevel: 'info',
      flush: {
        bytesMax: 8_388_608,
        uploadsInFlightMax: 4,
        putsPerSecondMax: 10,
        putsBurst: 20,
        intervalMs: 100,
      },
      cacheBytes: 33_554_432,
      drainTimeoutMs: 60_000,
      isTiedToParent: false,
    });
  });

  test.each<[Record<string, string>, object]>([
    [{ AWS_ENDPOINT_URL: 'http://s3:9000' }, { objects: { endpoint: 'http://s3:9000' } }],
    [{ AWS_REGION: 'eu-west-1' }, { objects: { region: 'eu-west-1' } }],
    [{ STREAMHOUSE_BUCKET: 'logs' }, { objects: { bucket: 'logs' } }],
    [{ STREAMHOUSE_OBJECTS_DIR: '/data' }, { objects: { kind: 'directory', root: '/data' } }],
    [{ STREAMHOUSE_OBJECTS_DIR: '/data' }, { flush: { putsPerSecondMax: Infinity } }],
    [{ STREAMHOUSE_PREFIX: 'team/a' }, { prefix: 'team/a/' }],
    [{ STREAMHOUSE_CACHE: '1.5Gi' }, { cacheBytes: 1_610_612_736 }],
    [{ STREAMHOUSE_CACHE: '0' }, { cacheBytes: 0 }],
    [{ AGENT_ID: 'agent-0' }, { agentId: 'agent-0' }],
    [{ AGENT_ADDRESS: '127.0.0.1:0' }, { listen: { host: '127.0.0.1', port: 0 } }],
    [{ AGENT_ADDRESS: '[::1]:9' }, { listen: { host: '[::1]', port: 9 } }],
    [{ AGENT_ADVERTISED_ADDRESS: 'me.example:1' }, { advertisedAddress: 'me.example:1' }],
    [{ AGENT_ZONE: 'eu-1a' }, { zone: 'eu-1a' }],
    [{ AGENT_GROUP: 'fast' }, { pool: 'fast' }],
    [{ HEARTBEAT_INTERVAL: '2s' }, { heartbeatIntervalMs: 2000, sessionTimeoutMs: 6000 }],
    [{ HEARTBEAT_INTERVAL: '500ms' }, { heartbeatIntervalMs: 500, sessionTimeoutMs: 1500 }],
    [{ HEARTBEAT_INTERVAL: '1' }, { heartbeatIntervalMs: 1000 }],
    [{ SESSION_TIMEOUT: '1m' }, { sessionTimeoutMs: 60_000 }],
    [{ MANAGED_TOPICS: 'a, b,,c' }, { managedTopics: ['a', 'b', 'c'] }],
    [{ METRICS_PORT: '0' }, { metricsPort: 0 }],
    [{ LOG_LEVEL: 'debug' }, { logLevel: 'debug' }],
    [{ FLUSH_MAX_BYTES: '64Ki' }, { flush: { bytesMax: 65_536 } }],
    [{ FLUSH_MAX_PUTS_PER_SECOND: '2.5' }, { flush: { putsPerSecondMax: 2.5 } }],
    [{ FLUSH_MAX_PUTS_PER_SECOND: 'unlimited' }, { flush: { putsPerSecondMax: Infinity } }],
    [{ DRAIN_TIMEOUT: '5s' }, { drainTimeoutMs: 5000 }],
    [{ EXIT_ON_STDIN_CLOSE: '1' }, { isTiedToParent: true }],
    // An empty variable is one that is not set: charts write them so.
    [
      { AWS_REGION: '', METRICS_PORT: '' },
      { objects: { region: 'us-east-1' }, metricsPort: 8080 },
    ],
  ])('take %o', (env, expected) => {
    expect(read(env)).toMatchObject(expected);
  });

  test('take static keys, or none for the chain of the AWS SDK', () => {
    const { objects } = read(KEYS);
    if (objects.kind !== 's3') throw new Error('expected S3');
    expect(objects.credentials?.accessKeyId).toBe('AKID');
    expect(objects.credentials?.secretAccessKey.reveal()).toBe('topsecret');
  });

  test('take any variable from a file, without the line end', () => {
    const settings = readAgentSettings({
      env: { METADATA_STORE_FILE: '/s/url', AGENT_ZONE_FILE: '/s/zone' },
      hostName: 'h',
      readFile: (path) => (path === '/s/url' ? `${URL_WITH_PASSWORD}\n` : 'eu-1a\n'),
    });
    expect(settings.metadataUrl.reveal()).toBe(URL_WITH_PASSWORD);
    expect(settings.zone).toBe('eu-1a');
  });

  test.each<[Record<string, string>, string]>([
    [{ METADATA_STORE: '' }, 'METADATA_STORE'],
    [{ METADATA_STORE: 'mysql://db' }, 'METADATA_STORE'],
    [{ AWS_ACCESS_KEY_ID: 'AKID' }, 'AWS_SECRET_ACCESS_KEY'],
    [{ AWS_SECRET_ACCESS_KEY: 'x' }, 'AWS_SECRET_ACCESS_KEY'],
    [{ AWS_ENDPOINT_URL: 's3.example' }, 'AWS_ENDPOINT_URL'],
    [{ STREAMHOUSE_PREFIX: '../up' }, 'STREAMHOUSE_PREFIX'],
    [{ STREAMHOUSE_CACHE: '8MB' }, 'STREAMHOUSE_CACHE'],
    [{ STREAMHOUSE_CACHE: '-1' }, 'STREAMHOUSE_CACHE'],
    [{ AGENT_ID: 'a b' }, 'AGENT_ID'],
    [{ AGENT_ADDRESS: '9090' }, 'AGENT_ADDRESS'],
    [{ AGENT_ADDRESS: 'host:65536' }, 'AGENT_ADDRESS'],
    [{ AGENT_ADVERTISED_ADDRESS: 'no-port' }, 'AGENT_ADVERTISED_ADDRESS'],
    [{ AGENT_ZONE: '../x' }, 'AGENT_ZONE'],
    [{ AGENT_GROUP: '-' }, 'AGENT_GROUP'],
    [{ HEARTBEAT_INTERVAL: '20 minutes' }, 'HEARTBEAT_INTERVAL'],
    [{ HEARTBEAT_INTERVAL: '0' }, 'HEARTBEAT_INTERVAL'],
    [{ SESSION_TIMEOUT: '1s' }, 'SESSION_TIMEOUT'],
    [{ MANAGED_TOPICS: 'a,b/c' }, 'MANAGED_TOPICS'],
    [{ METRICS_PORT: '1e3' }, 'METRICS_PORT'],
    [{ METRICS_PORT: '65536' }, 'METRICS_PORT'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
    [{ FLUSH_MAX_BYTES: '1Ki' }, 'FLUSH_MAX_BYTES'],
    [{ FLUSH_MAX_PUTS_PER_SECOND: 'NaN' }, 'FLUSH_MAX_PUTS_PER_SECOND'],
    [{ DRAIN_TIMEOUT: '1h' }, 'DRAIN_TIMEOUT'],
    [{ EXIT_ON_STDIN_CLOSE: 'yes' }, 'EXIT_ON_STDIN_CLOSE'],
    [{ AGENT_ZONE_FILE: '/nowhere' }, 'AGENT_ZONE_FILE'],
    [{ METADATA_STORE_FILE: '/both' }, 'METADATA_STORE'],
  ])('refuse %o, naming the variable', (env, name) => {
    expect(faultsOf(env).map((fault) => fault.split(' ')[0])).toContain(name);
  });

  test('report all faults at once', () => {
    const faults = faultsOf({
      METADATA_STORE: '',
      METRICS_PORT: 'x',
      LOG_LEVEL: 'y',
      AGENT_ID: '',
    });
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
      'METADATA_STORE',
      'METRICS_PORT',
      'LOG_LEVEL',
    ]);
  });

  test('never show a secret, neither in a fault nor when they are printed', () => {
    const settings = read(KEYS);
    for (const shown of [inspect(settings, { depth: 9 }), JSON.stringify(settings)]) {
      expect(shown).not.toMatch(/hunter2|topsecret/);
    }
    const faults = faultsOf({
      METADATA_STORE: 'http://me:hunter2@db',
      AWS_SECRET_ACCESS_KEY: 'topsecret',
    });
    expect(faults).toHaveLength(2);
    expect(faults.join()).not.toMatch(/hunter2|topsecret/);
  });
});

test('A-01 the process ends with 2 and one line for each fault', () => {
  const folder = mkdtempSync(join(tmpdir(), 'streamhouse-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'url');
  writeFileSync(file, 'http://me:hunter2@db\n');
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'main.ts')],
    { env: { METADATA_STORE_FILE: file, METRICS_PORT: 'many' }, encoding: 'utf8' },
  );
  expect(stderr.trimEnd().split('\n').slice(1)).toEqual([
    expect.stringMatching(/^ {2}METADATA_STORE /),
    expect.stringMatching(/^ {2}METRICS_PORT /),
  ]);
  expect(stderr + stdout).not.toContain('hunter2');
  expect(status).toBe(2);
});
