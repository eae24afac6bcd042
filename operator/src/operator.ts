/** The operator as a whole: what it follows, one term of leading after the other, and its probes. */
import { randomUUID } from 'node:crypto';
import { type Clock, delay, type Random } from '@streamhouse/core/async/clock.ts';
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { OperatorEpoch } from '@streamhouse/store/metadata/operator.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import type { Controller, LeaderTerm } from './controllers/controller.ts';
import { TopicController } from './controllers/topic.ts';
import { startHttpServer } from './http/server.ts';
import { EventRecorder } from './kube/event-recorder.ts';
import type { KubeApi } from './kube/kube-api.ts';
import { LeaderElection, type Term } from './kube/leader-election.ts';
import type { Logger } from './log.ts';
import type { OperatorMetrics } from './metrics.ts';
import { MetadataProbe } from './metadata-probe.ts';
import type { OperatorSettings } from './settings.ts';

/** Milliseconds for running reconciles to finish, well within what a pod is given to end. */
const DRAIN_MS_MAX = 15_000;
/** Milliseconds without a word on a watch. It is far more than any watch is allowed: something in here stands still. */
const WATCH_SILENCE_MS_MAX = 900_000;
const BACKOFF = { backoffMs: 200, backoffMaxMs: 5_000 };

export interface OperatorComponents {
  readonly kube: KubeApi;
  readonly store: OperatorMetadata;
  /** Brings the schema up to date before anything is written; absent where someone else does. */
  readonly migrate?: (signal: AbortSignal) => Promise<void>;
  /** Where the objects of deleted topics are deleted; absent: they stay. */
  readonly objects?: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: OperatorMetrics;
  /** Kinds besides topics, given what they report events with. */
  readonly controllers?: (events: EventRecorder) => readonly Controller[];
}

export interface Operator {
  /** Undefined when nothing listens. */
  readonly httpPort: number | undefined;
  readonly isLeader: boolean;
  /** Takes no more keys, finishes what runs, gives the Lease up. Idempotent. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** @throws StreamError `unavailable` LISTEN when the port is taken. Everything else is waited for and told by `/readyz`. */
export async function startOperator(
  settings: OperatorSettings,
  components: OperatorComponents,
): Promise<Operator> {
  const running = new RunningOperator(settings, components);
  const http =
    settings.httpPort === undefined
      ? undefined
      : await startHttpServer({
          port: settings.httpPort,
          health: () => running.healthFault(),
          ready: () => running.readyFault(),
          registry: components.metrics.registry,
        });
  running.start();
  components.log.info({ httpPort: http?.port }, 'operator has started');
  let disposed: Promise<void> | undefined;
  return {
    httpPort: http?.port,
    get isLeader() {
      return running.isLeader;
    },
    [Symbol.asyncDispose]: () => (disposed ??= running.stop().then(() => http?.close())),
  };
}

class RunningOperator {
  readonly #components: OperatorComponents;
  readonly #events: EventRecorder;
  readonly #controllers: readonly Controller[];
  readonly #election: LeaderElection;
  readonly #probe: MetadataProbe;
  /** Of this life: a process that restarts under its name is another candidate. */
  readonly #identity: string;
  readonly #stop = new AbortController();
  /** After the last term: those who look on end last, as what they show is needed until then. */
  readonly #end = new AbortController();
  #leading: Promise<void> = Promise.resolve();
  #following: Promise<unknown> = Promise.resolve();
  #isLeader = false;

