/** One connection to one agent, with a client for each of its services. */
import {
  Channel,
  type ChannelOptions,
  type Client,
  type ClientOptions,
  type ClientUnaryCall,
  credentials,
  type Metadata,
  type CallOptions,
  Metadata as CallMetadata,
  makeClientConstructor,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import type { AdminServiceClient } from '@streamhouse/api/gen/streamhouse/v1/AdminService.ts';
import type { ConsumerServiceClient } from '@streamhouse/api/gen/streamhouse/v1/ConsumerService.ts';
import type { GroupServiceClient } from '@streamhouse/api/gen/streamhouse/v1/GroupService.ts';
import type { MetadataServiceClient } from '@streamhouse/api/gen/streamhouse/v1/MetadataService.ts';
import type { ProducerServiceClient } from '@streamhouse/api/gen/streamhouse/v1/ProducerService.ts';
import { packageDefinition } from '@streamhouse/api/services.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { callError } from './wire-error.ts';

const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': LIMITS.grpcMessageBytesMax,
  'grpc.max_send_message_length': LIMITS.grpcMessageBytesMax,
  'grpc-node.flow_control_window': LIMITS.grpcWindowBytes,
  // For what stands between and forgets quiet connections. Streams notice by themselves when nobody answers.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // Retries are ours: the library would keep a copy of what a stream has sent, and repeat it without our knowledge.
  'grpc.enable_retries': 0,
  // A pool of its own: `close` then closes the connection.
  'grpc.use_local_subchannel_pool': 1,
};

export interface AgentChannel {
  /** `host:port`. */
  readonly address: string;
  readonly admin: AdminServiceClient;
  readonly consumer: ConsumerServiceClient;
  readonly group: GroupServiceClient;
  readonly metadata: MetadataServiceClient;
  readonly producer: ProducerServiceClient;
  /** Ends every call on it. */
  close(): void;
}

/** Does not connect yet: the first call does. */
export function openAgentChannel(address: string): AgentChannel {
  const channel = new Channel(address, credentials.createInsecure(), CHANNEL_OPTIONS);
  const client = <T extends Client>(service: string): T => {
    const definition = packageDefinition[`streamhouse.v1.${service}`] as ServiceDefinition;
    const options: ClientOptions = { channelOverride: channel };
    const ServiceClient = makeClientConstructor(definition, service);
    return new ServiceClient(address, credentials.createInsecure(), options) as unknown as T;
  };
  return {
    address,
    admin: client<AdminServiceClient>('AdminService'),
    consumer: client<ConsumerServiceClient>('ConsumerService'),
    group: client<GroupServiceClient>('GroupService'),
    metadata: client<MetadataServiceClient>('MetadataService'),
    producer: client<ProducerServiceClient>('ProducerService'),
    close: () => channel.close(),
  };
}

export interface UnaryOptions {
  readonly signal: AbortSignal;
  /** Milliseconds until it fails as `indefinite`. */
  readonly timeoutMs: number;
  /** What the deadline is read from. */
  readonly clock: Clock;
}

/** The form in which the generated types give a unary method. */
export type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: CallOptions,
  callback: (error: ServiceError | null, response?: Response) => void,
) => ClientUnaryCall;

/**
 * Calls a unary method: `callUnary((...call) => agent.admin.listTopics(...call), {}, options)`.
 *
 * @throws StreamError of the call; the signal's reason when it aborts.
 */
export function callUnary<Request, Response>(
  method: UnaryMethod<Request, Response>,
  request: Request,
  { signal, timeoutMs, clock }: UnaryOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const deadline = clock.wallMs() + timeoutMs;
    const call = method(request, new CallMetadata(), { deadline }, (error, response) => {
      signal.removeEventListener('abort', onAbort);
      if (signal.aborted) reject(signal.reason);
      else if (error !== null) reject(callError(error));
      else resolve(response as Response);
    });
    const onAbort = (): void => call.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
