/**
 * One incarnation after the other. An incarnation that is fenced or cannot write ends; the process goes on with the next
 * one as soon as Postgres and the object store can be used.
 */
import { abortAfter, delay } from '@streamhouse/core/async/clock.ts';
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { type AgentComponents, RunningIncarnation } from './incarnation.ts';
import type { AgentSettings } from './settings.ts';

/** What shows the world whether there is a life to ask. */
export interface Serving {
  setServing(isServing: boolean): void;
}

const RESTART_BACKOFF = { backoffMs: 100, backoffMaxMs: 2000 };
/** Milliseconds without a word of the lease keeper after which the process is not well. */
const KEEPER_SILENCE_MS = 15_000;

export class Lives {
  readonly #settings: AgentSettings;
  readonly #components: AgentComponents;
  readonly #stop = new AbortController();
  #life: RunningIncarnation | undefined;
  /** Why nothing is served, as `/ready` tells it. */
  #fault: string | undefined = 'starting';
  #isDraining = false;
  #running: Promise<void> = Promise.resolve();

  constructor(settings: AgentSettings, components: AgentComponents) {
    this.#settings = settings;
    this.#components = components;
    components.metrics.setUnpublishedSource(() => this.#life?.budget.used ?? 0);
    components.metrics.setGroupsSource(
      () => this.#life?.groups.counts() ?? { groups: 0, members: 0 },
    );
  }

  start(server: Serving): void {
    this.#running = this.#run(server);
  }

  current(): RunningIncarnation {
    if (this.#life !== undefined && !this.#life.over.aborted) return this.#life;
    throw new StreamError('unavailable', 'NOT_READY', `the agent is not ready: ${this.#fault}`, {
      retryAfterMs: 500,
    });
  }

  readyFault(): string | undefined {
    if (this.#fault !== undefined) return this.#fault;
    const isHeld = this.#life?.isServing() === true;
    return isHeld ? undefined : 'the session cannot be renewed: Postgres does not answer';
  }

  healthFault(): string | undefined {
    const life = this.#life;
    if (life === undefined) return undefined;
    const silentMs = this.#components.clock.monotonicMs() - life.lease.heardMs;
    return silentMs > KEEPER_SILENCE_MS ? 'the lease keeper makes no progress' : undefined;
  }

  /** Hands everything over and begins no other life. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#fault = 'draining';
    if (this.#life !== undefined) await this.#drainLife(this.#life);
    // One that is still starting sees to its end itself.
    else await this[Symbol.asyncDispose]();
  }

  async #drainLife(life: RunningIncarnation): Promise<void> {
    const { log, clock } = this.#components;
    log.info({ partitions: life.held.size }, 'draining');
    using timeout = abortAfter(clock, this.#settings.drainTimeoutMs);
    try {
      await life.drain(timeout.signal);
      log.info('drained');
    } catch (error) {
      log.error({ err: error }, 'could not hand everything over in time');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new StreamError('unavailable', 'AGENT_STOPPED', 'the agent is stopping'));
    await this.#running;
  }

  async #run(server: Serving): Promise<void> {
    const { clock, random, log } = this.#components;
    const { signal } = this.#stop;
    for (let attempt = 1; !signal.aborted && !this.#isDraining; attempt++) {
      try {
        await this.#live(server, () => {
          attempt = 0;
        });
      } catch (error) {
        if (signal.aborted || this.#isDraining) return;
        this.#fault = toStreamError(error).message;
        log.warn({ err: error }, 'cannot serve yet, trying again');
      }
      server.setServing(false);
      const waitMs = backoffDelayMs(Math.max(1, attempt), { ...RESTART_BACKOFF, random });
      await delay(clock, waitMs, signal).catch(() => undefined);
    }
  }

  /** One incarnation from its registration to its end. */
  async #live(server: Serving, onStarted: () => void): Promise<void> {
    const { metadata, objects, clock, log } = this.#components;
    const { signal } = this.#stop;
    await metadata.check(signal);
    await objects.check({ signal });
    const registeredMs = clock.monotonicMs();
    const clusterId = await metadata.clusterId(signal);
    const { agentId, pool, zone, managedTopics, advertisedAddress: address } = this.#settings;
    const incarnation = await metadata.agents.register(
      { agentId, pool, zone, address, managedTopics },
      signal,
    );
    await using life = new RunningIncarnation(this.#settings, this.#components, {
      incarnation,
      clusterId,
      registeredMs,
    });
    await life.start();
    onStarted();
    if (this.#isDraining) return await this.#drainLife(life);
    this.#life = life;
    this.#fault = undefined;
    server.setServing(true);
    log.info({ incarnation }, 'serving');
    const stopped = new Promise<'stopped'>((resolve) => {
      signal.addEventListener('abort', () => resolve('stopped'), { once: true });
    });
    const reason = await Promise.race([life.ended, stopped]);
    if (reason === 'drained') await stopped;
    // Nobody asks a life that is over whether it is well.
    this.#life = undefined;
    if (this.#isDraining || reason === 'stopped') return;
    this.#fault = `the last incarnation ended: ${reason}`;
    log.warn({ incarnation, reason }, 'incarnation is over, beginning a new one');
  }
}
