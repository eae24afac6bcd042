/** A client's connection to a cluster: its channels, what it knows of topics and agents, and how that stays fresh. */
import { type Clock, delay, type Random } from '@streamhouse/core/async/clock.ts';
import { backoffDelayMs, retry } from '@streamhouse/core/async/retry.ts';
import { runLoop, Trigger } from '@streamhouse/core/async/run-loop.ts';
import { holdingClock } from '@streamhouse/core/async/system-clock.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import type { GetMetadataResponse__Output as MetadataMessage } from '@streamhouse/api/gen/streamhouse/v1/GetMetadataResponse.ts';
import type { ConnectOptions } from '../public/connect.ts';
import { type AgentChannel, callUnary, openAgentChannel } from './agent-channel.ts';
import { parseBootstrap } from './bootstrap.ts';
import { type ClusterView, EMPTY_VIEW, mergeMetadata, type TopicView } from './cluster-view.ts';
import { watchMetadata } from './metadata-watch.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const METADATA_MAX_AGE_MS = 60_000;
/** An agent that does not answer so small a question in this time is passed over. */
const METADATA_TIMEOUT_MS = 2_500;
/** Between two refreshes, however many partitions ask for one. */
const REFRESH_PAUSE_MS = 50;
/** For a topic that was made a moment ago through another agent. */
const NOT_FOUND_GRACE_MS = 300;
const BACKOFF = { backoffMs: 100, backoffMaxMs: 1_000 };

export interface ClusterComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly openChannel: (address: string) => AgentChannel;
}

/** Those of a program in the real world. */
export const SYSTEM_COMPONENTS: ClusterComponents = {
  clock: holdingClock,
  random: Math.random,
  openChannel: openAgentChannel,
};

interface ClusterSettings {
  readonly bootstrap: readonly string[];
  readonly requestTimeoutMs: number;
}

export interface RequestOptions {
  readonly signal: AbortSignal | undefined;
  /** Milliseconds over all attempts. */
  readonly timeoutMs: number;
  /** Whether to try again when it is not known whether the request was done. */
  readonly isIdempotent: boolean;
}

export class Cluster implements AsyncDisposable {
  readonly clock: Clock;
  readonly random: Random;
  readonly requestTimeoutMs: number;
  readonly #openChannel: ClusterComponents['openChannel'];
  readonly #bootstrap: readonly string[];
  readonly #channels = new Map<string, AgentChannel>();
  readonly #listeners = new Set<() => void>();
  readonly #topics = new Set<string>();
  readonly #life = new AbortController();
  readonly #refresh = new Trigger();
  readonly #loops: Promise<void>[] = [];
  #watchScope = new AbortController();
  #view: ClusterView = EMPTY_VIEW;
  /** Which of the known agents is asked first. */
  #cursor = 0;

  constructor(settings: ClusterSettings, { clock, random, openChannel }: ClusterComponents) {
    this.#openChannel = openChannel;
    this.#bootstrap = settings.bootstrap;
    this.requestTimeoutMs = settings.requestTimeoutMs;
    this.clock = clock;
    this.random = random;
  }

  get view(): ClusterView {
    return this.#view;
  }

  /** Aborts when the cluster is disposed. */
  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** The channel to an agent, opened when it is first asked for. */
  channel(address: string): AgentChannel {
    let channel = this.#channels.get(address);
    if (channel === undefined) {
      channel = this.#openChannel(address);
      this.#channels.set(address, channel);
    }
    return channel;
  }

