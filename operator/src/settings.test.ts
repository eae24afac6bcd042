import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type ProcessSettings, readOperatorSettings } from './settings.ts';
import { SettingsError } from './settings-reader.ts';

const REQUIRED = {
  METADATA_STORE: 'postgresql://me:hunter2@db:5432/log',
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
  POD_NAMESPACE: 'streamhouse',
  AGENT_IMAGE: 'registry.example/streamhouse:1',
  AGENT_SECRET_NAME: 'connection',
};

function read(env: Readonly<Record<string, string>>): ProcessSettings {
  return readOperatorSettings({
    env,
    hostName: 'Operator-0',
    readFile: (path) => {
      throw new Error(`ENOENT: ${path}`);
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

describe('the settings of an operator', () => {
  test('need what only an installation can say, and have the defaults of the chart', () => {
    const { metadataUrl, ...rest } = read(REQUIRED);
    expect(metadataUrl.reveal()).toBe(REQUIRED.METADATA_STORE);
    expect(rest).toEqual({
      cluster: {
        server: 'https://10.0.0.1:443',
        folder: '/var/run/secrets/kubernetes.io/serviceaccount',
      },
      instance: 'operator-0',
      namespaces: ['streamhouse'],
      lease: { namespace: 'streamhouse', name: 'streamhouse-operator' },
      nameTemplate: '{name}',
      drift: 'Correct',
      resyncIntervalMs: 300_000,
      httpPort: 8080,
      api: {
        port: 3001,
        basePath: '/',
        keysFile: undefined,
        tls: undefined,
        tokenAudience: undefined,
        isReadOnly: false,
        allowedOrigins: [],
        trustedProxies: 0,
        requestsPerMinute: 6_000,
        lagThresholds: { caughtUpMax: 0, normalMax: 1_000 },
      },
      logLevel: 'info',
      install: {
        image: 'registry.example/streamhouse:1',
        imagePullPolicy: 'IfNotPresent',
        imagePullSecrets: [],
        secretName: 'connection',
        objects: {
          endpoint: undefined,
          region: 'us-east-1',
          bucket: 'streamhouse-data',
          prefix: '',
        },
      },
      objectCredentials: undefined,
    });
  });

  test('tell the API server by the pod, or by the file that is named', () => {
    const pod = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    expect(read({ ...REQUIRED, ...pod, SERVICE_ACCOUNT_FOLDER: '/account' }).cluster).toEqual({
      server: 'https://[fd00::1]:6443',
      folder: '/account',
    });
    const { KUBERNETES_SERVICE_HOST: _, ...outside } = REQUIRED;
    expect(read({ ...outside, KUBECONFIG: '/config' }).cluster).toEqual({ kubeconfig: '/config' });
    expect(faultsOf(outside)).toEqual([
      expect.stringMatching(/^KUBERNETES_SERVICE_HOST .*KUBECONFIG/),
    ]);
  });

  test('have the certificate of the API by the paths of its files', () => {
    const paths = { API_TLS_CERT_FILE: '/tls/tls.crt', API_TLS_KEY_FILE: '/tls/tls.key' };
    expect(read({ ...REQUIRED, ...paths }).api.tls).toEqual({
      certFile: '/tls/tls.crt',
      keyFile: '/tls/tls.key',
    });
  });

  test('watch the namespaces that are named once each, or all of them', () => {
    expect(read({ ...REQUIRED, WATCH_NAMESPACES: 'a, b,a,' }).namespaces).toEqual(['a', 'b']);
    expect(read({ ...REQUIRED, WATCH_NAMESPACES: '*' }).namespaces).toBeUndefined();
    expect(faultsOf({ ...REQUIRED, WATCH_NAMESPACES: 'a,*' })).toEqual([
      'WATCH_NAMESPACES must be names of Kubernetes with commas between, got "*"',
    ]);
  });

  test('are refused with every fault at once', () => {
    const faults = faultsOf({
      METADATA_STORE: 'http://db',
      METADATA_STORE_FILE: '/missing',
      TOPIC_NAME_TEMPLATE: '{uid}',
      DRIFT_MODE: 'correct',
      RESYNC_INTERVAL: '1s',
      HTTP_PORT: '70000',
      API_BASE_PATH: 'streamhouse/',
      API_ALLOWED_ORIGINS: 'https://console.example,https://console.example/',
      API_TLS_CERT_FILE: '/tls/tls.crt',
      STREAMHOUSE_PREFIX: '../up',
      AWS_ACCESS_KEY_ID: 'AKID',
      POD_NAME: 'Operator_1',
    });
    const names = faults.map((fault) => fault.split(' ')[0]);
    expect(new Set(names)).toEqual(
      new Set([
        'METADATA_STORE',
        'METADATA_STORE_FILE',
        'KUBERNETES_SERVICE_HOST',
        'POD_NAMESPACE',
        'POD_NAME',
        'LEADER_ELECTION_NAMESPACE',
        'TOPIC_NAME_TEMPLATE',
        'DRIFT_MODE',
        'RESYNC_INTERVAL',
        'HTTP_PORT',
        'API_BASE_PATH',
        'API_ALLOWED_ORIGINS',
        'API_TLS_KEY_FILE',
        'AGENT_IMAGE',
        'AGENT_SECRET_NAME',
        'STREAMHOUSE_PREFIX',
        'AWS_SECRET_ACCESS_KEY',
      ]),
    );
  });

  test('say from where on a group lags, in an order that can be', () => {
    const lag = { API_LAG_CAUGHT_UP_MAX: '10', API_LAG_NORMAL_MAX: '50000' };
    expect(read({ ...REQUIRED, ...lag }).api.lagThresholds).toEqual({
      caughtUpMax: 10,
      normalMax: 50_000,
    });
    expect(faultsOf({ ...REQUIRED, API_LAG_CAUGHT_UP_MAX: '1001' })).toEqual([
      'API_LAG_NORMAL_MAX must be at least API_LAG_CAUGHT_UP_MAX, 1001',
    ]);
    expect(faultsOf({ ...REQUIRED, API_LAG_NORMAL_MAX: '-1' })).toEqual([
      expect.stringMatching(/^API_LAG_NORMAL_MAX must be an integer/),
    ]);
  });

  test('show no secret to whoever prints them', () => {
    const settings = read({
      ...REQUIRED,
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'topsecret',
    });
    for (const text of [inspect(settings, { depth: 9 }), JSON.stringify(settings)]) {
      expect(text).not.toContain('hunter2');
      expect(text).not.toContain('topsecret');
    }
  });
});
