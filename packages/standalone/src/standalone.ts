/** The whole system on one machine: home, PostgreSQL, schema, agents; started in this order, stopped in the reverse one. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentPool, type AgentView, agentsFolder, endOrphans } from './agents.ts';
import { openHome } from './home.ts';
import { type Postgres, startPostgres } from './postgres/postgres.ts';
import { objectsFolder, type StandaloneSettings } from './settings.ts';

/** glibc keeps freed memory for each of a process's threads otherwise: about 10 MiB of an agent's. */
const AGENT_DEFAULTS = { MALLOC_ARENA_MAX: '2' } as const;

export interface StandaloneComponents {
  /** Takes sentences for the person at the terminal. */
  readonly log: (line: string) => void;
  /** The TypeScript file that an agent's process runs. */
  readonly agentProgram: string;
  /** Brings the schema of the database up to date and connects to it. */
  readonly openMetadata: (url: string, signal: AbortSignal) => Promise<AgentFence>;
}

/** What the supervisor itself needs of the metadata. */
export interface AgentFence extends AsyncDisposable {
  /** See `AgentStore.fenceAgent`. */
  fenceAgent(agentId: string, signal: AbortSignal): Promise<unknown>;
}

export interface Standalone extends AsyncDisposable {
  /** Absolute path. */
  readonly home: string;
  /** As it is now: pids change when processes are restarted. */
  readonly agents: readonly AgentView[];
  /** The URL has the password; the pid is of the postmaster, undefined when the PostgreSQL is not ours. */
  readonly postgres: { readonly url: string; readonly pid: number | undefined };
  /** Starts one more agent and waits until it is ready. */
  addAgent(): Promise<AgentView>;
  /** Drains one agent and ends it for good. */
  removeAgent(id: string): Promise<void>;
  /** Ends the agents without draining, so that a dispose under way comes to its end. */
  killAgents(): Promise<void>;
}

/**
 * Starts all of it and waits until every agent is ready. Dispose drains the agents, then stops PostgreSQL.
 *
 * @param signal gives the start up; it does not stop what is started.
 * @throws StreamError `conflict` HOME_IN_USE or PORT_TAKEN; Error with the output of the part that failed. Nothing is left running.
 */
export async function startStandalone(
  settings: StandaloneSettings,
  components: StandaloneComponents,
  signal: AbortSignal = new AbortController().signal,
): Promise<Standalone> {
  const { log } = components;
  await using parts = new AsyncDisposableStack();
  const home = parts.use(await openHome(settings.home));
  let postgres: Postgres | undefined;
  if (settings.postgresUrl === undefined) {
    postgres = parts.use(await startPostgres({ home, signal, log }));
    log(`Postgres serves on 127.0.0.1:${postgres.port} (pid ${postgres.pid})`);
  }
  const url = settings.postgresUrl?.reveal() ?? postgres?.url ?? '';
  const metadata = parts.use(await components.openMetadata(url, signal));
  log('the schema is up to date');
  const folder = agentsFolder(home.path);
  const orphans = await endOrphans(folder, log);
  for (const id of orphans) await metadata.fenceAgent(id, signal);
  const pool = parts.use(
    new AgentPool(
      {
        folder,
        program: components.agentProgram,
        agentPort: settings.agentPort,
        metricsPort: settings.metricsPort,
        isAutoPort: settings.isAutoPort,
        env: await agentEnvironment(settings, url, home.path),
      },
      { log, fence: (id, fenceSignal) => metadata.fenceAgent(id, fenceSignal) },
    ),
  );
  for (const agent of await pool.add(settings.agentCount, signal)) {
    log(`${agent.id} serves on ${agent.address} (pid ${agent.pid})`);
  }
  const standalone = composed(home.path, { url, process: postgres }, pool, parts.move());
  if (settings.readyFile !== undefined) await writeReadyFile(settings.readyFile, standalone);
  return standalone;
}

function composed(
  home: string,
  postgres: { readonly url: string; readonly process: Postgres | undefined },
  pool: AgentPool,
  parts: AsyncDisposableStack,
): Standalone {
  return {
    home,
    get agents(): readonly AgentView[] {
      return pool.agents;
    },
    get postgres(): Standalone['postgres'] {
      return { url: postgres.url, pid: postgres.process?.pid };
    },
    async addAgent(): Promise<AgentView> {
      const [agent] = await pool.add(1);
      return agent as AgentView;
    },
    removeAgent: (id) => pool.remove(id),
    killAgents: () => pool.kill(),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** The inherited variables with what the supervisor decides over them. */
async function agentEnvironment(
  settings: StandaloneSettings,
  url: string,
  home: string,
): Promise<Readonly<Record<string, string>>> {
  const { objects, agentEnv } = settings;
  const own: Record<string, string> = {
    METADATA_STORE: url,
    // Compiled once and kept: an agent starts sooner and holds no TypeScript stripper, about 30 MiB, in memory.
    NODE_COMPILE_CACHE: join(home, 'compile-cache'),
  };
  if (objects.kind === 'directory') {
    own['STREAMHOUSE_OBJECTS_DIR'] = objectsFolder(home);
    await mkdir(objectsFolder(home), { recursive: true, mode: 0o700 });
  } else {
    own['AWS_ENDPOINT_URL'] = objects.url;
    own['STREAMHOUSE_BUCKET'] = objects.bucket;
  }
  // A variable and its …_FILE form must not both be set, and a directory wins over S3.
  const hidden = new Set(Object.keys(own).map((name) => `${name}_FILE`));
  if (objects.kind === 's3')
    hidden.add('STREAMHOUSE_OBJECTS_DIR').add('STREAMHOUSE_OBJECTS_DIR_FILE');
  const inherited = Object.entries(agentEnv).filter(([name]) => !hidden.has(name));
  return { ...AGENT_DEFAULTS, ...Object.fromEntries(inherited), ...own };
}

async function writeReadyFile(path: string, standalone: Standalone): Promise<void> {
  const { home, agents, postgres } = standalone;
  const facts = {
    pid: process.pid,
    home,
    bootstrap: agents.map((agent) => agent.address),
    agents,
    postgres,
  };
  await replaceFile(path, `${JSON.stringify(facts, undefined, 2)}\n`);
}

/** Whoever sees the file sees all of it; only this user does, because it may hold the password of the database. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.draft`;
  await writeFile(draft, text, { mode: 0o600, flush: true });
  await rename(draft, path);
}