  /** Calls `listener` after each answer about the cluster; the result ends it. */
  onView(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks for fresh metadata soon. Many calls before the answer count as one. */
  requestRefresh(): void {
    this.#refresh.fire();
  }

  /**
   * Resolves with a topic and keeps it fresh from then on.
   *
   * @throws StreamError `notFound`; or what the last agent asked answered when the time is over.
   */
  async topic(
    name: string,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<TopicView> {
    const startMs = this.clock.monotonicMs();
    for (let isLast = false; ; isLast = true) {
      this.#apply(await this.fetchMetadata([name], signal, timeoutMs));
      const topic = this.#view.topics.get(name);
      if (topic !== undefined) {
        this.#follow(name);
        return topic;
      }
      const error = this.#view.missing.get(name) ?? notFound(name);
      const isLate = this.clock.monotonicMs() - startMs + NOT_FOUND_GRACE_MS > timeoutMs;
      if (isLast || isLate || error.kind !== 'notFound') throw error;
      this.#cursor++;
      await delay(this.clock, NOT_FOUND_GRACE_MS, this.#ending(signal));
    }
  }

  /** Asks any agent; no names: about all topics. The view does not change. */
  fetchMetadata(
    topics: readonly string[],
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<MetadataMessage> {
    return this.request({ signal, timeoutMs, isIdempotent: true }, (channel, attemptSignal) =>
      callUnary(
        (...call) => channel.metadata.getMetadata(...call),
        { topics: [...topics] },
        {
          signal: attemptSignal,
          timeoutMs: Math.min(timeoutMs, METADATA_TIMEOUT_MS),
          clock: this.clock,
        },
      ),
    );
  }

  /** Asks any agent, and another one after each failure that another attempt may mend. */
  request<T>(
    options: RequestOptions,
    attempt: (channel: AgentChannel, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const signal = this.#ending(options.signal);
    const { clock, random } = this;
    const retrying = { clock, random, signal, timeoutMs: options.timeoutMs, ...BACKOFF };
    return retry(retrying, async (attemptSignal) => {
      const channel = this.#anyChannel();
      try {
        return await attempt(channel, attemptSignal);
      } catch (error) {
        this.#passOver(channel);
        if (options.isIdempotent || toStreamError(error).kind !== 'indefinite') throw error;
        throw new FinalError(error);
      }
    }).catch((error: unknown) => {
      throw error instanceof FinalError ? error.cause : error;
    });
  }

  /** Connects to whichever address answers first. */
  async connect(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const won = new AbortController();
    const either = AbortSignal.any([signal, won.signal, this.#life.signal]);
    const attempts = this.#bootstrap.map((address) => this.#probe(address, timeoutMs, either));
    try {
      // Only the agents: topics are known once they are asked for, and kept fresh from then on.
      this.#apply({ ...(await Promise.any(attempts)), topics: [] });
    } catch (error) {
      signal.throwIfAborted();
      throw connectError(this.#bootstrap, error);
    } finally {
      won.abort();
      await Promise.allSettled(attempts);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort(new StreamError('conflict', 'CLOSED', 'the client is closed'));
    await Promise.all(this.#loops);
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
    this.#listeners.clear();
  }

  async #probe(address: string, timeoutMs: number, signal: AbortSignal): Promise<MetadataMessage> {
    const { clock, random } = this;
    const channel = this.channel(address);
    return await retry({ clock, random, signal, timeoutMs, ...BACKOFF }, (attemptSignal) =>
      callUnary(
        (...call) => channel.metadata.getMetadata(...call),
        { topics: [] },
        { signal: attemptSignal, timeoutMs, clock },
      ),
    );
  }

  /** Agents first, those that drain last, then the addresses that the client came with. */
  #addresses(): string[] {
    const agents = [...this.#view.agents.values()];
    const serving = agents.filter((agent) => !agent.isDraining);
    const named = [...(serving.length > 0 ? serving : agents)].map((agent) => agent.address);
    return [...new Set([...named, ...this.#bootstrap])];
  }

  /** Aborts with `signal`, and when the cluster is disposed. */
  #ending(signal: AbortSignal | undefined): AbortSignal {
    const life = this.#life.signal;
    return signal === undefined ? life : AbortSignal.any([signal, life]);
  }

  #anyChannel(): AgentChannel {
    const addresses = this.#addresses();
    return this.channel(addresses[this.#cursor % addresses.length] as string);
  }

  /** Once for all that failed on it: as many steps as calls could lead back to it. */
  #passOver(channel: AgentChannel): void {
    if (this.#anyChannel() === channel) this.#cursor++;
  }

  #follow(name: string): void {
    if (this.#topics.has(name)) return;
    this.#topics.add(name);
    this.#watchScope.abort();
    if (this.#loops.length > 0) return;
    this.#loops.push(this.#refreshAlways(), this.#watchAlways());
  }

  #refreshAlways(): Promise<void> {
    const { clock, random } = this;
    const options = {
      name: 'refresh metadata',
      everyMs: METADATA_MAX_AGE_MS,
      trigger: this.#refresh,
      clock,
      random,
      signal: this.#life.signal,
      onError: (): void => {},
    };
    return runLoop(options, async (signal) => {
      if (this.#topics.size === 0) return;
      await delay(clock, REFRESH_PAUSE_MS, signal);
      this.#apply(await this.fetchMetadata([...this.#topics], signal, Number.POSITIVE_INFINITY));
    });
  }

  async #watchAlways(): Promise<void> {
    for (let failures = 0; !this.#life.signal.aborted; ) {
      if (this.#topics.size === 0) {
        // Every topic is gone: to ask for none would be to ask for all.
        await this.#pause(REFRESH_PAUSE_MS);
        continue;
      }
      this.#watchScope = new AbortController();
      const scope = this.#watchScope.signal;
      const channel = this.#anyChannel();
      const wasHeard = await watchMetadata(channel, {
        topics: [...this.#topics],
        clock: this.clock,
        signal: AbortSignal.any([this.#life.signal, scope]),
        onMetadata: (metadata) => this.#apply(metadata),
      });
      if (scope.aborted) continue;
      this.#passOver(channel);
      failures = wasHeard ? 0 : failures + 1;
      if (failures > 0)
        await this.#pause(backoffDelayMs(failures, { random: this.random, ...BACKOFF }));
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await delay(this.clock, milliseconds, this.#life.signal).catch(() => {
      // Aborted: the caller's loop condition sees it.
    });
  }

  #apply(answer: MetadataMessage): void {
    this.#view = mergeMetadata(this.#view, answer);
    for (const name of this.#view.missing.keys()) this.#topics.delete(name);
    this.#closeUnused();
    for (const listener of this.#listeners) listener();
  }

  /** Lets go of agents that are gone, so that a client that lives for long does not gather dead channels. */
  #closeUnused(): void {
    const known = new Set(this.#bootstrap);
    for (const agent of this.#view.agents.values()) known.add(agent.address);
    for (const [address, channel] of this.#channels) {
      if (known.has(address)) continue;
      this.#channels.delete(address);
      channel.close();
    }
  }
}

/** Carries an error past the retries. */
class FinalError extends Error {
  constructor(cause: unknown) {
    super('not to be retried', { cause });
  }
}

/** @throws StreamError `invalid` BOOTSTRAP; `unavailable` CONNECT_FAILED, which names every address tried. */
export async function connectCluster(
  options: ConnectOptions,
  components: ClusterComponents,
): Promise<Cluster> {
  const settings = {
    bootstrap: parseBootstrap(options.bootstrap),
    requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
  };
  const cluster = new Cluster(settings, components);
  try {
    const signal = options.signal ?? new AbortController().signal;
    await cluster.connect(options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS, signal);
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

function notFound(name: string): StreamError {
  return new StreamError('notFound', 'TOPIC_NOT_FOUND', `there is no topic "${name}"`);
}

function connectError(addresses: readonly string[], error: unknown): StreamError {
  const causes: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const tried = addresses.map((address, index) => {
    const cause = causes[index] ?? causes[0];
    return `${address} (${toStreamError(cause).message})`;
  });
  return new StreamError('unavailable', 'CONNECT_FAILED', `no agent answers: ${tried.join('; ')}`, {
    cause: error,
  });
}
