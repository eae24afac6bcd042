/** Pools of agents as processes of this machine: what StatefulSets, pods and their owner are on Kubernetes. */
import { once } from 'node:events';
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { keyOf, type ObjectRef } from '@streamhouse/operator/kube/kube-api.ts';
import type { PoolDecisions } from '@streamhouse/operator/plan/agent-pool.ts';
import { selectorOf, selectorText } from '@streamhouse/operator/plan/children/names.ts';
import type { PoolProblem } from '@streamhouse/operator/plan/pool-status.ts';
import type { PlatformFacts } from '@streamhouse/operator/plan/pool-facts.ts';
import type { PoolBackend } from '@streamhouse/operator/pools/pool-backend.ts';
import type { AgentProcessComponents } from '../agent-process.ts';
import { AgentPool, type AgentPoolSettings, type AgentView } from '../agents.ts';
import { NAMESPACE_DEFAULT } from '../manifests.ts';
import type { PortBook } from '../port-book.ts';
import { LocalPool } from './local-pool.ts';

/** The pool that has the ports of the command line, and agents that are simply called `agent-0`, `agent-1`, … */
export const DEFAULT_POOL: Required<ObjectRef> = {
  namespace: NAMESPACE_DEFAULT,
  name: 'default',
};

export interface LocalPoolsSettings extends Omit<AgentPoolSettings, 'name' | 'ports'> {
  /** Of agents that may have any ports: those of the other pools. */
  readonly ports: PortBook;
}

type Components = Omit<AgentProcessComponents, 'onChange'>;

export class LocalPools implements PoolBackend, AsyncDisposable {
  readonly isSynced: boolean = true;
  readonly #settings: LocalPoolsSettings;
  readonly #components: Components;
  readonly #pools = new Map<string, LocalPool>();
  /** Pools whose resource is gone and whose agents still drain. */
  readonly #leaving = new Map<string, Promise<void>>();
  #onChange: (key: string) => void = () => {};
  #isStopping = false;

  constructor(settings: LocalPoolsSettings, components: Components) {
    this.#settings = settings;
    this.#components = components;
  }

  get agents(): readonly AgentView[] {
    return [...this.#pools.values()].flatMap((pool) => pool.agents);
  }

  /** Processes of this machine cannot fall silent as an API server can. */
  get lastActivityMs(): number {
    return systemClock.monotonicMs();
  }

  /** What there is, this process has started itself. */
  synced(): Promise<void> {
    return Promise.resolve();
  }

  /** `onChange`: an agent is ready, has ended or cannot start. */
  async watch(onChange: (key: string) => void, signal: AbortSignal): Promise<void> {
    this.#onChange = onChange;
    await once(signal, 'abort').catch(() => undefined);
    this.#onChange = () => {};
  }

  /**
   * Starts the agents of one pool, the first time, and waits until they are ready.
   *
   * @throws StreamError `conflict` PORT_TAKEN; Error with the log of an agent that failed.
   */
  async startReady(resource: AgentPoolResource, signal: AbortSignal): Promise<void> {
    await this.#poolOf(resource).startReady(resource, signal);
  }

  async gather(resource: AgentPoolResource): Promise<PlatformFacts> {
    return this.#poolOf(resource).gather(resource);
  }

  async apply(
    resource: AgentPoolResource,
    decisions: PoolDecisions,
  ): Promise<readonly PoolProblem[]> {
    return await this.#poolOf(resource).apply(resource, decisions);
  }

  selectorOf({ metadata }: AgentPoolResource): string {
    return selectorText(selectorOf(metadata.name));
  }

  /** Drains the agents of a pool whose resource is gone; one of its name can follow when they have ended. */
  forget(key: string): void {
    const pool = this.#pools.get(key);
    if (pool === undefined || this.#leaving.has(key) || this.#isStopping) return;
    this.#components.log(`the pool ${key} is gone: its agents drain`);
    const left = pool[Symbol.asyncDispose]().then(() => {
      this.#pools.delete(key);
      this.#leaving.delete(key);
      this.#onChange(key);
    });
    this.#leaving.set(key, left);
  }

  /** Ends all agents without draining. */
  async kill(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.kill()));
  }

  /** Drains all agents, side by side; from then on nothing is gathered or applied any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#pools.values()].map((pool) => pool[Symbol.asyncDispose]()));
    await Promise.all(this.#leaving.values());
  }

  /** @throws StreamError `unavailable` while it stops. */
  #poolOf({ metadata: { namespace, name } }: AgentPoolResource): LocalPool {
    const key = keyOf({ namespace, name });
    if (this.#isStopping || this.#leaving.has(key)) {
      const message = `the agents of the pool ${key} are being stopped`;
      throw new StreamError('unavailable', 'POOL_STOPPING', message);
    }
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const { log } = this.#components;
    const onChange = (): void => this.#onChange(key);
    const openAgents = (zone: string): AgentPool =>
      this.#openAgents(namespace, name, zone, onChange);
    const pool = new LocalPool({ openAgents, log, onChange });
    this.#pools.set(key, pool);
    return pool;
  }

  #openAgents(namespace: string, name: string, zone: string, onChange: () => void): AgentPool {
    const { ports, ...common } = this.#settings;
    const components = { ...this.#components, onChange };
    if (namespace === DEFAULT_POOL.namespace && name === DEFAULT_POOL.name && zone === '')
      return new AgentPool({ ...common, name: 'agent' }, components);
    // No name of a namespace, a pool or a zone has a dot, so no two places are the same.
    const place =
      namespace === DEFAULT_POOL.namespace && zone === ''
        ? `${name}-agent`
        : `${[namespace, name, zone].join('.')}-agent`;
    const anyPorts = { agentPort: 0, metricsPort: 0, isAutoPort: true };
    return new AgentPool({ ...common, ...anyPorts, name: place, ports }, components);
  }
}
