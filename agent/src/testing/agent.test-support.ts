import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  credentials,
  makeClientConstructor,
  type Client,
  type ClientDuplexStream,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { packageDefinition } from '@streamhouse/api/services.ts';
import { decodeStatus, STATUS_DETAILS_KEY } from '@streamhouse/api/status.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { Secret } from '@streamhouse/core/secret.ts';
import { soon } from '@streamhouse/store/metadata/pg/log.test-support.ts';
import { openPgMetadata } from '@streamhouse/store/metadata/pg/metadata.ts';
import type { Metadata } from '@streamhouse/store/metadata/port.ts';
import { openDirectoryStore } from '@streamhouse/store/objects/directory.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import pino from 'pino';
import { type Agent, startAgent } from '../agent.ts';
import type { SessionLease } from '../lease/session-lease.ts';
import { workerLeaseOpener } from '../lease/worker-lease.ts';
import { AgentMetrics } from '../metrics.ts';
import { readAgentSettings } from '../settings.ts';

export interface TestAgentOptions {
  readonly url: string;
  /** Directory of the object store. */
  readonly root: string;
  readonly agentId?: string;
  /** Puts something of the test's own around the ports. */
  readonly wrapObjects?: (objects: ObjectStore) => ObjectStore;
  readonly wrapMetadata?: (metadata: Metadata) => Metadata;
  readonly wrapLease?: (lease: SessionLease) => SessionLease;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface TestAgent extends AsyncDisposable {
  readonly agent: Agent;
  readonly metadata: Metadata;
  /** Everything logged so far. */
  readonly log: readonly string[];
  get(path: string): Promise<Answer>;
  /** Calls a unary method such as `ProducerService/Produce`. @throws StreamError */
  call<Response>(method: string, request: object, timeoutMs?: number): Promise<Response>;
  /** Opens a stream of both directions, such as `GroupService/Heartbeat`. */
  stream<Request extends object, Response extends object>(
    method: string,
  ): ClientDuplexStream<Request, Response>;
}

/** An agent in this process on ports of its own, over real stores. Beats five times a second. */
export async function startTestAgent(options: TestAgentOptions): Promise<TestAgent> {
  await using parts = new AsyncDisposableStack();
  const settings = readAgentSettings({
    env: {
      METADATA_STORE: options.url,
      STREAMHOUSE_OBJECTS_DIR: options.root,
      AGENT_ID: options.agentId ?? 'agent-0',
      AGENT_ADDRESS: '127.0.0.1:0',
      AGENT_ADVERTISED_ADDRESS: `127.0.0.1:${9000 + Number(options.agentId?.at(-1) ?? 0)}`,
      METRICS_PORT: '0',
      HEARTBEAT_INTERVAL: '200ms',
      SESSION_TIMEOUT: '3s',
      DRAIN_TIMEOUT: '10s',
    },
    hostName: 'test',
    readFile: () => '',
  });
  const clock = systemClock;
  const random = Math.random;
  const metadata = parts.use(
    await openPgMetadata({
      url: options.url,
      applicationName: 'test',
      clock,
      random,
      onError: () => undefined,
    }),
  );
  const objects = parts.use(await openDirectoryStore({ root: options.root }));
  const openLease = workerLeaseOpener(
    { ...settings, metadataUrl: new Secret(options.url), stallMsMax: 10_000 },
    () => undefined,
  );
  const log: string[] = [];
  const agent = parts.use(
    await startAgent(settings, {
      metadata: options.wrapMetadata?.(metadata) ?? metadata,
      objects: options.wrapObjects?.(objects) ?? objects,
      openLease: (start) => options.wrapLease?.(openLease(start)) ?? openLease(start),
      clock,
      random,
      log: pino({ level: 'info' }, { write: (line: string) => void log.push(line) }),
      metrics: new AgentMetrics(),
    }),
  );
  const clients = new Map<string, Client>();
  parts.defer(() => {
    for (const client of clients.values()) client.close();
  });
  const clientOf = (service: string): Client => {
    const client = clients.get(service) ?? openClient(service, agent.grpcPort);
    clients.set(service, client);
    return client;
  };
  const owned = parts.move();
  return {
    agent,
    metadata,
    log,
    async get(path) {
      const response = await fetch(`http://127.0.0.1:${agent.httpPort}${path}`);
      return { status: response.status, body: await response.text() };
    },
    call(method, request, timeoutMs = 15_000) {
      const [service = '', name = ''] = method.split('/');
      return callUnary(clientOf(service), service, name, request, timeoutMs);
    },
    stream<Request extends object, Response extends object>(method: string) {
      const [service = '', name = ''] = method.split('/');
      const { path, requestSerialize, responseDeserialize } = methodOf(service, name);
      return clientOf(service).makeBidiStreamRequest<Request, Response>(
        path,
        requestSerialize,
        responseDeserialize,
      );
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function openClient(service: string, port: number): Client {
  const definition = packageDefinition[`streamhouse.v1.${service}`] as ServiceDefinition;
  const ServiceClient = makeClientConstructor(definition, service);
  return new ServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
}

function callUnary<Response>(
  client: Client,
  service: string,
  name: string,
  request: object,
  timeoutMs: number,
): Promise<Response> {
  const method = methodOf(service, name);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest<object, Response>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      { deadline: Date.now() + timeoutMs },
      (error: ServiceError | null, response?: Response) => {
        if (error === null) resolve(response as Response);
        else reject(streamErrorOf(error));
      },
    );
  });
}

function methodOf(service: string, name: string): ServiceDefinition[string] {
  return (packageDefinition[`streamhouse.v1.${service}`] as ServiceDefinition)[name]!;
}

export function streamErrorOf(error: ServiceError): Error {
  const [details] = error.metadata?.get(STATUS_DETAILS_KEY) ?? [];
  return decodeStatus(error.code, error.details, details as Buffer | undefined, error);
}

/** Until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const signal = soon();
  while (!(await isSo())) {
    signal.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The port with some of its methods done by the test. */
export function around<Port extends object>(port: Port, methods: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

export async function temporaryRoot(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'streamhouse-agent-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
