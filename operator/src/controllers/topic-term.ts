/** The work of one term: its queue, what it knows beyond the cache, and the look at everything once in a while. */
import type { TopicResource } from '@streamhouse/api/crd/topic.ts';
import { type Clock, delay, type Random } from '@streamhouse/core/async/clock.ts';
import { retry } from '@streamhouse/core/async/retry.ts';
import { runLoop, Trigger } from '@streamhouse/core/async/run-loop.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { OwnedTopic } from '@streamhouse/store/metadata/operator.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import { isLater, type KubeApi, keyOf } from '../kube/kube-api.ts';
import { type Change, type ResourceCache, trimMetadata } from '../kube/resource-cache.ts';
import { type Again, WorkQueue } from '../kube/work-queue.ts';
import type { Logger } from '../log.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { conditionOf } from '../plan/conditions.ts';
import { planGone } from '../plan/topic.ts';
import { canonicalName, topicNameOf } from '../plan/topic-name.ts';
import { compareTopics } from '../plan/topic-resync.ts';
import { ownerOf, topicIdOf, type TopicPolicy } from '../plan/topic-wish.ts';
import { ClaimBuffer } from './claim-buffer.ts';
import type { LeaderTerm } from './controller.ts';
import { runPurge } from './purge.ts';
import { isOfPostgres, TOPIC_TYPE, TopicReconciler } from './topic-reconciler.ts';

/** Reconciles at a time: they wait for the same statement and for the API server. */
const WORKERS = 128;
/** After a look at everything, so that what it changed itself does not bring about the next one at once. */
const RESYNC_PAUSE_MS = 2_000;
const RESYNC_RETRY = { backoffMs: 500, backoffMaxMs: 5_000 };

export type TopicIndex = 'topicName';
export type TopicCache = ResourceCache<TopicResource, TopicIndex>;

export interface TopicTermOptions {
  readonly kube: KubeApi;
  readonly store: OperatorMetadata;
  readonly objects: ObjectStore | undefined;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: OperatorMetrics;
  readonly policy: TopicPolicy;
  readonly resyncIntervalMs: number;
  /** Those that the cache shows; undefined: all. */
  readonly namespaces: readonly string[] | undefined;
}

export class TopicTerm {
  readonly #options: TopicTermOptions;
  readonly #cache: TopicCache;
  readonly #term: LeaderTerm;
  readonly #queue: WorkQueue;
  readonly #reconciler: TopicReconciler;
  readonly #resyncDue = new Trigger();
  readonly #over = new AbortController();
  /** Resources whose topic is to be looked at although their status says that all is done: by key. */
  readonly #suspects = new Set<string>();
  /** Resources as this term has seen them later than the cache: by key. */
  readonly #ahead = new Map<string, TopicResource>();
  /** Those whose last write was refused as late, or may have been done although it failed: they are read before the next one. */
  readonly #doubtful = new Set<string>();
  /** Those that have had no topic in this term so far. */
  readonly #topicless = new Set<string>();
  /** Resources that went and whose topics are to be released: by key, then by uid. */
  readonly #gone = new Map<string, Map<string, TopicResource>>();

