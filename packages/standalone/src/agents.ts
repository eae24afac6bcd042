/** The agents of the pool: their places, ports and environment, and what a killed supervisor left behind. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StreamError } from '@streamhouse/core/errors.ts';
import {
  AgentProcess,
  type AgentProcessComponents,
  type AgentRecord,
  agentRecordFile,
  DRAIN_TIMEOUT_MS,
} from './agent-process.ts';
import { boundLogFiles } from './log-file.ts';
import type { AgentPorts, PortBook } from './port-book.ts';
import { planPorts, type PortWish } from './ports.ts';
import { processStart, stopProcess } from './process.ts';

const HOST = '127.0.0.1';
const ORPHAN_STEPS = [
  { signal: 'SIGTERM', patienceMs: 5_000 },
  { signal: 'SIGKILL', patienceMs: 3_000 },
] as const;

export interface AgentPoolSettings {
  /** Agents are called `NAME-0`, `NAME-1`, … */
  readonly name: string;
  /** Folder for logs and records; made when missing. */
  readonly folder: string;
  /** The TypeScript file that an agent's process runs. */
  readonly program: string;
  readonly agentPort: number;
  readonly metricsPort: number;
  readonly isAutoPort: boolean;
  /** Where any free port would do, the one that the agent had before is as good, and its clients know it. */
  readonly ports?: PortBook;
  /** What all agents get; the place of each one goes over it. */
  readonly env: Readonly<Record<string, string>>;
}

export interface AgentView {
  readonly id: string;
  /** Undefined between the death of a process and the start of the next. */
  readonly pid: number | undefined;
  /** `host:port` of its gRPC server. */
  readonly address: string;
  readonly metricsUrl: string;
  readonly logFile: string;
}

export class AgentPool implements AsyncDisposable {
  readonly #settings: AgentPoolSettings;
  readonly #components: AgentProcessComponents;
  readonly #agents = new Map<number, AgentProcess>();
  readonly #ports = new Map<number, AgentPorts>();
  readonly #stopping = new AbortController();
  readonly #logKeeper: Promise<void>;

  constructor(settings: AgentPoolSettings, components: AgentProcessComponents) {
    this.#settings = settings;
    this.#components = components;
    this.#logKeeper = boundLogFiles(
      () => [...this.#agents.values()].map((agent) => agent.logFile),
      components.log,
      this.#stopping.signal,
    );
  }

