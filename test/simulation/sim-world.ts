/** One simulated world: what is durable, the agents and the clients, and the links between them. */
import type { AgentMetrics } from '@streamhouse/agent/metrics.ts';
import { type TopicId, topicId } from '@streamhouse/core/ids.ts';
import { checkFinal } from './check/final-check.ts';
import { History } from './check/history.ts';
import { Witness } from './check/witness.ts';
import { SeededRandom } from './kernel/random.ts';
import { Scheduler } from './kernel/scheduler.ts';
import { SimProcess } from './kernel/sim-process.ts';
import { Trace } from './kernel/trace.ts';
import { Bucket, objectsOver } from './model/bucket.ts';
import { Database } from './model/database.ts';
import { metadataOver } from './model/metadata.ts';
import type { StoreBug } from './model/witness.ts';
import { changeFeedOf } from './world/change-feed.ts';
import { SimAgent } from './world/sim-agent.ts';
import { postgresLink, storeLink } from './world/store-link.ts';
import { Weather } from './world/weather.ts';
import { Wire } from './world/wire.ts';
import {
  type ClientOptions,
  runConsumer,
  runProducer,
  runSimpleProducer,
  type WorkloadTopic,
} from './workload/clients.ts';

/** Bugs of the wiring, beside those of the stores. */
export type PlantedBug = StoreBug | 'acknowledged-early' | 'unknown-told-as-failed';

export interface WorldOptions {
  readonly seed: number;
  readonly metrics: AgentMetrics;
  readonly traceLinesMax: number;
  readonly bug?: PlantedBug | undefined;
}

export const AGENTS = 3;
const LASTING: WorkloadTopic = { name: 'orders', partitions: 4 };
export const SCRATCH: WorkloadTopic = { name: 'scratch', partitions: 2 };
const DAY_MS = 86_400_000;

export class SimWorld {
  readonly scheduler: Scheduler = new Scheduler();
  readonly weather: Weather = new Weather();
  readonly random: SeededRandom;
  readonly trace: Trace;
  readonly database: Database;
  readonly history: History;
  readonly witness: Witness;
  /** The newest process of each agent. */
  readonly agents: SimAgent[] = [];
  readonly clients: string[] = [];
  readonly #options: WorldOptions;
  readonly #bucket: Bucket;
  readonly #wire: Wire;
  readonly #enough = new AbortController();
  #lives = 0;

  constructor(options: WorldOptions) {
    const { seed, bug } = options;
    this.#options = options;
    this.random = new SeededRandom(seed);
    this.trace = new Trace(options.traceLinesMax);
    const storeBug =
      bug === 'acknowledged-early' || bug === 'unknown-told-as-failed' ? undefined : bug;
    this.witness = new Witness((invariant, message) => this.history.violate(invariant, message));
    this.#bucket = new Bucket(this.witness);
    const ids = this.random.fork('topic ids');
    const { scheduler } = this;
    this.database = new Database({
      newTopicId: () => randomTopicId(ids),
      wallMs: () => Math.floor(scheduler.nowMs),
      witness: this.witness,
      bug: storeBug,
    });
    this.history = new History(
      {
        step: () => scheduler.steps,
        nowMs: () => scheduler.nowMs,
        topicId: (name) => this.database.topics.byName(name)?.topicId,
        nextOffset: (name, partition) => {
          const topic = this.database.topics.byName(name);
          if (topic === undefined) return undefined;
          return this.database.topics.partitions(topic.topicId)[partition]?.nextOffset;
        },
      },
      new Set([LASTING.name]),
    );
    this.#wire = new Wire({ scheduler, weather: this.weather, random: this.random.fork('wire') });
    this.createTopic(LASTING);
    this.createTopic(SCRATCH);
    for (let index = 0; index < AGENTS; index++) this.startAgent(index);
    this.#startClients();
  }

  createTopic({ name, partitions }: WorkloadTopic): void {
    const durability = this.#options.bug === 'acknowledged-early' ? 'memory' : 'object';
    const settings = {
      pool: 'default',
      durability,
      retentionMs: null,
      retentionBytes: null,
    } as const;
    this.database.topics.create(name, partitions, { ...settings, config: {} });
  }