  constructor(options: TopicTermOptions, cache: TopicCache, term: LeaderTerm) {
    const { clock, random, metrics, policy, store } = options;
    this.#options = options;
    this.#cache = cache;
    this.#term = term;
    this.#queue = new WorkQueue({
      workers: WORKERS,
      clock,
      random,
      observer: metrics.queueObserver('topic'),
      onError: (error, key) => this.#onError(error, key),
    });
    metrics.setQueue('topic', this.#queue);
    const buffer = new ClaimBuffer(
      async (wishes) => await store.operator.claim(await term.epoch(term.lost), wishes, term.lost),
      clock,
    );
    this.#reconciler = new TopicReconciler({
      ...options,
      store: store.operator,
      policy,
      term,
      claim: (wish) => buffer.claim(wish),
      onFreed: (topicName) => this.#wake(topicName),
    });
  }

  onChange({ key, before, after }: Change<TopicResource>): void {
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid) {
      const gone = this.#gone.get(key) ?? new Map<string, TopicResource>();
      this.#gone.set(key, gone.set(before.metadata.uid, before));
    }
    const ahead = this.#ahead.get(key);
    if (ahead !== undefined && !(after !== undefined && isNewer(ahead, after)))
      this.#ahead.delete(key);
    this.#queue.add(key, 'change');
  }

  /** @throws StreamError `fenced` when another one leads. */
  async run(): Promise<void> {
    const signal = AbortSignal.any([this.#term.stop, this.#over.signal]);
    for (const { metadata, status } of this.#cache.values()) {
      // What came while nobody led does not wait for all that is only looked at again.
      const isNews = status?.observedGeneration !== metadata.generation;
      this.#queue.add(keyOf(metadata), isNews ? 'change' : 'resync');
    }
    await using work = new AsyncDisposableStack();
    work.use(this.#queue);
    await Promise.all([
      this.#queue.run((key) => this.#reconcile(key), signal),
      this.#listen(signal),
      this.#resyncLoop(signal),
      runPurge(
        {
          ...this.#options,
          store: this.#options.store.operator,
          onError: (error, name) => this.#onError(error, name),
        },
        { ...this.#term, stop: signal, epoch: (until) => this.#term.epoch(until) },
      ),
    ]);
    if (this.#over.signal.aborted) throw this.#over.signal.reason;
  }

  async #reconcile(key: string): Promise<Again> {
    for (const [uid, resource] of this.#gone.get(key) ?? []) {
      await this.#releaseGone(resource);
      this.#gone.get(key)?.delete(uid);
    }
    if (this.#gone.get(key)?.size === 0) this.#gone.delete(key);
    const resource = await this.#latest(key);
    if (resource === undefined) {
      for (const known of [this.#suspects, this.#ahead, this.#doubtful, this.#topicless])
        known.delete(key);
      return {};
    }
    if (resource.status?.topicId === undefined) this.#topicless.add(key);
    const isSuspect = this.#suspects.delete(key);
    try {
      const present = await this.#reconciler.reconcile(resource, isSuspect);
      this.#doubtful.delete(key);
      this.#note(key, present);
      return {};
    } catch (error) {
      if (isSuspect) this.#suspects.add(key);
      const { kind } = toStreamError(error);
      if (kind === 'conflict' || kind === 'indefinite') this.#doubtful.add(key);
      throw error;
    }
  }

  async #latest(key: string): Promise<TopicResource | undefined> {
    const cached = this.#cache.get(key);
    if (cached === undefined) return undefined;
    if (this.#doubtful.has(key)) {
      const { namespace, name } = cached.metadata;
      const { kube } = this.#options;
      return await kube.get<TopicResource>(TOPIC_TYPE, { namespace, name }, this.#term.lost);
    }
    const ahead = this.#ahead.get(key);
    return ahead !== undefined && isNewer(ahead, cached) ? ahead : cached;
  }

  #note(key: string, present: TopicResource): void {
    const { clock, metrics } = this.#options;
    const cached = this.#cache.get(key);
    if (cached !== undefined && isNewer(present, cached))
      this.#ahead.set(key, trimMetadata(present));
    const { metadata, status } = present;
    const isReady = conditionOf(status?.conditions, 'Ready')?.status === 'True';
    if (!isReady || !this.#topicless.delete(key)) return;
    metrics.observeReady('topic', clock.wallMs() - Date.parse(metadata.creationTimestamp));
  }

  /** A resource that is gone without its topic being deleted: the topic stays, as a rule. */
  async #releaseGone(resource: TopicResource): Promise<void> {
    const { kube, policy } = this.#options;
    const { namespace, name, uid } = resource.metadata;
    const topicId = topicIdOf(resource);
    const deletion = planGone(resource);
    // Whether it had one, the comparison tells.
    if (topicId === undefined && deletion === undefined) return this.#resyncDue.fire();
    const live = await kube.get<TopicResource>(TOPIC_TYPE, { namespace, name }, this.#term.lost);
    if (live?.metadata.uid === uid) return;
    if (deletion !== undefined) await this.#reconciler.deleteTopics(resource, deletion);
    if (deletion !== undefined || topicId === undefined) return;
    const topicName = topicNameOf(resource, policy.nameTemplate);
    await this.#reconciler.release(ownerOf(resource), topicId, topicName);
  }

  #wake(topicName: string): void {
    for (const { metadata } of this.#cache.byIndex('topicName', canonicalName(topicName))) {
      this.#queue.add(keyOf(metadata), 'change');
    }
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { changes } = this.#options.store;
    const onChange = (change: string): void => {
      if (change === 'topics') this.#resyncDue.fire();
    };
    // Rejects only because of the signal: it connects again by itself.
    await changes.listen(onChange, signal).catch(() => {});
  }

  async #resyncLoop(signal: AbortSignal): Promise<void> {
    const { clock, random, resyncIntervalMs: everyMs } = this.#options;
    const onError = (error: unknown, name: string): void => this.#onError(error, name);
    const trigger = this.#resyncDue;
    const loop = { name: 'resync', everyMs, jitter: 0.1, trigger, clock, random, signal, onError };
    await runLoop(loop, async () => {
      const timing = { ...RESYNC_RETRY, clock, random, signal, timeoutMs: everyMs };
      await retry(timing, () => this.#resync(signal));
      await delay(clock, RESYNC_PAUSE_MS, signal);
    });
  }

  async #resync(signal: AbortSignal): Promise<void> {
    const { store, policy, metrics } = this.#options;
    const topics = await store.operator.snapshot(signal);
    const { suspects, ownerless } = compareTopics(this.#cache.values(), topics, policy);
    metrics.observeResync(suspects.length);
    for (const { metadata } of suspects) {
      const key = keyOf(metadata);
      this.#suspects.add(key);
      this.#queue.add(key, 'resync');
    }
    await this.#sweep(ownerless, signal);
  }

  /** Releases topics whose resource went while nobody looked: absent from a list that is complete and newer than their rows. */
  async #sweep(ownerless: readonly OwnedTopic[], signal: AbortSignal): Promise<void> {
    const { namespaces } = this.#options;
    const byNamespace = Map.groupBy(ownerless, ({ owner }) => owner.namespace);
    for (const [namespace, topics] of byNamespace) {
      if (namespaces?.includes(namespace) === false) continue;
      const uids = await this.#listUids(namespace, signal);
      for (const { owner, topicId, name } of topics) {
        // Who has seen it go knows more of it than that it is gone.
        if (this.#gone.get(keyOf(owner))?.has(owner.uid) === true) continue;
        if (!uids.has(owner.uid)) await this.#reconciler.release(owner, topicId, name);
      }
    }
  }

  async #listUids(namespace: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { kube } = this.#options;
    const uids = new Set<string>();
    let continueToken: string | undefined;
    do {
      const page = await kube.list<TopicResource>(
        TOPIC_TYPE,
        {
          namespace,
          limit: LIMITS.kubePageObjects,
          ...(continueToken === undefined ? {} : { continueToken }),
        },
        signal,
      );
      for (const { metadata } of page.items) uids.add(metadata.uid);
      continueToken = page.continueToken;
    } while (continueToken !== undefined);
    return uids;
  }

  #onError(error: unknown, what: string): void {
    if (this.#term.lost.aborted || this.#over.signal.aborted) return;
    if (error instanceof StreamError && error.kind === 'fenced') {
      this.#over.abort(error);
      return;
    }
    // A resource that changed meanwhile is nothing to see, and of Postgres the probe tells once and not for each topic.
    const { kind, reason } = toStreamError(error);
    const level = kind === 'conflict' || isOfPostgres(reason) ? 'debug' : 'warn';
    this.#options.log[level]({ err: error, topic: what }, 'topics: it is tried again');
  }
}

function isNewer(resource: TopicResource, than: TopicResource): boolean {
  const [{ metadata: one }, { metadata: other }] = [resource, than];
  return one.uid === other.uid && isLater(one.resourceVersion, other.resourceVersion);
}
