/** The topics of a group as they come, grow and go: those that a member subscribes to, and those that its leader assigns. */
import type { ListTopicsRequest } from '@streamhouse/api/gen/streamhouse/v1/ListTopicsRequest.ts';
import type { ListTopicsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ListTopicsResponse.ts';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import type { TopicId } from '@streamhouse/core/ids.ts';
import { askAny } from '../cluster/ask-any.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { TopicView } from '../cluster/cluster-view.ts';

/** Between two looks for topics that a pattern matches, or that are not there. */
const LOOK_MS = 2_000;

export interface TopicWatchOptions {
  readonly cluster: Cluster;
  /** A topic came or went, was made again, or has more partitions. */
  readonly onChange: () => void;
}

export class TopicWatch implements AsyncDisposable {
  readonly #options: TopicWatchOptions;
  readonly #cluster: Cluster;
  readonly #life = new AbortController();
  readonly #endView: () => void;
  readonly #known = new Map<string, TopicView>();
  readonly #tasks = new Set<Promise<unknown>>();
  /** Topics that an agent says are not there, while another one is asked. */
  readonly #doubted = new Set<string>();
  #isLooking = false;
  #pattern: RegExp | undefined;
  #names: readonly string[] = [];
  #others: ReadonlySet<string> = new Set();

  constructor(options: TopicWatchOptions) {
    this.#options = options;
    this.#cluster = options.cluster;
    this.#endView = options.cluster.onView(() => this.#onView());
  }

  /** What is subscribed to, sorted: for a pattern the topics that match, else all names, whether they are there or not. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Topics that are there, by name. */
  get topics(): ReadonlyMap<string, TopicView> {
    return this.#known;
  }

  /** Whether a topic that is watched was deleted, and perhaps made again. */
  isGone(name: string, id: TopicId): boolean {
    return this.#watched().has(name) && this.#known.get(name)?.topicId !== id;
  }

  /**
   * Watches these, or all that match, in the place of others.
   *
   * @throws StreamError `notFound` when one that is named is not there.
   */
  async select(topics: readonly string[] | RegExp, signal: AbortSignal | undefined): Promise<void> {
    const isPattern = topics instanceof RegExp;
    // A global pattern would go on where its last match ended.
    const pattern = isPattern ? new RegExp(topics, topics.flags.replace(/[gy]/g, '')) : undefined;
    const names = isPattern
      ? await this.#matching(pattern as RegExp, signal)
      : [...new Set(topics)].toSorted();
    const found = await Promise.all(names.map((name) => this.#ask(name, signal)));
    this.#pattern = pattern;
    this.#names = names;
    this.#others = new Set();
    for (const topic of found) this.#known.set(topic.name, topic);
    this.#forgetOthers();
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#run(this.#lookAlways());
  }

  /** Watches nothing any more. */
  forget(): void {
    this.#pattern = undefined;
    this.#names = [];
    this.#others = new Set();
    this.#known.clear();
  }

  /** Watches those too that other members subscribe to, which may not be there. */
  async include(names: ReadonlySet<string>): Promise<void> {
    this.#others = names;
    this.#forgetOthers();
    await this.#lookForMissing();
  }

  /** Takes in what was changed a moment ago: topics of these ids are there, says the coordinator. */
  async refresh(): Promise<void> {
    await Promise.all(this.#names.map((name) => this.#look(name)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    this.#endView();
    await Promise.all(this.#tasks);
  }

  #watched(): Set<string> {
    return new Set([...this.#names, ...this.#others]);
  }

  /** What is not watched is not kept up to date. */
  #forgetOthers(): void {
    const watched = this.#watched();
    for (const name of this.#known.keys()) if (!watched.has(name)) this.#known.delete(name);
  }

  #onView(): void {
    let isChanged = false;
    for (const name of this.#watched()) {
      const topic = this.#cluster.view.topics.get(name);
      if (topic !== undefined) isChanged = this.#learn(topic) || isChanged;
      else if (this.#known.has(name)) this.#doubt(name);
    }
    if (isChanged) this.#options.onChange();
  }

  /** Whether that is news. */
  #learn(topic: TopicView): boolean {
    const known = this.#known.get(topic.name);
    this.#known.set(topic.name, topic);
    return known?.topicId !== topic.topicId || known.partitions.length !== topic.partitions.length;
  }

  /** One agent may be behind the others: only when a second one does not know it either, the topic is gone. */
  #doubt(name: string): void {
    if (this.#doubted.has(name)) return;
    this.#doubted.add(name);
    this.#run(this.#look(name).finally(() => this.#doubted.delete(name)));
  }

  /** Finds out whether a topic is there. */
  async #look(name: string): Promise<void> {
    try {
      const topic = await this.#ask(name, this.#life.signal);
      if (this.#watched().has(name) && this.#learn(topic)) this.#options.onChange();
    } catch (error) {
      if (toStreamError(error).kind !== 'notFound') return; // Nobody could be asked: the next look asks again.
      if (this.#known.delete(name)) this.#options.onChange();
    }
  }

  #lookAlways(): Promise<void> {
    const { clock, random } = this.#cluster;
    const options = {
      name: 'look for topics',
      everyMs: LOOK_MS,
      jitter: 0.2,
      clock,
      random,
      signal: this.#life.signal,
      onError: (): void => {},
    };
    return runLoop(options, async (signal) => {
      if (this.#pattern !== undefined) await this.#match(this.#pattern, signal);
      await this.#lookForMissing();
    });
  }

  async #lookForMissing(): Promise<void> {
    const missing = [...this.#watched()].filter((name) => !this.#known.has(name));
    await Promise.all(missing.map((name) => this.#look(name)));
  }

  async #match(pattern: RegExp, signal: AbortSignal): Promise<void> {
    const names = await this.#matching(pattern, signal);
    if (pattern !== this.#pattern || names.join() === this.#names.join()) return;
    const found = names.filter((name) => !this.#known.has(name));
    const topics = await Promise.all(found.map((name) => this.#ask(name, signal)));
    for (const topic of topics) this.#known.set(topic.name, topic);
    this.#names = names;
    this.#forgetOthers();
    this.#options.onChange();
  }

  async #matching(pattern: RegExp, signal: AbortSignal | undefined): Promise<string[]> {
    const { topics } = await askAny<ListTopicsRequest, ListTopicsResponse__Output>(
      this.#cluster,
      ({ admin }) =>
        (...call) =>
          admin.listTopics(...call),
      {},
      { signal, isIdempotent: true },
    );
    return topics
      .map(({ name }) => name)
      .filter((name) => pattern.test(name))
      .toSorted();
  }

  #ask(name: string, signal: AbortSignal | undefined): Promise<TopicView> {
    return this.#cluster.topic(name, signal, this.#cluster.requestTimeoutMs);
  }

  #run(work: Promise<void>): void {
    const task = work.finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }
}
