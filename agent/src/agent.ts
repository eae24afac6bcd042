/**
 * The agent as a whole: its servers, and one incarnation after the other behind them. An incarnation that is fenced or
 * cannot write ends; the process goes on with the next one as soon as Postgres and the object store can be used.
 */
import { delay } from '@streamhouse/core/async/clock.ts';
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { type GrpcServer, startGrpcServer } from './grpc/server.ts';
import { type HttpServer, startHttpServer } from './http/server.ts';
import { type AgentComponents, RunningIncarnation } from './incarnation.ts';
import type { AgentSettings } from './settings.ts';

export interface Agent {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Drains and stops: everything accepted is published, every lease has an heir, every call has its answer. Idempotent. */
  [Symbol.asyncDispose](): Promise<void>;
}

const RESTART_BACKOFF = { backoffMs: 100, backoffMaxMs: 2000 };
/** Milliseconds for calls to end by themselves once everything is handed over. */
const CLOSE_GRACE_MS = 2000;
/** Milliseconds without a word of the lease keeper after which the process is not well. */
const KEEPER_SILENCE_MS = 15_000;

/** @throws StreamError `unavailable` LISTEN when a port is taken. Everything else is waited for and told by `/ready`. */
export async function startAgent(
  settings: AgentSettings,
  components: AgentComponents,
): Promise<Agent> {
  const lives = new Lives(settings, components);
  const { clock, log, metrics } = components;
  const grpc = await startGrpcServer(
    { current: () => lives.current(), clock, log, metrics },
    settings.listen,
  );
  const http = await startHttpServer({
    port: settings.metricsPort,
    health: () => lives.healthFault(),
    ready: () => lives.readyFault(),
    registry: metrics.registry,
  });
  lives.start(grpc);
  log.info({ grpcPort: grpc.port, httpPort: http.port }, 'agent is listening');
  let disposed: Promise<void> | undefined;
  return {
    grpcPort: grpc.port,
    httpPort: http.port,
    [Symbol.asyncDispose]: () => (disposed ??= stop(lives, grpc, http)),
  };
}

async function stop(lives: Lives, grpc: GrpcServer, http: HttpServer): Promise<void> {
  grpc.setServing(false);
  await lives.drain();
  await grpc.close(CLOSE_GRACE_MS);
  await lives[Symbol.asyncDispose]();
  await http.close();
}

class Lives {
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
  }

  start(grpc: GrpcServer): void {
    this.#running = this.#run(grpc);
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
    const { log } = this.#components;
    log.info({ partitions: life.held.size }, 'draining');
    try {
      await life.drain(AbortSignal.timeout(this.#settings.drainTimeoutMs));
      log.info('drained');
    } catch (error) {
      log.error({ err: error }, 'could not hand everything over in time');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new StreamError('unavailable', 'AGENT_STOPPED', 'the agent is stopping'));
    await this.#running;
  }

  async #run(grpc: GrpcServer): Promise<void> {
    const { clock, random, log } = this.#components;
    const { signal } = this.#stop;
    for (let attempt = 1; !signal.aborted && !this.#isDraining; attempt++) {
      try {
        await this.#live(grpc, () => {
          attempt = 0;
        });
      } catch (error) {
        if (signal.aborted || this.#isDraining) return;
        this.#fault = toStreamError(error).message;
        log.warn({ err: error }, 'cannot serve yet, trying again');
      }
      grpc.setServing(false);
      const waitMs = backoffDelayMs(Math.max(1, attempt), { ...RESTART_BACKOFF, random });
      await delay(clock, waitMs, signal).catch(() => undefined);
    }
  }

  /** One incarnation from its registration to its end. */
  async #live(grpc: GrpcServer, onStarted: () => void): Promise<void> {
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
    grpc.setServing(true);
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
