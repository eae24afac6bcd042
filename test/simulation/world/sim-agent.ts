/** One process of an agent: its lives and its services as they are, over the links of the simulated world. */
import type { ServiceContext } from '@streamhouse/agent/grpc/call.ts';
import { consumerService } from '@streamhouse/agent/grpc/consumer-service.ts';
import { metadataService } from '@streamhouse/agent/grpc/metadata-service.ts';
import { producerService } from '@streamhouse/agent/grpc/producer-service.ts';
import type { AgentComponents } from '@streamhouse/agent/incarnation.ts';
import { Lives } from '@streamhouse/agent/lives.ts';
import { openLog } from '@streamhouse/agent/log.ts';
import type { AgentMetrics } from '@streamhouse/agent/metrics.ts';
import { type AgentSettings, readAgentSettings } from '@streamhouse/agent/settings.ts';
import type { Metadata } from '@streamhouse/store/metadata/port.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import { SimLease } from './sim-lease.ts';
import type { Service } from './wire.ts';

export interface SimAgentOptions {
  readonly process: SimProcess;
  readonly agentId: string;
  readonly address: string;
  readonly zone: string;
  readonly metadata: Metadata;
  readonly objects: ObjectStore;
  readonly random: () => number;
  /** One for all agents: its series say nothing here, and each costs a watch over the collector. */
  readonly metrics: AgentMetrics;
}

export class SimAgent {
  readonly process: SimProcess;
  readonly lives: Lives;
  readonly context: ServiceContext;
  readonly services: Readonly<Record<string, Service>>;

  constructor(options: SimAgentOptions) {
    const { process, metadata, metrics, random } = options;
    const { clock } = process;
    const settings = settingsOf(options);
    const log = openLog('fatal', options.agentId);
    const components: AgentComponents = {
      metadata,
      objects: options.objects,
      openLease: (start) => new SimLease({ ...settings, clock, metadata }, start),
      clock,
      random,
      log,
      metrics,
    };
    this.process = process;
    this.lives = new Lives(settings, components);
    this.context = { current: () => this.lives.current(), clock, log, metrics };
    this.services = {
      ProducerService: producerService(this.context) as unknown as Service,
      ConsumerService: consumerService(this.context) as unknown as Service,
      MetadataService: metadataService(this.context) as unknown as Service,
    };
    this.lives.start({ setServing: () => undefined });
  }

  /** Stops as at SIGTERM. */
  async stop(): Promise<void> {
    await this.lives.drain();
    await this.lives[Symbol.asyncDispose]();
  }
}

function settingsOf({ agentId, address, zone }: SimAgentOptions): AgentSettings {
  return readAgentSettings({
    env: {
      METADATA_STORE: 'postgres://simulation/streamhouse',
      STREAMHOUSE_OBJECTS_DIR: 'simulation',
      AGENT_ID: agentId,
      AGENT_ADVERTISED_ADDRESS: address,
      AGENT_ZONE: zone,
    },
    hostName: agentId,
    readFile: () => '',
  });
}