  constructor(settings: OperatorSettings, components: OperatorComponents) {
    const { kube, clock, random, log, metrics, store } = components;
    this.#components = components;
    this.#identity = `${settings.instance}_${randomUUID()}`;
    this.#events = new EventRecorder({
      kube,
      clock,
      random,
      controller: 'streamhouse.io/operator',
      instance: settings.instance,
      onError: (error) => log.warn({ err: error }, 'an event was not written'),
    });
    this.#controllers = controllersOf(settings, components, this.#events);
    this.#probe = new MetadataProbe({ ...components, store });
    this.#election = new LeaderElection({
      kube,
      clock,
      random,
      ...settings.lease,
      identity: this.#identity,
      onError: (error) => log.warn({ err: error }, 'asking for the lease failed'),
      onChange: (isLeader) => {
        this.#isLeader = isLeader;
        metrics.setLeader(settings.lease.name, isLeader);
        log.info({ isLeader }, 'leadership changed');
      },
    });
    metrics.setLeader(settings.lease.name, false);
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  start(): void {
    const { signal } = this.#end;
    this.#following = Promise.all([
      ...this.#controllers.map((controller) => controller.watch(signal)),
      this.#events.run(signal),
      this.#probe.run(signal),
    ]);
    this.#leading = this.#elect();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new StreamError('unavailable', 'STOPPING', 'the operator stops'));
    await this.#leading;
    this.#end.abort(this.#stop.signal.reason);
    await this.#following;
  }

  healthFault(): string | undefined {
    const { clock } = this.#components;
    const quiet = this.#controllers.find(
      ({ lastActivityMs }) => clock.monotonicMs() - lastActivityMs > WATCH_SILENCE_MS_MAX,
    );
    return quiet === undefined
      ? undefined
      : `the watch of ${quiet.name} has heard nothing for long`;
  }

  readyFault(): string | undefined {
    const cold = this.#controllers.find(({ isSynced }) => !isSynced);
    if (cold !== undefined) return `the list of ${cold.name} is not complete yet`;
    return this.#probe.fault;
  }

  /** Never rejects: whatever ends a term, the next one may go well. */
  async #elect(): Promise<void> {
    const { log, clock, random } = this.#components;
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#election.run((term) => this.#lead(term), signal);
      } catch (error) {
        log.warn({ err: error }, 'stepped down');
        await delay(clock, backoffDelayMs(failures + 1, { ...BACKOFF, random }), signal).catch(
          () => {},
        );
      }
    }
  }

  async #lead(term: Term): Promise<void> {
    const { clock } = this.#components;
    const stop = new AbortController();
    const lost = new AbortController();
    const onLost = (): void => {
      stop.abort(term.lost.reason);
      lost.abort(term.lost.reason);
    };
    let cancel = (): void => {};
    const onStop = (): void => {
      stop.abort(term.stop.reason);
      cancel = clock.schedule(DRAIN_MS_MAX, () => lost.abort(term.stop.reason));
    };
    onAbort(term.lost, onLost);
    onAbort(term.stop, onStop);
    const leading = { epoch: this.#epochOf(term), stop: stop.signal, lost: lost.signal };
    try {
      // The first that ends ends the others, and the lease is kept until the last one has ended.
      const ends = this.#controllers.map((controller) =>
        controller.lead(leading).finally(() => stop.abort(term.stop.reason)),
      );
      await Promise.allSettled(ends);
      await Promise.all(ends);
    } finally {
      cancel();
      term.lost.removeEventListener('abort', onLost);
      term.stop.removeEventListener('abort', onStop);
    }
  }

  /** One epoch per term, asked for when it is first needed, and only while the Lease is ours. */
  #epochOf(term: Term): LeaderTerm['epoch'] {
    let asked: Promise<OperatorEpoch> | undefined;
    return async (signal) => {
      if (!term.isHeld()) throw new StreamError('fenced', 'LEASE_LOST', 'the lease is lost');
      asked ??= this.#beginTerm(signal).catch((error: unknown) => {
        asked = undefined;
        throw error;
      });
      return await asked;
    };
  }

  async #beginTerm(signal: AbortSignal): Promise<OperatorEpoch> {
    await this.#probe.migrated(signal);
    return await this.#components.store.operator.lead(this.#identity, signal);
  }
}

function controllersOf(
  settings: OperatorSettings,
  components: OperatorComponents,
  events: EventRecorder,
): readonly Controller[] {
  const { nameTemplate, drift, resyncIntervalMs, namespaces } = settings;
  const { kube, store, objects, clock, random, log, metrics, controllers } = components;
  const topics = new TopicController({
    ...{ kube, store, objects, events, clock, random, log, metrics },
    policy: { nameTemplate, drift },
    resyncIntervalMs,
    namespaces,
  });
  return [topics, ...(controllers?.(events) ?? [])];
}

function onAbort(signal: AbortSignal, run: () => void): void {
  if (signal.aborted) run();
  else signal.addEventListener('abort', run, { once: true });
}
