/**
 * What one agent does now to bring the leases nearer to the placement. Each agent acts on its own snapshot, and every act
 * is checked by the lease store: a plan from an old snapshot changes nothing or costs one more handover.
 */
import {
  type Epoch,
  type Incarnation,
  type PartitionIndex,
  partitionKey,
  type TopicId,
  type TopicPartition,
} from '../ids.ts';

/** Who holds one partition. `holder` is undefined when nobody does. */
export interface HeldLease extends TopicPartition {
  readonly holder: Incarnation | undefined;
  readonly epoch: Epoch;
}

export interface PlanInput {
  /** Of `place`, by `partitionKey`. */
  readonly desired: ReadonlyMap<string, Incarnation>;
  readonly leases: readonly HeldLease[];
  readonly me: Incarnation;
  /** Whether `me` gives everything up, even to nobody. */
  readonly isDraining: boolean;
  /** Sessions that are not fenced. */
  readonly live: ReadonlySet<Incarnation>;
  /** Partitions given up in one plan while not draining, so that most go on being served. */
  readonly movesMax: number;
}

export interface PlannedHandover {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly epoch: Epoch;
  /** undefined only when draining and nobody can inherit. */
  readonly heir: Incarnation | undefined;
}

export interface PlacementPlan {
  readonly takeOver: readonly TopicPartition[];
  readonly handOver: readonly PlannedHandover[];
}

/** The acts come in the order of `leases`. A plan for a placement that is reached is empty. */
export function planPlacement(input: PlanInput): PlacementPlan {
  const takeOver: TopicPartition[] = [];
  const handOver: PlannedHandover[] = [];
  for (const lease of input.leases) {
    const { topicId, partition, epoch, holder } = lease;
    const wanted = input.desired.get(partitionKey(topicId, partition));
    if (holder === input.me) {
      const heir = isHeir(input, wanted) ? wanted : undefined;
      if (givesUp(input, heir, handOver.length)) {
        handOver.push({ topicId, partition, epoch, heir });
      }
    } else if (wanted === input.me && isFree(input, holder) && !input.isDraining) {
      takeOver.push({ topicId, partition });
    }
  }
  return { takeOver, handOver };
}

function isHeir(input: PlanInput, wanted: Incarnation | undefined): boolean {
  return wanted !== undefined && wanted !== input.me && input.live.has(wanted);
}

function givesUp(input: PlanInput, heir: Incarnation | undefined, planned: number): boolean {
  if (input.isDraining) return true;
  return heir !== undefined && planned < input.movesMax;
}

function isFree(input: PlanInput, holder: Incarnation | undefined): boolean {
  return holder === undefined || !input.live.has(holder);
}
