import type { TopicResource } from '@streamhouse/api/crd/topic.ts';
import { Reflector } from '../kube/reflector.ts';
import { ResourceCache } from '../kube/resource-cache.ts';
import { canonicalName, topicNameOf } from '../plan/topic-name.ts';
import type { Controller, LeaderTerm } from './controller.ts';
import { TOPIC_TYPE } from './topic-reconciler.ts';
import { type TopicCache, TopicTerm, type TopicTermOptions } from './topic-term.ts';

/** Topics: the cache lives as long as the process, the work as long as a term. */
export class TopicController implements Controller {
  readonly name = 'topic';
  readonly #options: TopicTermOptions;
  readonly #cache: TopicCache;
  readonly #reflectors: readonly Reflector<TopicResource>[];
  #term: TopicTerm | undefined;

  constructor(options: TopicTermOptions) {
    const { kube, clock, random, log, metrics, policy, namespaces } = options;
    this.#options = options;
    this.#cache = new ResourceCache<TopicResource, 'topicName'>({
      indexes: {
        topicName: (topic) => [canonicalName(topicNameOf(topic, policy.nameTemplate))],
      },
    });
    this.#reflectors = (namespaces ?? [undefined]).map(
      (namespace) =>
        new Reflector<TopicResource>({
          kube,
          type: TOPIC_TYPE,
          ...(namespace === undefined ? {} : { namespace }),
          cache: this.#cache,
          clock,
          random,
          onChange: (change) => this.#term?.onChange(change),
          onError: (error, { plural }) => log.warn({ err: error, plural }, 'watching failed'),
          onWatch: () => metrics.countWatch('topic'),
        }),
    );
  }

  get isSynced(): boolean {
    return this.#reflectors.every(({ isSynced }) => isSynced);
  }

  get lastActivityMs(): number {
    return Math.min(...this.#reflectors.map(({ lastActivityMs }) => lastActivityMs));
  }

  async watch(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }

  async lead(term: LeaderTerm): Promise<void> {
    try {
      await Promise.all(this.#reflectors.map((reflector) => reflector.synced(term.stop)));
    } catch {
      // The term ended first.
      return;
    }
    this.#term = new TopicTerm(this.#options, this.#cache, term);
    try {
      await this.#term.run();
    } finally {
      this.#term = undefined;
    }
  }
}
