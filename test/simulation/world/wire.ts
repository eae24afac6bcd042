/**
 * The network between clients and agents: calls of the contract, encoded as they are on the wire, between the services as
 * they are and the SDK as it is. Within a call what is sent arrives in order, as TCP has it; a call that breaks loses what
 * is on its way, or delivers it after its sender was told that it broke.
 */
import { packageDefinition } from '@streamhouse/api/services.ts';
import type { AgentChannel } from '@streamhouse/client/cluster/agent-channel.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { CallMethod, ServerHandler } from './server-call.ts';
import { ClientCall, type WireOptions } from './wire-call.ts';

/** The handlers of a service, by the name of their method. */
export type Service = Readonly<Record<string, ServerHandler>>;

interface Endpoint {
  readonly process: SimProcess;
  readonly services: Readonly<Record<string, Service>>;
}

type UnaryCallback = (error: Error | null, response?: object) => void;

const SERVICES = ['ProducerService', 'ConsumerService', 'MetadataService'] as const;

export class Wire {
  readonly #options: WireOptions;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #calls = new Set<ClientCall>();

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** From now on calls to the address reach this process. */
  bind(address: string, endpoint: Endpoint): void {
    this.#endpoints.set(address, endpoint);
  }

  /** The ends of all calls of a process that is gone are told so. */
  hangUp(process: SimProcess): void {
    for (const call of [...this.#calls]) if (call.involves(process)) call.breakOff();
  }

  /** A channel of a client as the SDK opens it. */
  openChannel(client: SimProcess, address: string): AgentChannel {
    const open = new Set<ClientCall>();
    const clients = SERVICES.map((service) => this.#client(client, address, service, open));
    const [producer, consumer, metadata] = clients;
    const close = (): void => {
      for (const call of [...open]) call.cancel();
    };
    return { address, producer, consumer, metadata, admin: {}, close } as unknown as AgentChannel;
  }

  #client(
    client: SimProcess,
    address: string,
    service: string,
    open: Set<ClientCall>,
  ): Readonly<Record<string, unknown>> {
    const methods = Object.entries(serviceOf(service));
    const start = (name: string, method: CallMethod): ClientCall => {
      const call = this.#start(client, address, { service, name, method });
      open.add(call);
      call.whenOver(() => open.delete(call));
      return call;
    };
    return Object.fromEntries(
      methods.map(([name, method]) => {
        const key = `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`;
        if (method.requestStream) return [key, () => start(name, method)];
        if (!method.responseStream)
          return [key, (...words: Parameters<typeof unary>) => unary(...words)];
        return [key, (request: object) => start(name, method).sendOnly(request)];

        function unary(
          request: object,
          _metadata: unknown,
          { deadline }: { readonly deadline: number },
          callback: UnaryCallback,
        ): ClientCall {
          const call = start(name, method).sendOnly(request);
          call.expireAfter(deadline - client.clock.wallMs());
          call.on('data', (response: object) => callback(null, response));
          call.on('error', (error: Error) => callback(error));
          return call;
        }
      }),
    );
  }

  #start(
    client: SimProcess,
    address: string,
    { service, name, method }: { service: string; name: string; method: CallMethod },
  ): ClientCall {
    const endpoint = this.#endpoints.get(address);
    const call = new ClientCall(this.#options, client, endpoint?.process, {
      name,
      method,
      handler: endpoint?.services[service]?.[name],
    });
    this.#calls.add(call);
    call.whenOver(() => this.#calls.delete(call));
    return call;
  }
}

function serviceOf(name: string): Readonly<Record<string, CallMethod>> {
  const service = packageDefinition[`streamhouse.v1.${name}`];
  if (service === undefined || 'format' in service) throw new Error(`the contract has no ${name}`);
  return service;
}
