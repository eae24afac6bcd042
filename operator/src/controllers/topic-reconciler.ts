/** One Topic at a time: read it from the cache, plan, ask Postgres, write what changed. */
import { TOPIC, type TopicResource } from '@streamhouse/api/crd/topic.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import type { TopicId } from '@streamhouse/core/ids.ts';
import type {
  ClaimOutcome,
  OperatorStore,
  TopicWish,
} from '@streamhouse/store/metadata/operator.ts';
import type { KubernetesOwner } from '@streamhouse/store/metadata/topics.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import type { KubeApi, ResourceType } from '../kube/kube-api.ts';
import type { OperatorMetrics } from '../metrics.ts';
import {
  afterClaim,
  planTopic,
  renamedWish,
  TOPIC_FINALIZER,
  type TopicChange,
  type TopicDeletion,
  type TopicPlan,
  whenUnreachable,
} from '../plan/topic.ts';
import { deletedEvent, retainedEvent, type TopicEvent } from '../plan/topic-events.ts';
import { ownerOf, type TopicPolicy } from '../plan/topic-wish.ts';
import type { LeaderTerm } from './controller.ts';
import { ResourceWriter } from './resource-writer.ts';

export const TOPIC_TYPE: ResourceType = {
  group: TOPIC.group,
  version: TOPIC.version,
  plural: TOPIC.plural,
  kind: TOPIC.kind,
  isNamespaced: true,
};

/** Writes to resources under way: what an API server with too much to do gets of ours, while claims are gathered from more. */
const WRITES_MAX = 32;

export interface TopicReconcilerOptions {
  readonly kube: KubeApi;
  readonly store: OperatorStore;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly metrics: OperatorMetrics;
  readonly policy: TopicPolicy;
  readonly term: LeaderTerm;
  readonly claim: (wish: TopicWish) => Promise<ClaimOutcome>;
  /** A name that others may have waited for. */
  readonly onFreed: (topicName: string) => void;
}

export class TopicReconciler {
  readonly #options: TopicReconcilerOptions;
  readonly #writer: ResourceWriter<TopicResource>;
  readonly #signal: AbortSignal;

  constructor(options: TopicReconcilerOptions) {
    this.#options = options;
    this.#signal = options.term.lost;
    this.#writer = new ResourceWriter(options.kube, TOPIC_TYPE, WRITES_MAX);
  }

  /** @returns the resource as it is then. */
  async reconcile(resource: TopicResource, isSuspect: boolean): Promise<TopicResource> {
    const plan = this.#plan(resource, isSuspect);
    try {
      switch (plan.kind) {
        case 'settle':
          return await this.#write(resource, plan.change);
        case 'claim':
          return await this.#claim(resource, plan);
        case 'delete':
          await this.#delete(resource);
          return resource;
        case 'none':
          return resource;
      }
    } catch (error) {
      await this.#tellUnreachable(resource, error);
      throw error;
    }
  }

