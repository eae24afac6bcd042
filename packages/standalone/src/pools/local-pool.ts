import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import type { PoolDecisions } from '@streamhouse/operator/plan/agent-pool.ts';
import {
  type PlatformFacts,
  type PlatformMember,
  type PoolSet,
  sharesOf,
} from '@streamhouse/operator/plan/pool-facts.ts';
import type { PoolProblem } from '@streamhouse/operator/plan/pool-status.ts';
import type { AgentPool, AgentView } from '../agents.ts';
import { AGENTS_MAX } from '../settings.ts';
import { agentEnvironment, revisionOf } from './agent-environment.ts';
import { LocalSet, type SetTarget } from './local-set.ts';

export interface LocalPoolOptions {
  /** The processes of one zone; empty where the pool names none. */
  readonly openAgents: (zone: string) => AgentPool;
  readonly log: (line: string) => void;
  readonly onChange: () => void;
}

/** The processes of one AgentPool: a set for each of its zones. */
export class LocalPool implements AsyncDisposable {
  readonly #options: LocalPoolOptions;
  readonly #sets = new Map<string, LocalSet>();

  constructor(options: LocalPoolOptions) {
    this.#options = options;
  }

  get agents(): readonly AgentView[] {
    return [...this.#sets.values()].flatMap((set) => set.agents.agents);
  }

  /**
   * Starts the agents that the resource asks for, the first time, and waits until they are ready.
   *
   * @throws as `AgentPool.add`; then none of the set that failed runs.
   */
  async startReady(resource: AgentPoolResource, signal: AbortSignal): Promise<void> {
    const targets = [...targetsOf(resource)];
    await Promise.all(
      targets.map(([zone, target]) => this.#openSet(zone, target).startReady(signal)),
    );
  }

  gather(resource: AgentPoolResource): PlatformFacts {
    return {
      wanted: [...targetsOf(resource)].map(([zone, { replicas, revision }]) => ({
        zone,
        replicas,
        revision,
      })),
      sets: this.#sorted().map(([zone, { target }]): PoolSet => {
        const { replicas, partition, revision } = target;
        return { zone, replicas, partition, revision, isObserved: true };
      }),
      members: this.#sorted().flatMap(([zone, set]) => membersOf(zone, set)),
      // Whoever ends a process here has its sessions fenced, unless it gave its partitions away itself.
      absent: [],
    };
  }

  /** Carries out what was decided, without waiting for agents to start or to drain. */
  async apply(
    resource: AgentPoolResource,
    { sets, remove, replace }: PoolDecisions,
  ): Promise<readonly PoolProblem[]> {
    const targets = targetsOf(resource);
    for (const { zone, replicas, partition } of sets) {
      const before = this.#sets.get(zone);
      const { revision, env } = targets.get(zone) ?? before?.target ?? NOTHING;
      const target = { replicas, partition, revision, env };
      if (before === undefined) this.#openSet(zone, target).keep();
      else before.want(target);
    }
    for (const { zone, ordinal } of replace) this.#sets.get(zone)?.replace(ordinal);
    for (const zone of remove) {
      const set = this.#sets.get(zone);
      this.#sets.delete(zone);
      await set?.[Symbol.asyncDispose]();
    }
    const { replicas } = resource.spec;
    if (replicas <= AGENTS_MAX) return [];
    const message = `one machine runs at most ${AGENTS_MAX} agents of a pool, and ${replicas} are asked for`;
    return [{ kind: 'childRefused', message }];
  }

  /** Ends the agents without draining. */
  async kill(): Promise<void> {
    await Promise.all([...this.#sets.values()].map((set) => set.agents.kill()));
  }

  /** Drains all agents, side by side. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sets.values()].map((set) => set[Symbol.asyncDispose]()));
  }

  #openSet(zone: string, target: SetTarget): LocalSet {
    const { openAgents, log, onChange } = this.#options;
    const set = new LocalSet({ agents: openAgents(zone), target, log, onChange });
    this.#sets.set(zone, set);
    return set;
  }

  #sorted(): readonly (readonly [string, LocalSet])[] {
    return [...this.#sets].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }
}

const NOTHING: SetTarget = { replicas: 0, partition: 0, revision: '', env: {} };

/** By zone, sorted. */
function targetsOf({ metadata, spec }: AgentPoolResource): ReadonlyMap<string, SetTarget> {
  const shares = sharesOf(Math.min(spec.replicas, AGENTS_MAX), spec.zones);
  const entries = shares.map(({ zone, replicas }): [string, SetTarget] => {
    const env = agentEnvironment(metadata.name, zone, spec);
    return [zone, { replicas, partition: 0, revision: revisionOf(env, spec), env }];
  });
  return new Map(entries);
}

function membersOf(zone: string, set: LocalSet): readonly PlatformMember[] {
  const nowMs = systemClock.wallMs();
  return set.members.map(({ trouble, isRunning, ...member }) => ({
    ...member,
    zone,
    trouble: trouble === undefined ? undefined : { kind: 'failing', message: trouble },
    endedBeforeMs: isRunning ? undefined : nowMs,
  }));
}
