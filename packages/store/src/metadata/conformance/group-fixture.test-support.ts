import { randomUUID } from 'node:crypto';
import {
  type Generation,
  generation,
  type Incarnation,
  offset,
  partitionIndex,
  type TopicId,
  type TopicPartition,
} from '@streamhouse/core/ids.ts';
import { onTestFinished } from 'vitest';
import type {
  CommitOutcome,
  GroupCommit,
  GroupGeneration,
  GroupMember,
  OffsetCommit,
  SlotFence,
} from '../groups.ts';
import { registerAgent, SETTINGS, soon } from '../pg/log.test-support.ts';
import type { Metadata } from '../port.ts';

/** A new agent that holds a slot until the test is over. */
export async function coordinate(metadata: Metadata): Promise<SlotFence> {
  const me = await registerAgent(metadata);
  onTestFinished(async () => {
    await metadata.agents.fence(me, undefined, soon());
  });
  const [slot] = await freeSlots(metadata);
  return takeSlot(metadata, me, slot ?? 0);
}

export async function takeSlot(
  metadata: Metadata,
  me: Incarnation,
  slot: number,
): Promise<SlotFence> {
  const [taken] = await metadata.groups.takeSlots(me, [slot], soon());
  if (taken === undefined) throw new Error(`slot ${slot} was not free`);
  return { incarnation: me, slot, epoch: taken.epoch };
}

export async function freeSlots(metadata: Metadata): Promise<number[]> {
  const slots = await metadata.groups.slots(soon());
  return slots.filter((lease) => lease.holder === undefined).map((lease) => lease.slot);
}

/** Gives the slot of a fence to a new agent. */
export async function handOver(metadata: Metadata, fence: SlotFence): Promise<SlotFence> {
  const { incarnation: me, slot, epoch } = fence;
  await metadata.groups.releaseSlots(me, [{ slot, epoch, heir: undefined }], soon());
  return takeSlot(metadata, await registerAgent(metadata), slot);
}

export function memberOf(memberId: string = randomUUID()): GroupMember {
  return {
    memberId,
    instanceId: undefined,
    clientId: 'a "client"',
    clientHost: '127.0.0.1:40000',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    topics: ['a,b', '{}', 'c'],
    assignors: ['sticky', 'range'],
  };
}

/** A generation of these members, the first of whom leads. */
export function generationOf(
  groupId: string,
  at: number,
  memberIds: readonly string[],
): GroupGeneration {
  return {
    groupId,
    generation: generation(at),
    assignor: memberIds.length === 0 ? undefined : 'sticky',
    leaderId: memberIds[0],
    members: memberIds.map(memberOf),
  };
}

export interface LiveGroup {
  readonly fence: SlotFence;
  readonly groupId: string;
  readonly memberId: string;
  readonly generation: Generation;
}

/** A new group with one member, in its first generation. */
export async function liveGroup(metadata: Metadata, known?: SlotFence): Promise<LiveGroup> {
  const fence = known ?? (await coordinate(metadata));
  const group = generationOf(`group-${randomUUID()}`, 1, [randomUUID()]);
  await metadata.groups.saveGeneration(fence, group, soon());
  return { fence, ...group, memberId: group.leaderId ?? '' };
}

export async function newTopic(
  metadata: Metadata,
  partitions: number,
  name: string = `t-${randomUUID()}`,
): Promise<TopicId> {
  const { topicId } = await metadata.topics.create(name, partitions, SETTINGS, soon());
  return topicId;
}

export function at(topicId: TopicId, partition: number): TopicPartition {
  return { topicId, partition: partitionIndex(partition) };
}

export function next(one: TopicPartition, value: number, metadata: string = ''): OffsetCommit {
  return { ...one, offset: offset(value), metadata };
}

export function commitOf(
  { fence, groupId, memberId, generation: current }: LiveGroup,
  offsets: readonly OffsetCommit[],
): GroupCommit {
  const { slot, epoch } = fence;
  return { slot, epoch, groupId, member: { memberId, generation: current }, offsets };
}

/** A commit of a consumer that assigns partitions to itself. */
export function ownCommit(
  { slot, epoch }: SlotFence,
  groupId: string,
  offsets: readonly OffsetCommit[],
): GroupCommit {
  return { slot, epoch, groupId, member: undefined, offsets };
}

export async function commitOne(
  metadata: Metadata,
  by: { readonly fence: SlotFence },
  commit: GroupCommit,
): Promise<CommitOutcome> {
  const [outcome] = await metadata.groups.commit(by.fence.incarnation, [commit], soon());
  if (outcome === undefined) throw new Error('the commit had no outcome');
  return outcome;
}

/** Next offsets of these partitions, or of all that have one. */
export async function offsetsOf(
  metadata: Metadata,
  groupId: string,
  partitions?: readonly TopicPartition[],
): Promise<(number | undefined)[]> {
  const offsets = await metadata.groups.offsets(groupId, partitions, soon());
  return offsets.map((one) => one.committed?.offset);
}