  /** Gives the topic of a resource that is gone back to the API. */
  async release(owner: KubernetesOwner, topicId: TopicId, topicName: string): Promise<void> {
    const { store, term, onFreed } = this.#options;
    const epoch = await term.epoch(this.#signal);
    if (!(await store.release(epoch, topicId, owner.uid, this.#signal))) return;
    this.#record(owner, [retainedEvent()]);
    onFreed(topicName);
  }

  #plan(resource: TopicResource, isSuspect: boolean): TopicPlan {
    const { policy, clock } = this.#options;
    return planTopic(resource, { isSuspect }, policy, clock.wallMs());
  }

  async #claim(
    resource: TopicResource,
    { wish, addsFinalizer }: Extract<TopicPlan, { kind: 'claim' }>,
  ): Promise<TopicResource> {
    const held = addsFinalizer
      ? await this.#writer.setFinalizer(resource, TOPIC_FINALIZER, true, this.#signal)
      : resource;
    const nowMs = this.#options.clock.wallMs();
    const { asked, outcome } = await this.#ask(held, wish);
    if (outcome.kind === 'updated' && outcome.isDrift) this.#options.metrics.countDriftCorrected();
    return await this.#write(held, afterClaim(held, asked, outcome, nowMs));
  }

  async #ask(
    resource: TopicResource,
    wish: TopicWish,
  ): Promise<{ readonly asked: TopicWish; readonly outcome: ClaimOutcome }> {
    const outcome = await this.#options.claim(wish);
    const renamed = renamedWish(resource, wish, outcome);
    if (renamed === undefined) return { asked: wish, outcome };
    return { asked: renamed, outcome: await this.#options.claim(renamed) };
  }

  /** The cache may be late: what cannot be undone is decided by the resource as it is now. */
  async #delete({ metadata }: TopicResource): Promise<void> {
    const { kube } = this.#options;
    const { namespace, name, uid } = metadata;
    const live = await kube.get<TopicResource>(TOPIC_TYPE, { namespace, name }, this.#signal);
    if (live === undefined || live.metadata.uid !== uid) return;
    const plan = this.#plan(live, false);
    if (plan.kind !== 'delete') return;
    await this.deleteTopics(live, plan);
    await this.#writer.setFinalizer(live, TOPIC_FINALIZER, false, this.#signal);
  }

  async deleteTopics(resource: TopicResource, { topicId, graceMs }: TopicDeletion): Promise<void> {
    const { store, term } = this.#options;
    const epoch = await term.epoch(this.#signal);
    const { uid } = resource.metadata;
    const remove = (id: TopicId) => store.softDelete(epoch, id, uid, graceMs, this.#signal);
    let isDeleted = topicId !== undefined && (await remove(topicId)) === 'deleted';
    if (!isDeleted) {
      // The claim that gave it may have been the last thing that an operator did: then no status tells the id.
      const topics = await store.owners(this.#signal);
      for (const { topicId: id } of topics.filter(({ owner }) => owner.uid === uid)) {
        isDeleted = (await remove(id)) === 'deleted' || isDeleted;
      }
    }
    const topicName = resource.status?.topicName ?? resource.metadata.name;
    if (!isDeleted) return;
    this.#record(ownerOf(resource), [deletedEvent(topicName, graceMs)]);
    this.#options.onFreed(topicName);
  }

  /** Events first: after a write that fails, the next look would find nothing to tell. */
  async #write(resource: TopicResource, change: TopicChange): Promise<TopicResource> {
    this.#record(ownerOf(resource), change.events);
    const held = await this.#writer.setFinalizer(
      resource,
      TOPIC_FINALIZER,
      change.hasFinalizer,
      this.#signal,
    );
    // A resource that was only held by the finalizer is gone now.
    if (resource.metadata.deletionTimestamp !== undefined && !change.hasFinalizer) return held;
    return await this.#writer.setStatus(held, change.status, this.#signal);
  }

  async #tellUnreachable(resource: TopicResource, error: unknown): Promise<void> {
    const known = toStreamError(error);
    // Of Postgres, or of the API server: then this write fails as well.
    if (!isOfPostgres(known.reason) || this.#signal.aborted) return;
    const change = whenUnreachable(resource, this.#options.clock.wallMs());
    if (change !== undefined) await this.#write(resource, change);
  }

  #record({ namespace, name, uid }: KubernetesOwner, events: readonly TopicEvent[]): void {
    const regarding = {
      apiVersion: `${TOPIC.group}/${TOPIC.version}`,
      kind: TOPIC.kind,
      namespace,
      name,
      uid,
    };
    for (const event of events)
      this.#options.events.record({ ...event, regarding, action: 'Reconcile' });
  }
}

/** Whether an error with this reason came from Postgres. */
export function isOfPostgres(reason: string): boolean {
  return reason.startsWith('POSTGRES_') || reason.startsWith('SCHEMA_');
}