  note(what: string): void {
    this.trace.add(this.scheduler.nowMs, 'world', what);
  }

  /** A new process of that agent; clients find it under the same address. */
  startAgent(index: number): SimAgent {
    const place = placeOf(index);
    const process = this.#process(place);
    const { scheduler, weather } = this;
    const random = this.random.fork(process.name);
    const link = { process, place, scheduler, weather, random };
    const postgres = postgresLink(link);
    const address = addressOf(index);
    const agent = new SimAgent({
      process,
      agentId: place,
      address,
      zone: `zone-${index}`,
      metadata: metadataOver(this.database, changeFeedOf(this.database, link, postgres), postgres),
      objects: objectsOver(this.#bucket, storeLink(link)),
      random: random.next,
      metrics: this.#options.metrics,
    });
    this.agents[index] = agent;
    this.#wire.bind(address, agent);
    this.note(`starts ${process.name}`);
    return agent;
  }

  /** A process is gone: the other ends of its connections are told. */
  bury(process: SimProcess): void {
    process.kill();
    this.#wire.hangUp(process);
  }

  stopSending(): void {
    this.#enough.abort();
  }

  /** Whether every send has its outcome and every consumer is at the end. */
  isQuiet(): boolean {
    return this.history.isSettled && this.lag() === 0;
  }

  /** Records that some consumer has not read. */
  lag(): number {
    const topic = this.database.topics.byName(LASTING.name);
    if (topic === undefined) return 0;
    let lag = 0;
    for (const { partition, nextOffset } of this.database.topics.partitions(topic.topicId)) {
      for (const consumer of this.clients) {
        if (!consumer.startsWith('consumer')) continue;
        lag += nextOffset - this.history.position(consumer, topic.topicId, partition);
      }
    }
    return lag;
  }

  check(): void {
    checkFinal(this.history, this.database.topics.allRows(), this.#bucket);
  }

  #startClients(): void {
    const both = [LASTING, SCRATCH];
    this.#startClient('producer-0', both, runProducer);
    this.#startClient('producer-1', both, runProducer);
    this.#startClient('simple-0', [LASTING], runSimpleProducer);
    this.#startClient('consumer-0', [LASTING], runConsumer);
  }

  #startClient(
    place: string,
    topics: readonly WorkloadTopic[],
    run: (options: ClientOptions) => Promise<void>,
  ): void {
    const process = this.#process(place);
    this.clients.push(process.name);
    const isUnknownTold = this.#options.bug === 'unknown-told-as-failed';
    const { history } = this;
    const bootstrap = Array.from({ length: AGENTS }, (_, index) => addressOf(index));
    run({
      ...{ process, topics, history, bootstrap, isUnknownTold },
      random: this.random.fork(process.name),
      openChannel: (address) => this.#wire.openChannel(process, address),
      enough: this.#enough.signal,
    }).catch((error: unknown) => history.violate('client', `${place} failed: ${String(error)}`));
  }

  #process(place: string): SimProcess {
    const random = this.random.fork(`clock ${this.#lives}`);
    return new SimProcess(`${place}#${this.#lives++}`, this.scheduler, this.trace, {
      monotonicBaseMs: random.integer(0, DAY_MS),
      // Ten minutes wrong in either direction (I-22).
      wallBaseMs: 1_700_000_000_000 + random.integer(-600_000, 600_000),
    });
  }
}

export function placeOf(index: number): string {
  return `agent-${index}`;
}

function addressOf(index: number): string {
  return `${placeOf(index)}:9090`;
}

function randomTopicId(random: SeededRandom): TopicId {
  const digits = Array.from({ length: 30 }, () => random.integer(0, 15).toString(16)).join('');
  const [a, b, c, d, e] = [
    ...[digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 15)],
    ...[digits.slice(15, 18), digits.slice(18, 30)],
  ];
  return topicId(`${a}-${b}-4${c}-8${d}-${e}`);
}
