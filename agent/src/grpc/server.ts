import { createRequire } from 'node:module';
import {
  type ChannelOptions,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync, type MethodDefinition as LoadedMethod } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { packageDefinition, reflectionDefinition } from '@streamhouse/api/services.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { HealthImplementation, protoPath as healthProto } from 'grpc-health-check';
import { adminService } from './admin-service.ts';
import { RefusedRequest, type ServiceContext } from './call.ts';
import { consumerService } from './consumer-service.ts';
import { FrameGuard, type GuardedStream } from './frame-guard.ts';
import { groupService } from './group-service.ts';
import { checkFields, malformed, type MessageShape, messageShape } from './message-shape.ts';
import { metadataService } from './metadata-service.ts';
import { producerService } from './producer-service.ts';

export interface GrpcServer {
  readonly port: number;
  /** What `grpc.health.v1.Health` answers. */
  setServing(isServing: boolean): void;
  /** Takes no new calls, lets those under way end for up to `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

const OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': LIMITS.grpcMessageBytesMax,
  'grpc.max_send_message_length': LIMITS.grpcMessageBytesMax,
  'grpc.max_concurrent_streams': LIMITS.grpcConcurrentStreamsMax,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/** @throws StreamError `unavailable` LISTEN when the address cannot be used. */
export async function startGrpcServer(
  context: ServiceContext,
  listen: { readonly host: string; readonly port: number },
): Promise<GrpcServer> {
  confineConnections();
  const server = new Server(OPTIONS);
  add(server, 'ProducerService', producerService(context));
  add(server, 'ConsumerService', consumerService(context));
  add(server, 'GroupService', groupService(context));
  add(server, 'MetadataService', metadataService(context));
  add(server, 'AdminService', adminService(context));
  new ReflectionService(
    reflectionDefinition({ ...packageDefinition, ...loadSync(healthProto) }),
  ).addToServer(server);
  const health = new HealthImplementation({ '': 'NOT_SERVING' });
  health.addToServer(server);
  const port = await bind(server, `${listen.host}:${listen.port}`);
  return {
    port,
    setServing: (isServing) => health.setStatus('', isServing ? 'SERVING' : 'NOT_SERVING'),
    close: (graceMs) => close(server, context.clock, graceMs),
  };
}

function add(server: Server, name: string, handlers: UntypedServiceImplementation): void {
  const loaded = loadPackageDefinition(packageDefinition) as unknown as {
    readonly streamhouse: { readonly v1: Readonly<Record<string, ServiceClientConstructor>> };
  };
  const service = loaded.streamhouse.v1[name]?.service;
  if (service === undefined) throw new Error(`the contract has no ${name}`);
  server.addService(tolerant(service), handlers);
}

/**
 * The library answers bytes that it cannot decode with INTERNAL, and decodes whatever it is told. Here both reach the
 * handler as what they are, so that the caller is told INVALID_ARGUMENT and the connection stays up.
 */
function tolerant(service: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => {
      const { requestDeserialize } = method;
      const shape = messageShape(
        packageDefinition,
        (method as LoadedMethod<object, object>).requestType,
      );
      return [
        name,
        {
          ...method,
          requestDeserialize: (bytes: Buffer) => decode(bytes, shape, requestDeserialize),
        },
      ];
    }),
  );
}

function decode(
  bytes: Buffer,
  shape: MessageShape,
  deserialize: (bytes: Buffer) => object,
): object {
  try {
    checkFields(bytes, shape, LIMITS.requestFieldsMax);
    return deserialize(bytes);
  } catch (error) {
    if (error instanceof StreamError) return new RefusedRequest(error);
    return new RefusedRequest(malformed(error instanceof Error ? error.message : String(error)));
  }
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else
        reject(
          new StreamError(
            'unavailable',
            'LISTEN',
            `cannot listen on ${address}: ${error.message}`,
            { cause: error },
          ),
        );
    });
  });
}

function close(server: Server, clock: Clock, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cancelForce = clock.schedule(graceMs, () => server.forceShutdown());
    server.tryShutdown(() => {
      cancelForce();
      resolve();
    });
  });
}

interface Http2Settings {
  readonly settings?: object;
}
interface Http2Session {
  setLocalWindowSize(bytes: number): void;
  once(event: 'close', listener: () => void): this;
  on(event: 'stream', listener: (stream: GuardedStream) => void): this;
}
interface Http2ServerLike {
  on(event: 'session', listener: (session: Http2Session) => void): this;
}
interface Http2Module {
  createServer: (options: Http2Settings) => Http2ServerLike;
}

let isConfined = false;
let connections = 0;

/** Connections of clients to all servers of the process. */
export function openConnections(): number {
  return connections;
}

/**
 * What the library has no option for: the receive window of a server, which is 64 KiB, so that an upload of 1 MiB takes a
 * round trip for each 64 KiB; the size of a request's metadata; and what a connection may hold of unfinished messages. It
 * calls `http2.createServer` at each bind, so that is where they are set.
 */
function confineConnections(): void {
  if (isConfined) return;
  isConfined = true;
  const http2 = createRequire(import.meta.url)('node:http2') as Http2Module;
  const { createServer } = http2;
  http2.createServer = (options) => {
    const settings = {
      ...options.settings,
      initialWindowSize: LIMITS.grpcWindowBytes,
      maxHeaderListSize: LIMITS.grpcMetadataBytesMax,
    };
    const server = createServer({ ...options, settings });
    server.on('session', (session) => {
      session.setLocalWindowSize(LIMITS.grpcWindowBytes);
      connections += 1;
      session.once('close', () => {
        connections -= 1;
      });
      const guard = new FrameGuard();
      session.on('stream', (stream) => guard.watch(stream));
    });
    return server;
  };
}
