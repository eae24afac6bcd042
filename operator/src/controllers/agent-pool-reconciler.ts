/** One look at one pool: gather, plan, apply, and say what came of it. */
import { AGENT_POOL, type AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import { checkResource } from '@streamhouse/api/crd/check.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import type { Incarnation } from '@streamhouse/core/ids.ts';
import type { AgentSession } from '@streamhouse/store/metadata/agents.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import type { KubeApi, ResourceType } from '../kube/kube-api.ts';
import type { Again } from '../kube/work-queue.ts';
import type { Logger } from '../log.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { type PoolDecisions, planPool } from '../plan/agent-pool.ts';
import { conditionOf } from '../plan/conditions.ts';
import type { PoolFacts } from '../plan/pool-facts.ts';
import { joinFacts, type PoolSessions } from '../plan/pool-sessions.ts';
import { poolChange, type PoolProblem } from '../plan/pool-status.ts';
import type { PoolBackend } from '../pools/pool-backend.ts';
import type { LeaderTerm } from './controller.ts';
import { ResourceWriter } from './resource-writer.ts';

export const AGENT_POOL_TYPE: ResourceType = { ...AGENT_POOL, isNamespaced: true };

/** Milliseconds until a pool that is on its way is looked at again: nobody tells when partitions have found a holder. */
const UNDERWAY_MS = 1_000;
/** The same for what only a person can mend, and for Postgres. */
const TROUBLED_MS = 15_000;

/** Statuses written at a time. */
const WRITES_MAX = 8;

const NOTHING: PoolDecisions = {
  sets: [],
  remove: [],
  drain: [],
  fence: [],
  replace: [],
  leaving: [],
  rollout: { outdated: 0, waitsFor: undefined },
};

export interface PoolReconcilerOptions {
  readonly kube: KubeApi;
  readonly store: Pick<OperatorMetadata, 'agents' | 'leases' | 'operator'>;
  readonly backend: PoolBackend;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: OperatorMetrics;
}

export class PoolReconciler {
  readonly #options: PoolReconcilerOptions;
  readonly #term: LeaderTerm;
  readonly #writer: ResourceWriter<AgentPoolResource>;
  /** When each session was first seen draining, in monotonic milliseconds: a new term gives it its whole time once more. */
  readonly #drainingSinceMs = new Map<Incarnation, number>();

  constructor(options: PoolReconcilerOptions, term: LeaderTerm) {
    this.#options = options;
    this.#term = term;
    this.#writer = new ResourceWriter(options.kube, AGENT_POOL_TYPE, WRITES_MAX);
  }

  /** `rival`: the pool of another namespace that has this one's names. */
  async reconcile(pool: AgentPoolResource, rival: AgentPoolResource | undefined): Promise<Again> {
    if (pool.metadata.deletionTimestamp !== undefined) return {};
    const broken = brokenRule(pool);
    const facts = broken === undefined ? await this.#gather(pool) : EMPTY;
    const obstacle = broken ?? rivalry(rival);
    if (obstacle !== undefined) {
      await this.#conclude(pool, facts, NOTHING, [obstacle]);
      return { requeueAfterMs: TROUBLED_MS };
    }
    const decisions = planPool(pool, facts);
    const problems = await this.#apply(pool, decisions);
    await this.#conclude(pool, facts, decisions, problems);
    if (facts.metadata === undefined || problems.length > 0) return { requeueAfterMs: TROUBLED_MS };
    return isUnderway(decisions) ? { requeueAfterMs: UNDERWAY_MS } : {};
  }

  async #gather(pool: AgentPoolResource): Promise<PoolFacts> {
    const { backend } = this.#options;
    // First the sessions: a process that is looked for after that and is gone cannot have opened a later one.
    const known = await this.#sessionsOf(pool);
    const agentIds = (known?.sessions ?? []).map(({ agentId }) => agentId);
    return joinFacts(await backend.gather(pool, agentIds, this.#term.lost), known);
  }

  /** Undefined when Postgres cannot be asked. */
  async #sessionsOf({ metadata, spec }: AgentPoolResource): Promise<PoolSessions | undefined> {
    const { store, clock, log } = this.#options;
    const { lost } = this.#term;
    try {
      // The schema is there once the term has an epoch.
      await this.#term.epoch(lost);
      const [live, counts] = await Promise.all([
        store.agents.live(lost),
        store.leases.counts(metadata.name, spec.agent.managedTopics, lost),
      ]);
      this.#noteDraining(live);
      const sessions = live.filter(({ pool }) => pool === metadata.name);
      const drainingSinceMs = this.#drainingSinceMs;
      return { sessions, counts, drainingSinceMs, nowMs: clock.monotonicMs() };
    } catch (error) {
      if (lost.aborted || !toStreamError(error).isRetriable) throw error;
      log.warn({ err: error }, 'Postgres was not asked about agents');
      return undefined;
    }
  }

  #noteDraining(live: readonly AgentSession[]): void {
    const nowMs = this.#options.clock.monotonicMs();
    const draining = live.filter(({ isDraining }) => isDraining).map((one) => one.incarnation);
    const isDraining = new Set(draining);
    for (const one of this.#drainingSinceMs.keys())
      if (!isDraining.has(one)) this.#drainingSinceMs.delete(one);
    for (const one of draining)
      if (!this.#drainingSinceMs.has(one)) this.#drainingSinceMs.set(one, nowMs);
  }

  /** Fences first: partitions of a process that is gone wait for nothing else. */
  async #apply(pool: AgentPoolResource, decisions: PoolDecisions): Promise<readonly PoolProblem[]> {
    const { store, backend, log } = this.#options;
    const { lost } = this.#term;
    for (const incarnation of decisions.fence) {
      await store.operator.fenceAgent(await this.#term.epoch(lost), incarnation, lost);
      log.info({ pool: pool.metadata.name, incarnation }, 'fenced an agent whose process is gone');
    }
    for (const incarnation of decisions.drain)
      await store.operator.drainAgent(await this.#term.epoch(lost), incarnation, lost);
    return await backend.apply(pool, decisions, lost);
  }

  async #conclude(
    pool: AgentPoolResource,
    facts: PoolFacts,
    decisions: PoolDecisions,
    problems: readonly PoolProblem[],
  ): Promise<void> {
    const { backend, clock, events, metrics } = this.#options;
    const selector = backend.selectorOf(pool);
    const nowMs = clock.wallMs();
    const change = poolChange(pool, { facts, decisions, problems, selector }, nowMs);
    await this.#writer.setStatus(pool, change.status, this.#term.lost);
    const { namespace, name, uid, creationTimestamp } = pool.metadata;
    const regarding = { apiVersion: pool.apiVersion, kind: 'AgentPool', namespace, name, uid };
    for (const event of change.events) events.record({ ...event, regarding, action: 'Reconcile' });
    const isReady = (conditions: typeof change.status.conditions): boolean =>
      conditionOf(conditions, 'Ready')?.status === 'True';
    const wasEverReady = (pool.status?.currentRevision ?? '') !== '';
    if (!wasEverReady && isReady(change.status.conditions))
      metrics.observeReady('AgentPool', nowMs - Date.parse(creationTimestamp));
  }
}

const EMPTY: PoolFacts = {
  wanted: [],
  sets: [],
  members: [],
  metadata: { gone: [], unheld: 0 },
};

/** What was stored before a rule was there. */
function brokenRule(pool: AgentPoolResource): PoolProblem | undefined {
  const [problem] = checkResource(AGENT_POOL, pool, undefined);
  if (problem === undefined) return undefined;
  return { kind: 'childRefused', message: `${problem.path} ${problem.message}` };
}

function rivalry(rival: AgentPoolResource | undefined): PoolProblem | undefined {
  if (rival === undefined) return undefined;
  const { namespace, name } = rival.metadata;
  const message = `the AgentPool ${namespace}/${name} has this name, or names of agents that this one would have: rename one of the two`;
  return { kind: 'nameConflict', message };
}

function isUnderway({ leaving, rollout, drain, replace }: PoolDecisions): boolean {
  return leaving.length > 0 || drain.length > 0 || replace.length > 0 || rollout.outdated > 0;
}
