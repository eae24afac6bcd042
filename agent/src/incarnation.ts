/**
 * One life of an agent: from its registration until it is fenced, cannot write, or is drained. Everything that must not
 * outlive it is owned here; the next life starts from Postgres again.
 */
import { type Clock, delay, type Random } from '@streamhouse/core/async/clock.ts';
import { runLoop, Trigger } from '@streamhouse/core/async/run-loop.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { Incarnation } from '@streamhouse/core/ids.ts';
import { newFenceWatch, stepFenceWatch } from '@streamhouse/core/lease/fence-watch.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { Metadata } from '@streamhouse/store/metadata/port.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import { ClusterView } from './cluster/cluster-view.ts';
import { ByteBudget } from './flush/byte-budget.ts';
import { Flusher } from './flush/flusher.ts';
import type { GroupCoordinator } from './group/group-coordinator.ts';
import { SlotKeeper } from './group/slot-keeper.ts';
import { PlacementKeeper } from './lease/placement-keeper.ts';
import type { SessionLease, SessionLeaseOpener } from './lease/session-lease.ts';
import type { Logger } from './log.ts';
import type { AgentMetrics } from './metrics.ts';
import { HeldPartitions } from './partition/held-partitions.ts';
import { TurnShare } from './partition/turn-share.ts';
import { BlockReader } from './read/block-reader.ts';
import { ObjectCache } from './read/object-cache.ts';
import { PartitionReader } from './read/partition-reader.ts';
import { FlowCounter } from './stats/flow-counter.ts';
import type { AgentSettings } from './settings.ts';

/** The ports that an agent stands on. */
export interface AgentComponents {
  readonly metadata: Metadata;
  readonly objects: ObjectStore;
  readonly openLease: SessionLeaseOpener;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: AgentMetrics;
}

export type IncarnationEnd = 'fenced' | 'uploadFailed' | 'drained';

/** Milliseconds between two rounds of placement when nothing wakes it. */
const PLACEMENT_EVERY_MS = 2000;
/** Milliseconds between two rows of what was counted. */
const STATS_EVERY_MS = 2000;
const GROUPS_EVERY_MS = 1000;
/** Milliseconds between two looks at the others' beats: what detection adds to the session timeout. */
const FENCE_WATCH_EVERY_MS = 250;
const FENCE_WATCH_GAP_MS = 1500;
const UPLOAD_TIMES = { attemptMs: 10_000, deadlineMs: 60_000 };
/** Milliseconds after which an agent whose lease lapsed may have it back. */
const LAPSED_RETRY_MS = 200;
/** Milliseconds between two looks whether everything is handed over. */
const DRAIN_POLL_MS = 10;

export class RunningIncarnation {
  readonly incarnation: Incarnation;
  readonly metadata: Metadata;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly view: ClusterView;
  readonly held: HeldPartitions = new HeldPartitions();
  readonly budget: ByteBudget = new ByteBudget(LIMITS.agentUnpublishedBytesMax);
  /** What checking batches may take of the event loop. */
  readonly checks: TurnShare;
  /** What those who look at the cluster are told. */
  readonly flow: FlowCounter;
  readonly flusher: Flusher;
  readonly reader: PartitionReader;
  readonly groups: GroupCoordinator;
  readonly lease: SessionLease;
  /** Resolves with why it is over. */
  readonly ended: Promise<IncarnationEnd>;
  /** Aborts when it is over: every call that waits in it ends. */
  readonly over: AbortSignal;
  readonly #components: AgentComponents;
  readonly #settings: AgentSettings;
  readonly #placement: PlacementKeeper;
  readonly #slots: SlotKeeper;
  readonly #trigger = new Trigger();
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #drainListeners = new Set<() => void>();
  readonly #end: (reason: IncarnationEnd) => void;

