import { strict as assert } from 'node:assert';
import { generation, partitionKey } from '../ids.ts';
import type { GroupEffect, GroupEvent } from './group.ts';
import type { StoredGroup } from './group-state.ts';

/** What the machine asks its store for. */
export type Save = Extract<
  GroupEffect,
  { type: 'SaveGeneration' | 'SaveAssignment' | 'ReplaceMember' }
>;

export const NOT_STORED: StoredGroup = {
  generation: generation(0),
  assignor: undefined,
  leaderId: undefined,
  members: [],
  isAssigned: false,
};

export function isSave(effect: GroupEffect): effect is Save {
  return ['SaveGeneration', 'SaveAssignment', 'ReplaceMember'].includes(effect.type);
}

/** The event that tells the machine of it. */
export function savedEvent(save: Save): GroupEvent {
  if (save.type === 'SaveGeneration')
    return { type: 'GenerationSaved', generation: save.next.generation };
  if (save.type === 'SaveAssignment')
    return { type: 'AssignmentSaved', generation: save.generation };
  return { type: 'MemberReplaced', memberId: save.member.memberId };
}

/** The group after the save. */
export function apply(stored: StoredGroup, save: Save): StoredGroup {
  if (save.type === 'SaveGeneration') {
    assert.equal(save.next.generation, stored.generation + 1);
    const members = save.next.members.map((member) => ({ ...member, partitions: [] }));
    return { ...save.next, members, isAssigned: false };
  }
  assert.equal(save.generation, stored.generation);
  if (save.type === 'ReplaceMember') {
    const members = stored.members.map((member) =>
      member.memberId === save.oldMemberId
        ? { ...save.member, partitions: member.partitions }
        : member,
    );
    return { ...stored, members };
  }
  const members = stored.members.map((member) => ({
    ...member,
    partitions: save.assignments.get(member.memberId) ?? [],
  }));
  const keys = members.flatMap(({ partitions }) =>
    partitions.map((one) => partitionKey(one.topicId, one.partition)),
  );
  assert.equal(new Set(keys).size, keys.length, 'two owners are stored (I-25)');
  return { ...stored, members, isAssigned: true };
}
