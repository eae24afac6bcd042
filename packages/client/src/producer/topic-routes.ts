/** The topics that a producer writes to: found when they are first named, followed from then on. */
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { TopicView } from '../cluster/cluster-view.ts';
import type { Waiting } from './buffer-gate.ts';
import type { ProducerIdentity } from './partition-queue.ts';
import { PartitionWriter } from './partition-writer.ts';
import { type RouteOptions, TopicRoute } from './topic-route.ts';

export interface TopicRoutesOptions extends RouteOptions {
  readonly cluster: Cluster;
  readonly identity: ProducerIdentity;
  /** Milliseconds that a topic may take to be found. */
  readonly timeoutMs: number;
  /** Where the holder of a writer's partition may be another one now. */
  readonly place: (writer: PartitionWriter, topic: TopicView) => void;
  /** The topic of a writer was deleted and made again, and has its partition. */
  readonly replace: (writer: PartitionWriter, topic: TopicView) => void;
  /** The partition of a writer is gone. */
  readonly abandon: (writer: PartitionWriter, error: StreamError) => void;
  /** The topic of someone who waited for it is there. */
  readonly onFound: (waiting: Waiting) => void;
}

export class TopicRoutes {
  readonly #options: TopicRoutesOptions;
  readonly #routes = new Map<string, TopicRoute>();
  readonly #waiting = new Map<string, Waiting[]>();
  /** Topics that an agent says are not there, while another one is asked. */
  readonly #doubted = new Set<string>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #endView: () => void;

  constructor(options: TopicRoutesOptions) {
    this.#options = options;
    this.#endView = options.cluster.onView(() => this.#onView());
  }

  /** Undefined while the topic is not known: `wait` for it. */
  get(topic: string): TopicRoute | undefined {
    return this.#routes.get(topic);
  }

  /** Looks for the topic; then `onFound`, or `waiting.reject`. */
  wait(topic: string, waiting: Waiting): void {
    const line = this.#waiting.get(topic);
    if (line === undefined) {
      this.#waiting.set(topic, [waiting]);
      this.#run(this.#find(topic));
    } else if (line.length < LIMITS.producerSendsWaitingMax) {
      line.push(waiting);
    } else {
      waiting.reject(tooManyWaiting(topic));
    }
  }

  /** Resolves once nobody waits for a topic. */
  async idle(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  /** Knows no topic any more. */
  dispose(): void {
    this.#endView();
    this.#routes.clear();
  }

  #run(work: Promise<void>): void {
    const task = work.finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  async #find(name: string): Promise<void> {
    const { cluster, timeoutMs, onFound } = this.#options;
    try {
      this.#update(await cluster.topic(name, cluster.signal, timeoutMs));
    } catch (error) {
      const rejection = findError(name, toStreamError(error));
      for (const waiting of this.#take(name)) waiting.reject(rejection);
      return;
    }
    for (const waiting of this.#take(name)) onFound(waiting);
  }

  #take(name: string): Waiting[] {
    const line = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    return line;
  }

  #onView(): void {
    const { view } = this.#options.cluster;
    for (const name of this.#routes.keys()) {
      const topic = view.topics.get(name);
      if (topic !== undefined) this.#update(topic);
      else if (view.missing.has(name)) this.#doubt(name);
    }
  }

  #update(topic: TopicView): void {
    let route = this.#routes.get(topic.name);
    if (route !== undefined && route.topicId !== topic.topicId) this.#replace(route, topic);
    if (route === undefined) {
      route = new TopicRoute(topic.name, topic.topicId, this.#options);
      this.#routes.set(topic.name, route);
    }
    for (let partition = route.writers.length; partition < topic.partitions.length; partition++) {
      route.writers.push(new PartitionWriter(topic, partition, this.#options.identity));
    }
    for (const writer of route.writers) this.#options.place(writer, topic);
  }

  /** Who sends to a name means the topic that has it: what is not acknowledged goes to the new one. */
  #replace(route: TopicRoute, topic: TopicView): void {
    route.topicId = topic.topicId;
    const gone = route.writers.splice(topic.partitions.length);
    for (const writer of gone) this.#options.abandon(writer, topicDeleted(topic.name));
    for (const writer of route.writers) this.#options.replace(writer, topic);
  }

  #drop(route: TopicRoute): void {
    this.#routes.delete(route.topic);
    for (const writer of route.writers) this.#options.abandon(writer, topicDeleted(route.topic));
  }

  /** One agent may be behind the others: only when a second one does not know it either, the topic is gone. */
  #doubt(name: string): void {
    if (this.#doubted.has(name)) return;
    this.#doubted.add(name);
    this.#run(this.#confirm(name).finally(() => this.#doubted.delete(name)));
  }

  async #confirm(name: string): Promise<void> {
    const { cluster, timeoutMs } = this.#options;
    try {
      await cluster.topic(name, cluster.signal, timeoutMs);
    } catch (error) {
      const route = this.#routes.get(name);
      if (route !== undefined && toStreamError(error).kind === 'notFound') this.#drop(route);
    }
  }
}

/** Nothing was written, whatever became of the question. */
function findError(topic: string, error: StreamError): StreamError {
  if (!error.isRetriable) return error;
  return new StreamError('unavailable', 'METADATA_TIMEOUT', `topic "${topic}": ${error.message}`, {
    cause: error,
  });
}

function topicDeleted(topic: string): StreamError {
  return new StreamError('notFound', 'TOPIC_DELETED', `topic "${topic}" is deleted`);
}

function tooManyWaiting(topic: string): StreamError {
  return new StreamError(
    'overloaded',
    'BUFFER_FULL',
    `too many sends wait for the metadata of topic "${topic}"`,
  );
}