  constructor(
    settings: AgentSettings,
    components: AgentComponents,
    start: {
      readonly incarnation: Incarnation;
      readonly clusterId: string;
      readonly registeredMs: number;
    },
  ) {
    const { metadata, objects, clock, random, metrics } = components;
    this.#components = components;
    this.#settings = settings;
    this.incarnation = start.incarnation;
    this.metadata = metadata;
    this.clock = clock;
    this.clusterId = start.clusterId;
    this.over = this.#stop.signal;
    const { promise, resolve } = Promise.withResolvers<IncarnationEnd>();
    this.ended = promise;
    this.#end = resolve;
    this.view = new ClusterView(metadata, this.over);
    this.checks = new TurnShare(clock);
    this.flow = new FlowCounter(() => Math.round(clock.monotonicMs() - start.registeredMs));
    const cache = new ObjectCache(settings.cacheBytes);
    this.flusher = new Flusher({
      incarnation: start.incarnation,
      clusterId: start.clusterId,
      prefix: settings.prefix,
      settings: settings.flush,
      uploadTimes: UPLOAD_TIMES,
      log: metadata.log,
      objects,
      cache,
      budget: this.budget,
      clock,
      random,
      metrics,
      flow: this.flow,
      onError: (error, what) =>
        components.log.warn({ err: error, what }, 'flush failed, trying again'),
      onStop: resolve,
    });
    this.reader = new PartitionReader(
      metadata.log,
      cache,
      new BlockReader(objects, clock, this.over),
    );
    this.#placement = new PlacementKeeper({
      me: start.incarnation,
      metadata,
      view: this.view,
      held: this.held,
      flusher: this.flusher,
      metrics,
      trigger: this.#trigger,
    });
    this.#slots = new SlotKeeper({
      me: start.incarnation,
      store: metadata.groups,
      view: this.view,
      clock,
      random,
      metrics,
      trigger: this.#trigger,
      over: this.over,
    });
    this.groups = this.#slots.coordinator;
    this.lease = components.openLease(start);
  }

  /** Takes part in the cluster: looks once before it resolves, then on and on. */
  async start(): Promise<void> {
    await this.#components.metadata.changes.listen(() => this.#trigger.fire(), this.over);
    await this.#round(this.over);
    this.#loops.push(
      this.#loop('placement', PLACEMENT_EVERY_MS, (signal) => this.#round(signal), this.#trigger),
      this.#watchOthers(),
      this.#loop('groups', GROUPS_EVERY_MS, (signal) => this.groups.readInhabited(signal)),
      this.#loop('stats', STATS_EVERY_MS, (signal) => this.#tellStats(signal)),
    );
    void this.lease.fenced.then(() => this.#end('fenced'));
  }

  /** Whether appends may be admitted now. */
  isServing(): boolean {
    return !this.over.aborted && this.lease.isHeld(this.#components.clock.monotonicMs());
  }

  /** @throws StreamError `unavailable` LEASE_LAPSED when others may hold by now what this agent thinks it holds. */
  checkServing(): void {
    if (this.isServing()) return;
    throw new StreamError(
      'unavailable',
      'LEASE_LAPSED',
      'the agent cannot renew its session: try again',
      { retryAfterMs: LAPSED_RETRY_MS },
    );
  }

  /** Calls `listener` once, when the agent begins to hand over; the result takes it back. */
  onDraining(listener: () => void): () => void {
    this.#drainListeners.add(listener);
    return () => this.#drainListeners.delete(listener);
  }

  /**
   * Hands everything over: admits nothing new, publishes what was accepted, gives every lease to an heir. Resolves when
   * nothing is held any more. @throws the signal's reason when it aborts before.
   */
  async drain(signal: AbortSignal): Promise<void> {
    await this.#components.metadata.agents.drain(this.incarnation, signal);
    this.#slots.drain();
    this.#placement.drain();
    for (const listener of this.#drainListeners) listener();
    while (!(this.#placement.isDrained && this.#slots.isDrained) && !this.over.aborted) {
      await delay(this.#components.clock, DRAIN_POLL_MS, signal);
    }
    this.#end('drained');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isPublishUnknown = this.flusher.isPublishUnknown;
    const reason = new StreamError(
      'unavailable',
      'AGENT_STOPPED',
      'this life of the agent is over',
    );
    this.#stop.abort(reason);
    this.groups.close(reason);
    for (const partition of this.held.all()) partition.stop(isPublishUnknown);
    await this.flusher[Symbol.asyncDispose]();
    await this.lease[Symbol.asyncDispose]();
    await Promise.allSettled(this.#loops);
  }

  async #tellStats(signal: AbortSignal): Promise<void> {
    const { metadata, metrics } = this.#components;
    const { incarnation } = this;
    await metadata.stats.write({ incarnation, ...this.flow.read(), ...metrics.process() }, signal);
  }

  /** Slots after partitions, from the same view. */
  async #round(signal: AbortSignal): Promise<void> {
    await this.#placement.round(signal);
    await this.#slots.round(signal);
  }

  #loop(
    name: string,
    everyMs: number,
    tick: (signal: AbortSignal) => Promise<void>,
    trigger?: Trigger,
  ): Promise<void> {
    const { clock, random, log } = this.#components;
    const onError = (error: unknown): void => log.warn({ err: error, loop: name }, 'round failed');
    const base = { name, everyMs, jitter: 0.2, clock, random, signal: this.over, onError };
    return runLoop(trigger === undefined ? base : { ...base, trigger }, tick);
  }

  #watchOthers(): Promise<void> {
    const { metadata, clock, log } = this.#components;
    let watch = newFenceWatch({
      me: this.incarnation,
      sessionTimeoutMs: this.#settings.sessionTimeoutMs,
      watchGapMaxMs: FENCE_WATCH_GAP_MS,
    });
    return this.#loop('fence watch', FENCE_WATCH_EVERY_MS, async (signal) => {
      const sessions = await metadata.agents.live(signal).catch((error: unknown) => {
        watch = stepFenceWatch(watch, { type: 'ObserveFailed' }, clock.monotonicMs()).state;
        throw error;
      });
      const step = stepFenceWatch(watch, { type: 'Observed', sessions }, clock.monotonicMs());
      watch = step.state;
      for (const { incarnation, observedBeat } of step.effects) {
        const isFenced = await metadata.agents.fence(incarnation, observedBeat, signal);
        if (isFenced) log.warn({ incarnation }, 'fenced an agent whose heartbeat stopped');
      }
    });
  }
}
