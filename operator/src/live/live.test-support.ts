/** The sockets on a server of their own, with keys and a cluster that the test makes up, on time that only the test moves. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { LIVE_PATH } from '@streamhouse/api/live.ts';
import type { Agent } from '@streamhouse/api/rest/agents.ts';
import type { MonitoringMetrics } from '@streamhouse/api/rest/metrics.ts';
import WebSocket, { type ClientOptions } from 'ws';
import { type ApiSettings } from '../http/api.ts';
import { startApiServer } from '../http/api-server.ts';
import { ApiKeys, newApiKey } from '../http/identity/api-keys.ts';
import { Authenticator } from '../http/identity/authenticator.ts';
import type { Scope } from '../http/identity/principal.ts';
import { VirtualClock } from '../kube/testing/virtual-clock.test-support.ts';
import { LiveHub } from './live-hub.ts';
import { liveSockets } from './live-server.ts';
import { LiveState } from './live-state.ts';

const HMAC_KEY = Buffer.alloc(32, 7).toString('base64url');
/** What the events need. */
export const ALL_READS: readonly Scope[] = [
  'metrics:read',
  'topics:read',
  'agents:read',
  'groups:read',
];

type Key = ReturnType<typeof newApiKey>;

/** The cluster as the next look finds it. */
export interface Cluster {
  metrics: MonitoringMetrics;
  agents: readonly Agent[];
}

export interface LiveRig extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly cluster: Cluster;
  /** What tickets stand for: each is taken once. */
  readonly tickets: Map<string, { readonly authorization: string }>;
  readonly port: number;
  looks(): number;
  /** Makes the looks fail. */
  fail(isFailing: boolean): void;
  /** Makes a key that is taken until `expiresAt`, or for good. */
  key(scopes: readonly Scope[], expiresAt?: string): string;
  revokeAll(): void;
  open(path: string, options?: ClientOptions): Client;
  /** A connection of the test's own hand. */
  raw(): Promise<Socket>;
  end(): void;
}

export function metricsOf(change: Partial<MonitoringMetrics> = {}): MonitoringMetrics {
  return {
    throughput: { produceRate: 1, fetchRate: null, produceBytes: 2, fetchBytes: 3 },
    latency: {
      ...{ produceP50: 0.1, produceP95: 0.2, produceP99: 0.3 },
      ...{ fetchP50: null, fetchP95: null, fetchP99: null },
    },
    topicStats: [],
    consumerLags: [],
    clusterHealth: {
      ...{ activeConnections: null, totalTopics: 0, totalPartitions: 0, totalConsumers: 0 },
      ...{ diskUsageBytes: 0, memoryUsageBytes: null, goroutineCount: null },
    },
    timestamp: 1,
    ...change,
  };
}

export async function startLive(settings: Partial<ApiSettings> = {}): Promise<LiveRig> {
  await using parts = new AsyncDisposableStack();
  const clock = new VirtualClock();
  const cluster: Cluster = { metrics: metricsOf(), agents: [] };
  let [looks, isFailing] = [0, false];
  let keys: readonly Key[] = [];
  const hub = new LiveHub({
    look: (sequence) => {
      looks += 1;
      if (isFailing) return Promise.reject(new Error('Postgres is down'));
      return Promise.resolve(new LiveState(sequence, cluster.metrics, cluster.agents));
    },
    clock,
    random: () => 0,
    onError: () => undefined,
  });
  const api: ApiSettings = {
    ...{ basePath: '/', isLoopback: false, isReadOnly: false, allowedOrigins: [] },
    ...{ trustedProxies: 0, requestsPerMinute: 1_000 },
    ...{ lagThresholds: { caughtUpMax: 0, normalMax: 1_000 }, ...settings },
  };
  const authenticator = new Authenticator({
    ...{ isLoopback: api.isLoopback, reviews: undefined, clock },
    keys: () =>
      new ApiKeys(JSON.stringify({ hmacKey: HMAC_KEY, keys: keys.map(({ entry }) => entry) })),
  });
  const tickets: LiveRig['tickets'] = new Map();
  const sockets = liveSockets(api, {
    ...{ hub, authenticator, reviews: undefined, clock },
    tickets: {
      take(ticket) {
        const headers = tickets.get(ticket);
        tickets.delete(ticket);
        return Promise.resolve(headers);
      },
    },
  });
  const server = parts.use(
    await startApiServer((_, response) => response.end(), { host: '127.0.0.1', port: 0, sockets }),
  );
  const stop = new AbortController();
  const running = hub.run(stop.signal);
  const clients: Client[] = [];
  parts.defer(async () => {
    stop.abort();
    for (const client of clients) client.socket.terminate();
    await clock.pass(2_000);
    await running;
  });
  const owned = parts.move();
  return {
    ...{ clock, cluster, tickets, port: server.port, looks: () => looks },
    fail: (value) => {
      isFailing = value;
    },
    key(scopes, expiresAt) {
      const key = newApiKey(HMAC_KEY, { name: 'test', scopes, expiresAt: expiresAt ?? null });
      keys = [...keys, key];
      return key.key;
    },
    revokeAll: () => {
      keys = [];
    },
    open(path, options = {}) {
      const client = new Client(new WebSocket(`ws://127.0.0.1:${server.port}${path}`, options));
      clients.push(client);
      return client;
    },
    async raw() {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    },
    end: () => sockets.end(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A client, and all that came to it. */
export class Client {
  readonly socket: WebSocket;
  readonly frames: string[] = [];
  /** Status before the upgrade, or code of the close. */
  readonly ended: Promise<number>;
  code: number | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.ended = promise.then((code) => (this.code = code));
    socket.on('message', (bytes: Buffer) => this.frames.push(bytes.toString()));
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', (code) => resolve(code));
  }

  event(index: number): unknown {
    return JSON.parse(this.frames[index] ?? 'null');
  }
}

export function bearer(key: string): ClientOptions {
  return { headers: { authorization: `Bearer ${key}` } };
}

/** The request for an upgrade, for connections of the test's own hand. */
export function upgradeRequest(key: string): string {
  return [
    `GET ${LIVE_PATH} HTTP/1.1`,
    'host: 127.0.0.1',
    'connection: Upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
    `authorization: Bearer ${key}`,
    '\r\n',
  ].join('\r\n');
}
