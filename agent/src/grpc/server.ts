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
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { packageDefinition, reflectionDefinition } from '@streamhouse/api/services.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { HealthImplementation, protoPath as healthProto } from 'grpc-health-check';
import { adminService } from './admin-service.ts';
import { MalformedRequest, type ServiceContext } from './call.ts';
import { consumerService } from './consumer-service.ts';
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
  'grpc.max_metadata_size': LIMITS.grpcMetadataBytesMax,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/** @throws StreamError `unavailable` LISTEN when the address cannot be used. */
export async function startGrpcServer(
  context: ServiceContext,
  listen: { readonly host: string; readonly port: number },
): Promise<GrpcServer> {
  enlargeReceiveWindow();
  const server = new Server(OPTIONS);
  add(server, 'ProducerService', producerService(context));
  add(server, 'ConsumerService', consumerService(context));
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
 * The library answers bytes that it cannot decode with INTERNAL. Here they reach the handler as what they are, so that the
 * caller is told INVALID_ARGUMENT and the connection stays up.
 */
function tolerant(service: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      {
        ...method,
        requestDeserialize: (bytes: Buffer): object => {
          try {
            return method.requestDeserialize(bytes);
          } catch (error) {
            return new MalformedRequest(error instanceof Error ? error.message : String(error));
          }
        },
      },
    ]),
  );
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
interface Http2ServerLike {
  on(
    event: 'session',
    listener: (session: { setLocalWindowSize(bytes: number): void }) => void,
  ): this;
}
interface Http2Module {
  createServer: (options: Http2Settings) => Http2ServerLike;
}

let isWindowLarge = false;

/**
 * The library has no option for the receive window of a server, which is 64 KiB: an upload of 1 MiB then takes a round trip
 * for each 64 KiB. It calls `http2.createServer` at each bind, so that is where the window is set.
 */
function enlargeReceiveWindow(): void {
  if (isWindowLarge) return;
  isWindowLarge = true;
  const http2 = createRequire(import.meta.url)('node:http2') as Http2Module;
  const { createServer } = http2;
  http2.createServer = (options) => {
    const settings = { ...options.settings, initialWindowSize: LIMITS.grpcWindowBytes };
    const server = createServer({ ...options, settings });
    server.on('session', (session) => session.setLocalWindowSize(LIMITS.grpcWindowBytes));
    return server;
  };
}
