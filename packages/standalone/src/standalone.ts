/** The whole system on one machine: home, PostgreSQL, schema, operator, agents; started in this order, stopped in the reverse one. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { ApiSockets, HttpHandler } from '@streamhouse/operator/http/api-server.ts';
import type { KubeApi } from '@streamhouse/operator/kube/kube-api.ts';
import type { PoolBackend } from '@streamhouse/operator/pools/pool-backend.ts';
import type { AgentProcessComponents } from './agent-process.ts';
import { AgentPool, type AgentView, agentsFolder, endOrphans, servesOn } from './agents.ts';
import { startControlPlane } from './control-plane.ts';
import { openHome } from './home.ts';
import { type Manifest, readManifests } from './manifests.ts';
import { type Postgres, startPostgres } from './postgres/postgres.ts';
import { AGENTS_DEFAULT, objectsFolder, type StandaloneSettings } from './settings.ts';

/** glibc keeps freed memory for each of a process's threads otherwise: about 10 MiB of an agent's. */
const AGENT_DEFAULTS = { MALLOC_ARENA_MAX: '2' } as const;

export interface StandaloneComponents {
  /** Takes sentences for the person at the terminal. */
  readonly log: (line: string) => void;
  /** The TypeScript file that an agent's process runs. */
  readonly agentProgram: string;
  /** Brings the schema of the database up to date and connects to it. */
  readonly openMetadata: (url: string, signal: AbortSignal) => Promise<AgentFence>;
  /** Starts what reconciles resources; dispose ends it. */
  readonly startOperator: (parts: OperatorParts) => Promise<LocalOperator>;
}

export interface LocalOperator extends AsyncDisposable {
  /** The REST API. */
  readonly handler: HttpHandler;
  readonly sockets: ApiSockets;
}

/** What the supervisor itself needs of the metadata. */
export interface AgentFence extends AsyncDisposable {
  /** See `AgentStore.fenceAgent`. */
  fenceAgent(agentId: string, signal: AbortSignal): Promise<unknown>;
}

export interface OperatorParts {
  readonly kube: KubeApi;
  readonly pools: PoolBackend;
  /** Of the database, whose schema is up to date. */
  readonly url: string;
  /** What agents are told: it says where the objects are. */
  readonly agentEnv: Readonly<Record<string, string>>;
  /** Absolute path of the operator's log. */
  readonly logFile: string;
}

export interface Standalone extends AsyncDisposable {
  /** Absolute path. */
  readonly home: string;
  /** As it is now: pids change when processes are restarted. */
  readonly agents: readonly AgentView[];
  /** The URL has the password; the pid is of the postmaster, undefined when the PostgreSQL is not ours. */
  readonly postgres: { readonly url: string; readonly pid: number | undefined };
  /** Where resources are served; undefined without them. */
  readonly api: { readonly url: string } | undefined;
  /** Starts one more agent and waits until it is ready. Without resources only: with them, pools are scaled. */
  addAgent(): Promise<AgentView>;
  /** Drains one agent and ends it for good. Without resources only. */
  removeAgent(id: string): Promise<void>;
  /** Ends the agents without draining, so that a dispose under way comes to its end. */
  killAgents(): Promise<void>;
}

/** The agents of a cluster, by whatever they are kept. */
interface Agents extends AsyncDisposable, Pick<Standalone, 'addAgent' | 'removeAgent'> {
  readonly agents: readonly AgentView[];
  readonly api: Standalone['api'];
  kill(): Promise<void>;
}

interface StartedParts {
  readonly home: string;
  readonly url: string;
  readonly manifests: readonly Manifest[];
  readonly fence: AgentProcessComponents['fence'];
}

/**
 * Starts all of it and waits until every agent is ready. Dispose drains the agents, then ends the operator, then PostgreSQL.
 *
 * @param signal gives the start up; it does not stop what is started.
 * @throws StreamError `conflict` HOME_IN_USE or PORT_TAKEN, `invalid` of the manifests; Error with the output of the part that
 *   failed. Nothing is left running.
 */