  /** In the order of their numbers. */
  get agents(): readonly AgentView[] {
    return this.numbers.flatMap((number) => view(this.#agents.get(number)));
  }

  /** Those of the agents that exist, sorted. */
  get numbers(): readonly number[] {
    return [...this.#agents.keys()].toSorted((a, b) => a - b);
  }

  idOf(number: number): string {
    return `${this.#settings.name}-${number}`;
  }

  agent(number: number): AgentProcess | undefined {
    return this.#agents.get(number);
  }

  /**
   * Starts one agent, if it does not exist, and waits for nothing.
   *
   * @param env goes over what all agents get.
   * @throws StreamError `conflict` PORT_TAKEN.
   */
  async open(number: number, env: AgentPoolSettings['env']): Promise<void> {
    if (this.#agents.has(number)) return;
    const [ports] = await this.#takePorts([number]);
    if (!this.#stopping.signal.aborted) this.#open(number, ports as AgentPorts, env);
  }

  /**
   * Starts as many agents as asked, side by side, and waits until they are ready. When one fails, or the signal gives the
   * start up, all of these are ended.
   *
   * @throws StreamError `conflict` PORT_TAKEN before anything is started; Error with the log of an agent that failed.
   */
  async add(
    count: number,
    signal?: AbortSignal,
    env: AgentPoolSettings['env'] = {},
  ): Promise<readonly AgentView[]> {
    const numbers = this.#freeNumbers(count);
    const ports = await this.#takePorts(numbers);
    const added = numbers.map((number, index) => {
      const agent = this.#open(number, ports[index] as AgentPorts, env);
      return { number, agent };
    });
    const giveUp = (): void => {
      for (const { agent } of added) void agent.kill();
    };
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted === true) giveUp();
    try {
      await Promise.all(added.map(({ agent }) => agent.ready()));
      signal?.throwIfAborted();
    } catch (error) {
      await Promise.all(
        added.map(({ number, agent }) => agent.kill().then(() => this.#forget(number))),
      );
      throw error;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
    return added.flatMap(({ agent }) => view(agent));
  }

  /**
   * Drains one agent and ends it for good.
   *
   * @throws StreamError `notFound` AGENT_UNKNOWN.
   */
  async remove(id: string): Promise<void> {
    const found = [...this.#agents].find(([, agent]) => agent.place.id === id);
    if (found === undefined)
      throw new StreamError('notFound', 'AGENT_UNKNOWN', `there is no agent ${id}`);
    await found[1].stop();
    this.#forget(found[0]);
  }

  /** Ends all agents without draining. */
  async kill(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.kill()));
  }

  /** Drains all agents, side by side. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#agents.values()].map((agent) => agent.stop()));
    await this.#logKeeper;
  }

  #open(number: number, ports: AgentPorts, env: AgentPoolSettings['env']): AgentProcess {
    const agent = new AgentProcess(this.#place(number, ports, env), this.#components);
    this.#agents.set(number, agent);
    this.#ports.set(number, ports);
    return agent;
  }

  /** Its ports stay its own: it may come back. */
  #forget(number: number): void {
    this.#agents.delete(number);
  }

  #freeNumbers(count: number): number[] {
    const numbers: number[] = [];
    for (let number = 0; numbers.length < count; number++) {
      if (!this.#agents.has(number)) numbers.push(number);
    }
    return numbers;
  }

  /** Ports that are remembered, and a folder for the logs. */
  async #takePorts(numbers: readonly number[]): Promise<AgentPorts[]> {
    const { folder, ports: book } = this.#settings;
    const ports = await this.#planPorts(numbers);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const [index, number] of numbers.entries())
      await book?.remember(this.idOf(number), ports[index] as AgentPorts);
    return ports;
  }

  async #planPorts(numbers: readonly number[]): Promise<AgentPorts[]> {
    const { agentPort, metricsPort, isAutoPort } = this.#settings;
    const wishes = numbers.flatMap((number) => {
      const id = this.idOf(number);
      const known = this.#ports.get(number) ?? this.#settings.ports?.of(id) ?? [0, 0];
      const wish = (base: number, before: number, option: string): PortWish => ({
        port: before || (base && base + number),
        what: `${id} (${option})`,
        isAny: base === 0,
      });
      return [
        wish(agentPort, known[0], '--agent-port'),
        wish(metricsPort, known[1], '--metrics-port'),
      ];
    });
    const others = [...this.#ports].filter(([number]) => !numbers.includes(number));
    const taken = new Set(others.flatMap(([, ports]) => ports));
    const ports = await planPorts(wishes, { host: HOST, isAuto: isAutoPort, taken });
    return numbers.map((_, index) => [ports[2 * index] as number, ports[2 * index + 1] as number]);
  }

  #place(
    number: number,
    [port, metricsPort]: AgentPorts,
    env: AgentPoolSettings['env'],
  ): AgentProcess['place'] {
    const { folder, program, env: common } = this.#settings;
    const [id, address] = [this.idOf(number), `${HOST}:${port}`];
    const own = {
      AGENT_ID: id,
      AGENT_ADDRESS: address,
      AGENT_ADVERTISED_ADDRESS: address,
      METRICS_PORT: String(metricsPort),
      DRAIN_TIMEOUT: `${DRAIN_TIMEOUT_MS}ms`,
      EXIT_ON_STDIN_CLOSE: '1',
    };
    return {
      id,
      address,
      httpUrl: `http://${HOST}:${metricsPort}`,
      env: { ...common, ...env, ...own },
      folder,
      program,
    };
  }
}

/**
 * Ends the agents that a killed supervisor left running. Each was recorded with pid and start time, so a process that got
 * the pid of a dead agent since is left alone. Resolves the ids of all that were recorded: their sessions may be open.
 */
export async function endOrphans(folder: string, log: (line: string) => void): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const ids = names
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length));
  await Promise.all(
    ids.map(async (id) => {
      const file = agentRecordFile(folder, id);
      const record = await readRecord(file);
      if (record?.start !== undefined && (await processStart(record.pid)) === record.start) {
        log(`ending ${id} (pid ${record.pid}) of an earlier start`);
        await stopProcess(record.pid, ORPHAN_STEPS);
      }
      await rm(file, { force: true });
    }),
  );
  return ids;
}

/** Undefined when the file is not whole, as after a loss of power: no process of before that can be alive. */
async function readRecord(file: string): Promise<AgentRecord | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as AgentRecord;
  } catch {
    return undefined;
  }
}

export function servesOn({ id, address, pid }: AgentView): string {
  return `${id} serves on ${address} (pid ${pid})`;
}

export function agentsFolder(home: string): string {
  return join(home, 'agents');
}

function view(agent: AgentProcess | undefined): AgentView[] {
  if (agent === undefined) return [];
  const { pid, logFile, place } = agent;
  const { id, address, httpUrl } = place;
  return [{ id, pid, address, metricsUrl: `${httpUrl}/metrics`, logFile }];
}
