/**
 * Keeps the partitions that this incarnation holds in step with where placement wants them. Level-triggered: each round
 * reads everything, decides by core's plan, and acts; a round that comes too often does nothing.
 *
 * The keeper alone opens and closes held partitions. A handover takes two rounds: one drains the partition, the next,
 * woken when everything accepted is published, gives it to its heir.
 */
import type { Trigger } from '@streamhouse/core/async/run-loop.ts';
import type { Incarnation } from '@streamhouse/core/ids.ts';
import { type PlacementPlan, planPlacement } from '@streamhouse/core/placement/plan.ts';
import type {
  Handover,
  HeldPartition as HeldPartitionRow,
  PartitionLease,
} from '@streamhouse/store/metadata/leases.ts';
import type { Metadata } from '@streamhouse/store/metadata/port.ts';
import type { ClusterSnapshot, ClusterView } from '../cluster/cluster-view.ts';
import type { Flusher } from '../flush/flusher.ts';
import type { AgentMetrics } from '../metrics.ts';
import { HeldPartition } from '../partition/held-partition.ts';
import type { HeldPartitions } from '../partition/held-partitions.ts';
import { desiredHolders } from './desired-holders.ts';

export interface PlacementKeeperOptions {
  readonly me: Incarnation;
  readonly metadata: Metadata;
  readonly view: ClusterView;
  readonly held: HeldPartitions;
  readonly flusher: Flusher;
  readonly metrics: AgentMetrics;
  /** Fired when a drained partition waits for its release. */
  readonly trigger: Trigger;
}

/** Partitions handed over at a time, so that a rebalance never stops all at once. */
const MOVES_MAX = 32;

export class PlacementKeeper {
  readonly #options: PlacementKeeperOptions;
  readonly #drained = new Set<HeldPartition>();
  #isDraining = false;
  #isDrained = false;

  constructor(options: PlacementKeeperOptions) {
    this.#options = options;
  }

  /** From the next round on, everything is handed over. */
  drain(): void {
    this.#isDraining = true;
    this.#options.trigger.fire();
  }

  /**
   * Whether a whole round has found nothing to hand over. That nothing is open is not enough: what an earlier round took
   * may not be open yet.
   */
  get isDrained(): boolean {
    return this.#isDrained;
  }

  /** One round. @throws StreamError when Postgres does not answer: nothing is decided then. */
  async round(signal: AbortSignal): Promise<void> {
    const { view, me, held } = this.#options;
    const isDraining = this.#isDraining;
    const snapshot = await view.refresh();
    this.#dropLost(snapshot);
    const desired = desiredHolders(snapshot);
    const plan = planPlacement({
      desired,
      leases: snapshot.leases,
      me,
      isDraining: this.#isDraining,
      live: new Set(snapshot.agents.keys()),
      movesMax: MOVES_MAX,
    });
    this.#startHandovers(plan);
    await this.#release(desired, signal);
    await this.#open(snapshot, plan, signal);
    this.#isDrained = isDraining && held.size === 0;
    this.#options.metrics.setHeldPartitions(held.size);
  }

  /** Partitions that Postgres no longer gives to this incarnation, for example of a deleted topic. */
  #dropLost(snapshot: ClusterSnapshot): void {
    const { held, me } = this.#options;
    for (const partition of held.all()) {
      const lease = snapshot.leasesByTopic.get(partition.topicId)?.[partition.partition];
      if (lease?.holder === me && lease.epoch === partition.epoch) continue;
      // Not ended at once: a publish on its way may have come first, and its outcome answers the producers (I-11).
      if (partition.status === 'lost') this.#drop(partition);
      if (partition.status !== 'open') continue;
      partition.drain(() => this.#drop(partition));
      this.#options.flusher.hurry();
    }
  }

  #startHandovers(plan: PlacementPlan): void {
    const { held, flusher, trigger } = this.#options;
    for (const { topicId, partition: index } of plan.handOver) {
      const partition = held.get(topicId, index);
      if (partition?.status !== 'open') continue;
      partition.drain(() => {
        this.#drained.add(partition);
        trigger.fire();
      });
    }
    if (plan.handOver.length > 0) flusher.hurry();
  }

  async #release(desired: ReadonlyMap<string, Incarnation>, signal: AbortSignal): Promise<void> {
    if (this.#drained.size === 0) return;
    const { me, metadata } = this.#options;
    const partitions = [...this.#drained];
    const handovers = partitions.map((partition): Handover => {
      const { topicId, partition: index, epoch, key } = partition;
      return { topicId, partition: index, epoch, heir: desired.get(key) };
    });
    await metadata.leases.release(me, handovers, signal);
    for (const partition of partitions) this.#drop(partition);
  }

  #drop(partition: HeldPartition): void {
    this.#drained.delete(partition);
    this.#options.held.remove(partition);
    partition.stop(false);
  }

  async #open(snapshot: ClusterSnapshot, plan: PlacementPlan, signal: AbortSignal): Promise<void> {
    const { me, metadata, held } = this.#options;
    const inherited = snapshot.leases.filter((lease) => this.#isInherited(lease));
    const rows: HeldPartitionRow[] = [];
    if (inherited.length > 0) rows.push(...(await metadata.leases.load(me, inherited, signal)));
    if (plan.takeOver.length > 0 && !this.#isDraining) {
      rows.push(...(await metadata.leases.takeover(me, plan.takeOver, signal)));
    }
    for (const row of rows) {
      if (held.get(row.topicId, row.partition) === undefined) held.add(new HeldPartition(row));
    }
  }

  /** Given to this incarnation by another, and not opened yet. */
  #isInherited(lease: PartitionLease): boolean {
    const { me, held } = this.#options;
    return lease.holder === me && held.get(lease.topicId, lease.partition) === undefined;
  }
}
