/** AgentPools: caches live as long as the process, the work as long as a term. */
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import { type KubeApi, keyOf } from '../kube/kube-api.ts';
import { Reflector } from '../kube/reflector.ts';
import { type Change, ResourceCache } from '../kube/resource-cache.ts';
import { type Again, WorkQueue } from '../kube/work-queue.ts';
import type { Logger } from '../log.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { rivalOf } from '../plan/pool-rivals.ts';
import type { PoolBackend } from '../pools/pool-backend.ts';
import { AGENT_POOL_TYPE, PoolReconciler } from './agent-pool-reconciler.ts';
import type { Controller, LeaderTerm } from './controller.ts';

const WORKERS = 8;
/** Milliseconds after a change of sessions or leases: they come in bursts. */
const METADATA_PAUSE_MS = 1_000;
const RECONCILING_FAILED = 'reconciling a pool failed';

export interface PoolControllerOptions {
  readonly kube: KubeApi;
  readonly store: Pick<OperatorMetadata, 'agents' | 'leases' | 'operator' | 'changes'>;
  readonly backend: PoolBackend;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: OperatorMetrics;
  /** Undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  readonly resyncIntervalMs: number;
}

export class PoolController implements Controller {
  readonly name = 'agentpool';
  readonly #options: PoolControllerOptions;
  readonly #cache = new ResourceCache<AgentPoolResource>();
  readonly #reflectors: readonly Reflector<AgentPoolResource>[];
  #queue: WorkQueue | undefined;

  constructor(options: PoolControllerOptions) {
    const { kube, clock, random, log, metrics, namespaces } = options;
    this.#options = options;
    this.#reflectors = (namespaces ?? [undefined]).map(
      (namespace) =>
        new Reflector<AgentPoolResource>({
          ...{ kube, type: AGENT_POOL_TYPE, cache: this.#cache, clock, random },
          ...(namespace === undefined ? {} : { namespace }),
          onChange: (change) => this.#onPool(change),
          onError: (error, { plural }) => log.warn({ err: error, plural }, 'watching failed'),
          onWatch: () => metrics.countWatch('agentpool'),
        }),
    );
  }

  get isSynced(): boolean {
    const { backend } = this.#options;
    return backend.isSynced && this.#reflectors.every(({ isSynced }) => isSynced);
  }

  get lastActivityMs(): number {
    const { backend } = this.#options;
    const own = this.#reflectors.map(({ lastActivityMs }) => lastActivityMs);
    return Math.min(backend.lastActivityMs, ...own);
  }

  async watch(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#options.backend.watch((key) => this.#queue?.add(key, 'change'), signal),
      ...this.#reflectors.map((reflector) => reflector.run(signal)),
    ]);
  }

  async lead(term: LeaderTerm): Promise<void> {
    const { backend } = this.#options;
    try {
      await backend.synced(term.stop);
      await Promise.all(this.#reflectors.map((reflector) => reflector.synced(term.stop)));
    } catch {
      // The term ended first.
      return;
    }
    const fenced = new AbortController();
    using queue = this.#openQueue(fenced);
    const reconciler = new PoolReconciler(this.#options, term);
    const signal = AbortSignal.any([term.stop, fenced.signal]);
    this.#queue = queue;
    try {
      await Promise.all([
        queue.run((key) => this.#reconcile(reconciler, key), signal),
        this.#resync(queue, signal),
        this.#listen(queue, signal),
      ]);
    } finally {
      this.#queue = undefined;
    }
    if (fenced.signal.aborted) throw fenced.signal.reason;
  }

  /** `fenced` is aborted when another one leads. */
  #openQueue(fenced: AbortController): WorkQueue {
    const { clock, random, metrics, log } = this.#options;
    const queue = new WorkQueue({
      ...{ workers: WORKERS, clock, random },
      observer: metrics.queueObserver(this.name),
      onError: (error, key) => {
        const { kind } = toStreamError(error);
        if (kind === 'fenced') fenced.abort(error);
        // A pool that changed meanwhile is nothing to see.
        else log[kind === 'conflict' ? 'debug' : 'warn']({ err: error, key }, RECONCILING_FAILED);
      },
    });
    metrics.setQueue(this.name, queue);
    return queue;
  }

  async #reconcile(reconciler: PoolReconciler, key: string): Promise<Again> {
    const pool = this.#cache.get(key);
    if (pool === undefined) {
      this.#options.backend.forget(key);
      return {};
    }
    return await reconciler.reconcile(pool, rivalOf(pool, this.#cache.values()));
  }

  /** One that goes may be what another one waited for. */
  #onPool({ key, after }: Change<AgentPoolResource>): void {
    this.#queue?.add(key, 'change');
    if (after === undefined)
      for (const other of this.#cache.keys()) this.#queue?.add(other, 'resync');
  }

  async #resync(queue: WorkQueue, signal: AbortSignal): Promise<void> {
    const { clock, random, log, resyncIntervalMs } = this.#options;
    await runLoop(
      {
        ...{ name: 'pool-resync', everyMs: resyncIntervalMs, jitter: 0.1, clock, random, signal },
        onError: (error, name) => log.warn({ err: error, name }, 'a loop failed'),
      },
      async () => {
        for (const pool of this.#cache.values()) queue.add(keyOf(pool.metadata), 'resync');
      },
    );
  }

  async #listen(queue: WorkQueue, signal: AbortSignal): Promise<void> {
    const { changes } = this.#options.store;
    const onChange = (change: string): void => {
      if (change === 'topics') return;
      for (const key of this.#cache.keys()) queue.addAfter(key, METADATA_PAUSE_MS, 'resync');
    };
    // Rejects only because of the signal: it connects again by itself.
    await changes.listen(onChange, signal).catch(() => {});
  }
}
