/** The agents under test: supervised processes whose every connection goes through a link of its own. */
import { AgentProcess } from '@streamhouse/standalone/agent-process.ts';
import { quietPort } from '@streamhouse/standalone/ports.ts';
import { standaloneComponents } from '@streamhouse/standalone/components.ts';
import { Link } from './link.ts';

const HOST = '127.0.0.1';
const DRAIN_TIMEOUT_MS = 20_000;
/** One of so many agents keeps what it wrote to answer readers; those of the others always meet the store. */
const CACHES_EVERY = 3;

export const EDGES = ['clients', 'postgres', 's3'] as const;
export type Edge = (typeof EDGES)[number];

export interface AgentsOptions {
  /** Folder for the logs. */
  readonly folder: string;
  /** Of Postgres, for the supervisor and, by way of their links, for the agents. */
  readonly postgresUrl: string;
  readonly s3Url: string;
  /** Variables of every agent. */
  readonly env: Readonly<Record<string, string>>;
  readonly fence: (agentId: string, signal: AbortSignal) => Promise<unknown>;
  readonly log: (line: string) => void;
}

export class Agent {
  readonly id: string;
  readonly links: Readonly<Record<Edge, Link>>;
  /** What clients dial. */
  readonly address: string;
  readonly httpUrl: string;
  /** Variables that the next life has besides. */
  nextEnv: Readonly<Record<string, string>> = {};
  /** While set, the supervisor waits for it before it fences a life that ended. */
  fenceGate: Promise<void> | undefined;
  /** Lives that ended so far, and by what. */
  readonly endings: string[] = [];
  readonly #process: AgentProcess;

  constructor(
    id: string,
    links: Agent['links'],
    ports: { readonly grpc: number; readonly http: number },
    options: AgentsOptions,
  ) {
    this.id = id;
    this.links = links;
    this.address = `${HOST}:${links.clients.port}`;
    this.httpUrl = `http://${HOST}:${ports.http}`;
    const postgres = new URL(options.postgresUrl);
    postgres.port = String(links.postgres.port);
    const own = {
      ...options.env,
      METADATA_STORE: postgres.href,
      AWS_ENDPOINT_URL: `http://${HOST}:${links.s3.port}`,
      AGENT_ID: id,
      AGENT_ADDRESS: `${HOST}:${ports.grpc}`,
      AGENT_ADVERTISED_ADDRESS: this.address,
      METRICS_PORT: String(ports.http),
      DRAIN_TIMEOUT: `${DRAIN_TIMEOUT_MS}ms`,
      EXIT_ON_STDIN_CLOSE: '1',
    };
    const nextEnv = (): Readonly<Record<string, string>> => this.nextEnv;
    const program = standaloneComponents(() => undefined).agentProgram;
    const place = {
      id,
      address: this.address,
      httpUrl: this.httpUrl,
      folder: options.folder,
      program,
      get env() {
        return { ...own, ...nextEnv() };
      },
    };
    this.#process = new AgentProcess(place, {
      log: (line) => {
        if (/ ended with /.test(line)) this.endings.push(line);
        options.log(line);
      },
      fence: async (agentId, signal) => {
        await this.fenceGate;
        if (!signal.aborted) await options.fence(agentId, signal);
      },
    });
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Resolves when its first life is ready. @throws Error with the end of its log when it ended before. */
  firstReady(): Promise<void> {
    return this.#process.ready();
  }

  async isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.httpUrl}/ready`, { signal: AbortSignal.timeout(1_000) });
      return response.ok;
    } catch {
      return false;
    }
  }

  /** Drains and ends it for good. */
  async drain(): Promise<void> {
    await this.#process.stop();
    await this.#closeLinks();
  }

  async kill(): Promise<void> {
    await this.#process.kill();
    await this.#closeLinks();
  }

  async #closeLinks(): Promise<void> {
    await Promise.all(EDGES.map((edge) => this.links[edge][Symbol.asyncDispose]()));
  }
}

export class Agents implements AsyncDisposable {
  readonly #options: AgentsOptions;
  readonly #agents: Agent[] = [];
  #nextNumber = 0;

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  get all(): readonly Agent[] {
    return this.#agents;
  }

  byId(id: string): Agent | undefined {
    return this.#agents.find((agent) => agent.id === id);
  }

  /** Starts one more: see `firstReady`. */
  async add(): Promise<Agent> {
    const number = this.#nextNumber++;
    const id = `agent-${number}`;
    const cache = number % CACHES_EVERY === 0 ? '64Ki' : '0';
    const [grpc, http] = [await quietPort(HOST), await quietPort(HOST)];
    const postgresPort = Number(new URL(this.#options.postgresUrl).port);
    const s3Port = Number(new URL(this.#options.s3Url).port);
    const links = {
      clients: await Link.open(grpc),
      postgres: await Link.open(postgresPort),
      s3: await Link.open(s3Port),
    };
    const agent = new Agent(
      id,
      links,
      { grpc, http },
      {
        ...this.#options,
        env: { ...this.#options.env, STREAMHOUSE_CACHE: cache },
      },
    );
    this.#agents.push(agent);
    return agent;
  }

  /** Drains one and ends it for good. */
  async remove(agent: Agent): Promise<void> {
    this.#agents.splice(this.#agents.indexOf(agent), 1);
    await agent.drain();
  }

  /** Without draining: what a run was about is over by then. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.kill()));
  }
}
