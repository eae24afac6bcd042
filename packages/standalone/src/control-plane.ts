/** What stands in the place of Kubernetes: the resources, their API for this machine, and the agents of pools as processes. */
import { join } from 'node:path';
import { AGENT_POOL, type AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import {
  type ApiSockets,
  type HttpHandler,
  startApiServer,
} from '@streamhouse/operator/http/api-server.ts';
import type { KubeApi, KubeObject } from '@streamhouse/operator/kube/kube-api.ts';
import type { PoolBackend } from '@streamhouse/operator/pools/pool-backend.ts';
import type { AgentProcessComponents } from './agent-process.ts';
import { type AgentPoolSettings, type AgentView, agentsFolder, servesOn } from './agents.ts';
import { applyChanged } from './manifest-ledger.ts';
import { AGENT_POOL_TYPE, type Manifest, NAMESPACE_DEFAULT, TOPIC_TYPE } from './manifests.ts';
import { DEFAULT_POOL, LocalPools } from './pools/local-pools.ts';
import { PortBook } from './port-book.ts';
import { planPorts } from './ports.ts';
import { pause } from './process.ts';
import { openResources } from './resources/open-resources.ts';
import type { LocalOperator } from './standalone.ts';

const HOST = '127.0.0.1';
/** How long the start waits for topics to be made: whoever saw that all is ready writes to them next. */
const TOPICS_MS_MAX = 2_000;
const POLL_MS = 10;

export interface ControlPlaneSettings {
  /** Absolute path of a home that this process owns. */
  readonly home: string;
  readonly apiPort: number;
  /** Of the default pool; undefined: as its resource says. */
  readonly agentCount: number | undefined;
  readonly manifests: readonly Manifest[];
  readonly agents: Omit<AgentPoolSettings, 'name' | 'ports' | 'folder'>;
}

export interface ControlPlaneComponents extends Omit<AgentProcessComponents, 'onChange'> {
  /** Starts what reconciles the resources; dispose ends it. */
  readonly startOperator: (kube: KubeApi, pools: PoolBackend) => Promise<LocalOperator>;
}

export interface ControlPlane extends AsyncDisposable {
  readonly apiUrl: string;
  readonly agents: readonly AgentView[];
  /** Ends the agents without draining. */
  kill(): Promise<void>;
}

/**
 * Opens the resources of the home, applies the manifests that changed, and starts the API, the operator and the agents of the
 * default pool; waits until these are ready. Dispose drains the agents, then ends the operator, then the API.
 *
 * @throws as `LocalPools.startReady`; StreamError `conflict` PORT_TAKEN for the API; `corrupt` for a damaged file of the home.
 */
export async function startControlPlane(
  settings: ControlPlaneSettings,
  components: ControlPlaneComponents,
  signal: AbortSignal,
): Promise<ControlPlane> {
  const { home, agents } = settings;
  const { log, startOperator } = components;
  await using parts = new AsyncDisposableStack();
  const clock = systemClock;
  const { api, handler } = parts.use(await openResources({ home, clock, random: Math.random }));
  await applyManifests(settings, api, log, signal);
  const what = 'the API (--api-port)';
  const wish = { port: settings.apiPort, what };
  const [port = 0] = await planPorts([wish], { host: HOST, isAuto: agents.isAutoPort });
  let rest: HttpHandler = answerLater;
  let sockets: ApiSockets = NO_SOCKETS;
  const following: ApiSockets = {
    upgrade: (...asked) => sockets.upgrade(...asked),
    end: () => sockets.end(),
  };
  const dispatch: HttpHandler = (request, response) =>
    (request.url?.startsWith('/apis/') === true ? handler : rest)(request, response);
  const server = parts.use(
    await startApiServer(dispatch, { host: HOST, port, sockets: following }),
  );
  log(`the API is served on ${server.url}, to programs of this machine and without keys`);
  // The agents end before the operator does, which none the less has to be there when they start.
  const operator = parts.use(new AsyncDisposableStack());
  const ports = await PortBook.open(join(home, 'ports.json'));
  const pools = parts.use(
    new LocalPools({ ...agents, folder: agentsFolder(home), ports }, components),
  );
  const pool = await api.get<AgentPoolResource>(AGENT_POOL_TYPE, DEFAULT_POOL, signal);
  const starting = pool === undefined ? Promise.resolve() : pools.startReady(pool, signal);
  // Should the operator fail first, the agents are ended, and nobody asks any more whether they became ready.
  starting.catch(() => undefined);
  const local = operator.use(await startOperator(api, pools));
  rest = local.handler;
  sockets = local.sockets;
  await starting;
  for (const agent of pools.agents) log(servesOn(agent));
  await untilTopicsAreLookedAt(api, signal);
  const owned = parts.move();
  return {
    apiUrl: server.url,
    get agents() {
      return pools.agents;
    },
    kill: () => pools.kill(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Until the operator is there, like the next one. */
const answerLater: HttpHandler = (_, response) => {
  response.writeHead(503, { 'retry-after': '1' }).end();
};

const NO_SOCKETS: ApiSockets = {
  upgrade: (_, socket) => void socket.destroy(),
  end: () => undefined,
};

async function applyManifests(
  { home, agentCount, manifests }: ControlPlaneSettings,
  kube: KubeApi,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const isDefault = ({ type, namespace, name }: Manifest): boolean =>
    type === AGENT_POOL_TYPE && namespace === DEFAULT_POOL.namespace && name === DEFAULT_POOL.name;
  // A cluster begins with agents, whatever its manifests name.
  const all = manifests.some(isDefault) ? manifests : [defaultPool(), ...manifests];
  await applyChanged(all, { kube, file: join(home, 'manifests.json'), log }, signal);
  if (agentCount === undefined) return;
  const before = await kube.get<AgentPoolResource>(AGENT_POOL_TYPE, DEFAULT_POOL, signal);
  const { body } = defaultPool();
  if (before === undefined) {
    const object = { ...body, metadata: DEFAULT_POOL } satisfies KubeObject;
    await kube.create(AGENT_POOL_TYPE, object, signal);
  }
  if (before?.spec.replicas === agentCount) return;
  const scale = { spec: { replicas: agentCount } };
  await kube.mergePatch(AGENT_POOL_TYPE, DEFAULT_POOL, scale, { subresource: 'scale' }, signal);
}

function defaultPool(): Manifest {
  const { group, version, kind } = AGENT_POOL;
  const body = { apiVersion: `${group}/${version}`, kind, metadata: DEFAULT_POOL, spec: {} };
  return { type: AGENT_POOL_TYPE, namespace: NAMESPACE_DEFAULT, name: DEFAULT_POOL.name, body };
}

/** A topic that cannot be made says so in its conditions; it was looked at nevertheless. */
async function untilTopicsAreLookedAt(kube: KubeApi, signal: AbortSignal): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + TOPICS_MS_MAX;
  while (systemClock.monotonicMs() < deadlineMs) {
    const { items } = await kube.list<Observed>(TOPIC_TYPE, {}, signal);
    const isLookedAt = ({ metadata, status }: Observed): boolean =>
      status?.observedGeneration === metadata.generation;
    if (items.every(isLookedAt)) return;
    await pause(POLL_MS, signal);
  }
}

interface Observed extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly generation?: number };
  readonly status?: { readonly observedGeneration?: number };
}