export async function startStandalone(
  settings: StandaloneSettings,
  components: StandaloneComponents,
  signal: AbortSignal = new AbortController().signal,
): Promise<Standalone> {
  const { log } = components;
  const { resources, postgresUrl, readyFile } = settings;
  const manifests = resources === undefined ? [] : await readManifests(resources.manifests);
  await using parts = new AsyncDisposableStack();
  const home = parts.use(await openHome(settings.home));
  let postgres: Postgres | undefined;
  if (postgresUrl === undefined) {
    postgres = parts.use(await startPostgres({ home, signal, log }));
    log(`Postgres serves on 127.0.0.1:${postgres.port} (pid ${postgres.pid})`);
  }
  const url = postgresUrl?.reveal() ?? postgres?.url ?? '';
  const metadata = parts.use(await components.openMetadata(url, signal));
  log('the schema is up to date');
  const orphans = await endOrphans(agentsFolder(home.path), log);
  for (const id of orphans) await metadata.fenceAgent(id, signal);
  const fence: StartedParts['fence'] = (id, until) => metadata.fenceAgent(id, until);
  const started = { home: home.path, url, manifests, fence };
  const start = resources === undefined ? startAgents : startPools;
  const agents = parts.use(await start(settings, started, components, signal));
  const standalone = composed(home.path, { url, process: postgres }, agents, parts.move());
  if (readyFile !== undefined) await writeReadyFile(readyFile, standalone);
  return standalone;
}

/** A fixed number of agents, which only `addAgent` and `removeAgent` change. */
async function startAgents(
  settings: StandaloneSettings,
  { home, url, fence }: StartedParts,
  { log, agentProgram: program }: StandaloneComponents,
  signal: AbortSignal,
): Promise<Agents> {
  const { agentPort, metricsPort, isAutoPort, agentCount = AGENTS_DEFAULT } = settings;
  await using parts = new AsyncDisposableStack();
  const env = await agentEnvironment(settings, url, home);
  const place = { name: 'agent', folder: agentsFolder(home), program };
  const pool = parts.use(
    new AgentPool({ ...place, agentPort, metricsPort, isAutoPort, env }, { log, fence }),
  );
  for (const agent of await pool.add(agentCount, signal)) log(servesOn(agent));
  const owned = parts.move();
  return {
    get agents() {
      return pool.agents;
    },
    api: undefined,
    async addAgent() {
      const [agent] = await pool.add(1);
      return agent as AgentView;
    },
    removeAgent: (id) => pool.remove(id),
    kill: () => pool.kill(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** As many agents as the resources say. */
async function startPools(
  settings: StandaloneSettings,
  { home, url, manifests, fence }: StartedParts,
  { log, agentProgram: program, startOperator }: StandaloneComponents,
  signal: AbortSignal,
): Promise<Agents> {
  const { agentPort, metricsPort, isAutoPort, agentCount, resources } = settings;
  const env = await agentEnvironment(settings, url, home);
  const logFile = join(home, 'operator.log');
  const control = await startControlPlane(
    {
      home,
      apiPort: resources?.apiPort ?? 0,
      agentCount,
      manifests,
      agents: { program, agentPort, metricsPort, isAutoPort, env },
    },
    {
      log,
      fence,
      startOperator: (kube, pools) => startOperator({ kube, pools, url, agentEnv: env, logFile }),
    },
    signal,
  );
  const refuse = (): Promise<never> => {
    const message = 'the agents are those of the AgentPools: scale one of them';
    return Promise.reject(new StreamError('conflict', 'AGENTS_MANAGED', message));
  };
  return {
    get agents() {
      return control.agents;
    },
    api: { url: control.apiUrl },
    addAgent: refuse,
    removeAgent: refuse,
    kill: () => control.kill(),
    [Symbol.asyncDispose]: () => control[Symbol.asyncDispose](),
  };
}

function composed(
  home: string,
  postgres: { readonly url: string; readonly process: Postgres | undefined },
  agents: Agents,
  parts: AsyncDisposableStack,
): Standalone {
  return {
    home,
    get agents(): readonly AgentView[] {
      return agents.agents;
    },
    get postgres(): Standalone['postgres'] {
      return { url: postgres.url, pid: postgres.process?.pid };
    },
    api: agents.api,
    addAgent: () => agents.addAgent(),
    removeAgent: (id) => agents.removeAgent(id),
    killAgents: () => agents.kill(),
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
  const { home, agents, postgres, api } = standalone;
  const facts = {
    pid: process.pid,
    home,
    bootstrap: agents.map((agent) => agent.address),
    agents,
    postgres,
    api,
  };
  await replaceFile(path, `${JSON.stringify(facts, undefined, 2)}\n`);
}

/** Whoever sees the file sees all of it; only this user does, because it may hold the password of the database. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.draft`;
  await writeFile(draft, text, { mode: 0o600, flush: true });
  await rename(draft, path);
}
