/** The agents of the pool: their places, ports and environment, and what a killed supervisor left behind. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import {
  AgentProcess,
  type AgentProcessComponents,
  type AgentRecord,
  agentRecordFile,
  DRAIN_TIMEOUT_MS,
} from './agent-process.ts';
import { boundLogFile } from './log-file.ts';
import { planPorts } from './ports.ts';
import { processStart, stopProcess } from './process.ts';

const HOST = '127.0.0.1';
const LOG_CHECK_MS = 10_000;
const ORPHAN_STEPS = [
  { signal: 'SIGTERM', patienceMs: 5_000 },
  { signal: 'SIGKILL', patienceMs: 3_000 },
] as const;

export interface AgentPoolSettings {
  /** Folder for logs and records; made when missing. */
  readonly folder: string;
  /** The TypeScript file that an agent's process runs. */
  readonly program: string;
  readonly agentPort: number;
  readonly metricsPort: number;
  readonly isAutoPort: boolean;
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
  readonly #ports = new Map<number, readonly [number, number]>();
  readonly #stopping = new AbortController();
  readonly #logKeeper: Promise<void>;

  constructor(settings: AgentPoolSettings, components: AgentProcessComponents) {
    this.#settings = settings;
    this.#components = components;
    this.#logKeeper = runLoop(
      {
        name: 'agent-logs',
        everyMs: LOG_CHECK_MS,
        clock: systemClock,
        random: Math.random,
        signal: this.#stopping.signal,
        onError: (error) =>
          components.log(`a log file could not be shortened: ${(error as Error).message}`),
      },
      async () => {
        await Promise.all([...this.#agents.values()].map((agent) => boundLogFile(agent.logFile)));
      },
    );
  }

  get agents(): readonly AgentView[] {
    return [...this.#agents.values()].map(view);
  }

  /**
   * Starts as many agents as asked, side by side, and waits until they are ready. When one fails, or the signal gives the
   * start up, all of these are ended.
   *
   * @throws StreamError `conflict` PORT_TAKEN before anything is started; Error with the log of an agent that failed.
   */
  async add(count: number, signal?: AbortSignal): Promise<readonly AgentView[]> {
    const numbers = this.#freeNumbers(count);
    const ports = await this.#planPorts(numbers);
    await mkdir(this.#settings.folder, { recursive: true, mode: 0o700 });
    const added = numbers.map((number, index) => {
      const [port, metricsPort] = ports[index] as readonly [number, number];
      const agent = new AgentProcess(this.#place(number, port, metricsPort), this.#components);
      this.#agents.set(number, agent);
      this.#ports.set(number, [port, metricsPort]);
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
    return added.map(({ agent }) => view(agent));
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

  #forget(number: number): void {
    this.#agents.delete(number);
    this.#ports.delete(number);
  }

  #freeNumbers(count: number): number[] {
    const numbers: number[] = [];
    for (let number = 0; numbers.length < count; number++) {
      if (!this.#agents.has(number)) numbers.push(number);
    }
    return numbers;
  }

  async #planPorts(numbers: readonly number[]): Promise<(readonly [number, number])[]> {
    const { agentPort, metricsPort, isAutoPort } = this.#settings;
    const wish = (number: number, base: number, option: string) => ({
      port: base === 0 ? 0 : base + number,
      what: `agent-${number} (${option})`,
    });
    const wishes = numbers.flatMap((number) => [
      wish(number, agentPort, '--agent-port'),
      wish(number, metricsPort, '--metrics-port'),
    ]);
    const taken = new Set([...this.#ports.values()].flat());
    const ports = await planPorts(wishes, { host: HOST, isAuto: isAutoPort, taken });
    return numbers.map((_, index) => [ports[2 * index] as number, ports[2 * index + 1] as number]);
  }

  #place(number: number, port: number, metricsPort: number): AgentProcess['place'] {
    const { folder, program, env } = this.#settings;
    const [id, address] = [`agent-${number}`, `${HOST}:${port}`];
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
      env: { ...env, ...own },
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
    .filter((name) => /^agent-\d+\.json$/.test(name))
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

export function agentsFolder(home: string): string {
  return join(home, 'agents');
}

function view(agent: AgentProcess): AgentView {
  const { id, address, httpUrl } = agent.place;
  return { id, pid: agent.pid, address, metricsUrl: `${httpUrl}/metrics`, logFile: agent.logFile };
}
