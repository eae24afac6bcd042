/**
 * Keeps the coordinator slots that this incarnation holds in step with where placement wants them. Level-triggered, like
 * the keeper of partitions. A slot needs no draining: its groups end here and go on from the store at its heir.
 */
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import type { Trigger } from '@streamhouse/core/async/run-loop.ts';
import { type Incarnation, partitionIndex, topicId } from '@streamhouse/core/ids.ts';
import { place } from '@streamhouse/core/placement/placement.ts';
import { type PlacementPlan, planPlacement } from '@streamhouse/core/placement/plan.ts';
import type { GroupStore, SlotLease } from '@streamhouse/store/metadata/groups.ts';
import type { ClusterSnapshot, ClusterView } from '../cluster/cluster-view.ts';
import type { AgentMetrics } from '../metrics.ts';
import { GroupCoordinator } from './group-coordinator.ts';

export interface SlotKeeperOptions {
  readonly me: Incarnation;
  readonly store: GroupStore;
  readonly view: ClusterView;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: AgentMetrics;
  /** Fired when the store says that a slot is not held here. */
  readonly trigger: Trigger;
  /** Aborts when the incarnation is over. */
  readonly over: AbortSignal;
}

/** Slots handed over in one round, so that a rebalance of agents never stops all groups at once. */
const MOVES_MAX = 16;
/** To placement, slots are partitions of one topic and agents of one pool: any agent may coordinate any group. */
const SLOTS = topicId('00000000-0000-0000-0000-000000000000');
const POOL = 'all';

export class SlotKeeper {
  /** The groups of the slots that are held. */
  readonly coordinator: GroupCoordinator;
  readonly #options: SlotKeeperOptions;
  #isDraining = false;
  #isDrained = false;

  constructor(options: SlotKeeperOptions) {
    this.#options = options;
    const { me, view, trigger } = options;
    this.coordinator = new GroupCoordinator({
      ...options,
      addressOf: (slot) => {
        const agent = view.coordinatorOf(slot);
        return agent?.incarnation === me ? undefined : agent?.address;
      },
      onLost: () => trigger.fire(),
    });
  }

  /** From the next round on, everything is handed over. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Whether a whole round has found nothing to hand over. */
  get isDrained(): boolean {
    return this.#isDrained;
  }

  /** One round, on what the view has read since the round before. @throws StreamError when Postgres does not answer. */
  async round(signal: AbortSignal): Promise<void> {
    const { view, me, store, metrics } = this.#options;
    const { coordinator } = this;
    const isDraining = this.#isDraining;
    const { snapshot } = view;
    this.#openAndClose(snapshot);
    const plan = planSlots(snapshot, me, isDraining);
    if (plan.handOver.length > 0) {
      const handovers = plan.handOver.map(({ partition: slot, epoch, heir }) => ({
        slot,
        epoch,
        heir,
      }));
      for (const { slot, heir } of handovers) {
        const address = heir === undefined ? undefined : snapshot.agents.get(heir)?.address;
        coordinator.closeSlot(slot, address);
      }
      await store.releaseSlots(me, handovers, signal);
    }
    if (plan.takeOver.length > 0) {
      const wanted = plan.takeOver.map(({ partition: slot }) => slot);
      for (const lease of await store.takeSlots(me, wanted, signal)) coordinator.openSlot(lease);
    }
    this.#isDrained = isDraining && coordinator.slots.size === 0;
    metrics.setHeldSlots(coordinator.slots.size);
  }

  /** What others gave to this incarnation, and what it lost. */
  #openAndClose({ slots }: ClusterSnapshot): void {
    const { me, view } = this.#options;
    const { coordinator } = this;
    for (const lease of slots) {
      const isHeld = lease.holder === me;
      if (coordinator.slots.get(lease.slot)?.epoch === (isHeld ? lease.epoch : undefined)) continue;
      coordinator.closeSlot(lease.slot, view.coordinatorOf(lease.slot)?.address);
      if (isHeld) coordinator.openSlot(lease);
    }
  }
}

function planSlots(
  { slots, agents }: ClusterSnapshot,
  me: Incarnation,
  isDraining: boolean,
): PlacementPlan {
  const leases = slots.map(toLease);
  const candidates = [...agents.values()].map((agent) => ({ ...agent, pool: POOL }));
  const desired = place(leases, candidates);
  return planPlacement({
    desired,
    leases,
    me,
    isDraining,
    live: new Set(agents.keys()),
    movesMax: MOVES_MAX,
  });
}

function toLease({ slot, holder, epoch }: SlotLease) {
  return { topicId: SLOTS, partition: partitionIndex(slot), pool: POOL, holder, epoch };
}
