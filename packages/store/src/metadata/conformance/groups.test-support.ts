import { randomUUID } from 'node:crypto';
import { epoch, generation, incarnation } from '@streamhouse/core/ids.ts';
import { describe, expect, test } from 'vitest';
import type { GroupStore, SlotFence } from '../groups.ts';
import { soon } from '../pg/log.test-support.ts';
import type { Metadata } from '../port.ts';
import { commitConformance } from './group-commit.test-support.ts';
import {
  at,
  commitOf,
  commitOne,
  coordinate,
  generationOf,
  handOver,
  type LiveGroup,
  liveGroup,
  memberOf,
  newTopic,
  next,
  takeSlot,
} from './group-fixture.test-support.ts';
import { resetConformance } from './group-reset.test-support.ts';
import { slotConformance } from './group-slots.test-support.ts';

export function groupConformance(metadata: () => Metadata): void {
  describe('slots', () => {
    slotConformance(metadata);
  });
  describe('fences', () => {
    registerFences(metadata);
  });
  describe('generations', () => {
    registerGenerations(metadata);
  });
  describe('assignments', () => {
    registerAssignments(metadata);
  });
  describe('a static member that comes back', () => {
    registerReplacements(metadata);
  });
  describe('commits', () => {
    commitConformance(metadata);
  });
  describe('reset and deletion', () => {
    resetConformance(metadata);
  });
}

/** Everything that a coordinator does to a group but commits, which have outcomes of their own. */
const WRITES: Readonly<
  Record<string, (groups: GroupStore, fence: SlotFence, group: LiveGroup) => Promise<unknown>>
> = {
  load: (groups, fence, { groupId }) => groups.load(fence, groupId, soon()),
  saveGeneration: (groups, fence, { groupId, memberId }) =>
    groups.saveGeneration(fence, generationOf(groupId, 2, [memberId]), soon()),
  saveAssignment: (groups, fence, { groupId, generation: current }) =>
    groups.saveAssignment(
      fence,
      { groupId, generation: current, partitions: new Map(), topics: new Map() },
      soon(),
    ),
  replaceMember: (groups, fence, group) =>
    groups.replaceMember(fence, group, group.memberId, memberOf(), soon()),
  reset: (groups, fence, { groupId, generation: current }) =>
    groups.reset(fence, { groupId, generation: current, offsets: [], isDryRun: false }, soon()),
  delete: (groups, fence, { groupId }) => groups.delete(fence, groupId, soon()),
};

function registerFences(metadata: () => Metadata): void {
  const expectRefused = async (
    group: LiveGroup,
    fence: SlotFence,
    reason: string,
  ): Promise<void> => {
    const { groups } = metadata();
    const before = await groups.describe(group.groupId, soon());
    for (const write of Object.values(WRITES)) {
      await expect(write(groups, fence, group)).rejects.toMatchObject({ kind: 'fenced', reason });
    }
    expect(await groups.describe(group.groupId, soon())).toEqual(before);
  };

  test.for(Object.keys(WRITES))('%s is for the coordinator', async (name) => {
    const group = await liveGroup(metadata());
    await expect(WRITES[name]!(metadata().groups, group.fence, group)).resolves.not.toThrow();
  });

  test('I-24: a fenced incarnation changes nothing', async () => {
    const group = await liveGroup(metadata());
    await metadata().agents.fence(group.fence.incarnation, undefined, soon());
    await expectRefused(group, group.fence, 'AGENT_FENCED');
  });

  test('I-24: a coordinator whose slot went to another one changes nothing', async () => {
    const group = await liveGroup(metadata());
    const heir = await handOver(metadata(), group.fence);
    await expectRefused(group, group.fence, 'NOT_COORDINATOR');
    await expectRefused(
      group,
      { ...heir, incarnation: group.fence.incarnation },
      'NOT_COORDINATOR',
    );
    await metadata().agents.fence(heir.incarnation, undefined, soon());
  });

  test('I-24: a coordinator changes nothing under an epoch that it had before', async () => {
    const group = await liveGroup(metadata());
    const { fence } = group;
    await metadata().groups.releaseSlots(
      fence.incarnation,
      [{ ...fence, heir: undefined }],
      soon(),
    );
    await expectRefused(group, fence, 'NOT_COORDINATOR');
    await takeSlot(metadata(), fence.incarnation, fence.slot);
    await expectRefused(group, fence, 'NOT_COORDINATOR');
    await expectRefused(group, { ...fence, epoch: epoch(fence.epoch + 9) }, 'NOT_COORDINATOR');
  });

  test('a group stays in its slot', async () => {
    const group = await liveGroup(metadata());
    const other = await coordinate(metadata());
    await expectRefused(group, other, 'NOT_COORDINATOR');
  });

  test('an incarnation that never was changes nothing', async () => {
    const group = await liveGroup(metadata());
    const nobody = incarnation(2 ** 50);
    await expectRefused(group, { ...group.fence, incarnation: nobody }, 'AGENT_FENCED');
  });
}

function registerGenerations(metadata: () => Metadata): void {
  const illegal = { kind: 'conflict', reason: 'ILLEGAL_GENERATION' };

  test('a generation is as it was saved, with its members by id', async () => {
    const fence = await coordinate(metadata());
    const group = generationOf(`group-${randomUUID()}`, 1, ['b', 'a']);
    const isStatic = { ...memberOf('c'), instanceId: 'pod "1"', clientId: '', topics: [] };
    const members = [...group.members, isStatic];
    await metadata().groups.saveGeneration(fence, { ...group, members }, soon());
    const stored = {
      ...group,
      isAssigned: false,
      members: [memberOf('a'), memberOf('b'), isStatic].map((one) => ({ ...one, partitions: [] })),
      topics: new Map(),
    };
    expect(await metadata().groups.load(fence, group.groupId, soon())).toEqual(stored);
    expect(await metadata().groups.describe(group.groupId, soon())).toEqual(stored);
  });

  test('a group that is not there is none', async () => {
    const fence = await coordinate(metadata());
    expect(await metadata().groups.load(fence, 'nobody', soon())).toBeUndefined();
    expect(await metadata().groups.describe('nobody', soon())).toBeUndefined();
  });

  test('the next one takes the place of all that the last one was', async () => {
    const { fence, groupId } = await liveGroup(metadata());
    await metadata().groups.saveGeneration(fence, generationOf(groupId, 2, ['b', 'c']), soon());
    const second = await metadata().groups.load(fence, groupId, soon());
    expect(second).toMatchObject({ generation: 2, leaderId: 'b', isAssigned: false });
    expect(second!.members.map((member) => member.memberId)).toEqual(['b', 'c']);
    await metadata().groups.saveGeneration(fence, generationOf(groupId, 3, []), soon());
    expect(await metadata().groups.load(fence, groupId, soon())).toEqual({
      ...{ groupId, generation: 3, isAssigned: false, members: [], topics: new Map() },
      ...{ assignor: undefined, leaderId: undefined },
    });
  });

  test('only the next one is saved', async () => {
    const { fence, groupId } = await liveGroup(metadata());
    await metadata().groups.saveGeneration(fence, generationOf(groupId, 2, ['a']), soon());
    const before = await metadata().groups.describe(groupId, soon());
    for (const wanted of [1, 2, 4]) {
      const saving = metadata().groups.saveGeneration(
        fence,
        generationOf(groupId, wanted, ['b']),
        soon(),
      );
      await expect(saving).rejects.toMatchObject(illegal);
    }
    expect(await metadata().groups.describe(groupId, soon())).toEqual(before);
  });

  test('one that is saved again stays as it is, with the assignment that came meanwhile', async () => {
    const { fence, groupId } = await liveGroup(metadata());
    const topicId = await newTopic(metadata(), 1);
    const second = generationOf(groupId, 2, ['b', 'a']);
    await metadata().groups.saveGeneration(fence, second, soon());
    await metadata().groups.saveGeneration(fence, second, soon());
    const assignment = {
      ...second,
      partitions: new Map([['a', [at(topicId, 0)]]]),
      topics: new Map([[topicId, 1]]),
    };
    await metadata().groups.saveAssignment(fence, assignment, soon());
    const before = await metadata().groups.load(fence, groupId, soon());
    await metadata().groups.saveGeneration(fence, second, soon());
    expect(await metadata().groups.load(fence, groupId, soon())).toEqual(before);
  });

  test('the next coordinator starts from all that the last one wrote', async () => {
    const group = await liveGroup(metadata());
    const before = await metadata().groups.describe(group.groupId, soon());
    const heir = await handOver(metadata(), group.fence);
    expect(await metadata().groups.load(heir, group.groupId, soon())).toEqual(before);
    const second = generationOf(group.groupId, 2, []);
    await metadata().groups.saveGeneration(heir, second, soon());
    await metadata().agents.fence(heir.incarnation, undefined, soon());
  });
}

function registerAssignments(metadata: () => Metadata): void {
  const illegal = { kind: 'conflict', reason: 'ILLEGAL_GENERATION' };

  test('each member owns what is assigned to it, sorted', async () => {
    const { fence, groupId } = await liveGroup(metadata());
    const topics = [await newTopic(metadata(), 12), await newTopic(metadata(), 12)].toSorted();
    const [first, second] = [topics[0]!, topics[1]!];
    const group = generationOf(groupId, 2, ['a', 'b', 'c']);
    await metadata().groups.saveGeneration(fence, group, soon());
    const partitions = new Map([
      ['b', [at(second, 3), at(first, 10), at(first, 2)]],
      ['a', [at(second, 0)]],
      ['somebody', [at(second, 1)]],
    ]);
    const counts = new Map([...topics, randomUUID() as typeof first].map((id) => [id, 12]));
    await metadata().groups.saveAssignment(fence, { ...group, partitions, topics: counts }, soon());
    const stored = await metadata().groups.load(fence, groupId, soon());
    expect(stored).toMatchObject({ isAssigned: true, generation: 2 });
    expect(stored!.members.map((member) => member.partitions)).toEqual([
      [at(second, 0)],
      [at(first, 2), at(first, 10), at(second, 3)],
      [],
    ]);
    expect(stored!.topics).toEqual(new Map(topics.map((id) => [id, 12])));
  });

  test('I-25: a generation is assigned once', async () => {
    const { fence, ...group } = await liveGroup(metadata());
    const topicId = await newTopic(metadata(), 2);
    const assignment = (partition: number) => ({
      ...group,
      partitions: new Map([[group.memberId, [at(topicId, partition)]]]),
      topics: new Map(),
    });
    await metadata().groups.saveAssignment(fence, assignment(0), soon());
    await metadata().groups.saveAssignment(fence, assignment(0), soon());
    const again = metadata().groups.saveAssignment(fence, assignment(1), soon());
    await expect(again).rejects.toMatchObject(illegal);
    const stored = await metadata().groups.load(fence, group.groupId, soon());
    expect(stored!.members[0]!.partitions).toEqual([at(topicId, 0)]);
  });

  test('that of another generation, or of no group, changes nothing', async () => {
    const { fence, groupId, memberId } = await liveGroup(metadata());
    const topicId = await newTopic(metadata(), 1);
    const partitions = new Map([[memberId, [at(topicId, 0)]]]);
    const before = await metadata().groups.describe(groupId, soon());
    for (const [id, current] of [
      [groupId, 0],
      [groupId, 2],
      ['nobody', 1],
    ] as const) {
      const assignment = { groupId: id, generation: generation(current), partitions };
      const saving = metadata().groups.saveAssignment(
        fence,
        { ...assignment, topics: new Map() },
        soon(),
      );
      await expect(saving).rejects.toMatchObject(illegal);
    }
    expect(await metadata().groups.describe(groupId, soon())).toEqual(before);
    expect(await metadata().groups.describe('nobody', soon())).toBeUndefined();
  });

  test('I-29: a group remembers how many partitions a topic had when it first owned some', async () => {
    const group = await liveGroup(metadata());
    const { fence, groupId, memberId } = group;
    const [old, added] = [await newTopic(metadata(), 2), await newTopic(metadata(), 1)];
    const first = { ...group, partitions: new Map(), topics: new Map([[old, 2]]) };
    await metadata().groups.saveAssignment(fence, first, soon());
    await metadata().topics.alter(old, { partitions: 3 }, soon());
    const second = generationOf(groupId, 2, [memberId]);
    await metadata().groups.saveGeneration(fence, second, soon());
    const topics = new Map([
      [old, 3],
      [added, 1],
    ]);
    await metadata().groups.saveAssignment(
      fence,
      { ...second, partitions: new Map(), topics },
      soon(),
    );
    const stored = await metadata().groups.load(fence, groupId, soon());
    expect(stored!.topics).toEqual(
      new Map([
        [old, 2],
        [added, 1],
      ]),
    );
    const wanted = [at(old, 1), at(old, 2), at(added, 0), at(added, 1)];
    const offsets = await metadata().groups.offsets(groupId, wanted, soon());
    expect(offsets.map((one) => one.isAdded)).toEqual([false, true, false, true]);
    await metadata().topics.delete(added, soon());
    const after = await metadata().groups.load(fence, groupId, soon());
    expect(after!.topics).toEqual(new Map([[old, 2]]));
  });
}

function registerReplacements(metadata: () => Metadata): void {
  test('takes the place of its old life, with what that owns and leads', async () => {
    const { fence, ...group } = await liveGroup(metadata());
    const topicId = await newTopic(metadata(), 1);
    const owned = [at(topicId, 0)];
    const partitions = new Map([[group.memberId, owned]]);
    const assignment = { ...group, partitions, topics: new Map([[topicId, 1]]) };
    await metadata().groups.saveAssignment(fence, assignment, soon());
    const back = { ...memberOf('back'), instanceId: 'pod-0', topics: ['d'] };
    for (let call = 0; call < 2; call++) {
      await metadata().groups.replaceMember(fence, group, group.memberId, back, soon());
      expect(await metadata().groups.load(fence, group.groupId, soon())).toMatchObject({
        ...{ generation: 1, leaderId: 'back', isAssigned: true },
        members: [{ ...back, partitions: owned }],
      });
    }
  });

  test('I-24: its old life commits no more', async () => {
    const group = await liveGroup(metadata());
    const topicId = await newTopic(metadata(), 1);
    await metadata().groups.replaceMember(
      group.fence,
      group,
      group.memberId,
      memberOf('back'),
      soon(),
    );
    const offsets = [next(at(topicId, 0), 5)];
    expect(await commitOne(metadata(), group, commitOf(group, offsets))).toEqual({
      kind: 'unknownMember',
    });
    const back = commitOf({ ...group, memberId: 'back' }, offsets);
    expect(await commitOne(metadata(), group, back)).toEqual({ kind: 'committed', missing: [] });
  });

  test('does not lead when another one does', async () => {
    const { fence, groupId } = await liveGroup(metadata());
    const group = generationOf(groupId, 2, ['leads', 'follows']);
    await metadata().groups.saveGeneration(fence, group, soon());
    await metadata().groups.replaceMember(fence, group, 'follows', memberOf('back'), soon());
    expect(await metadata().groups.load(fence, groupId, soon())).toMatchObject({
      leaderId: 'leads',
    });
  });

  test('of another generation, or one that nobody knows, changes nothing', async () => {
    const { fence, ...group } = await liveGroup(metadata());
    const before = await metadata().groups.describe(group.groupId, soon());
    const replace = (current: number, old: string): Promise<void> => {
      const { groupId } = group;
      const known = { groupId, generation: generation(current) };
      return metadata().groups.replaceMember(fence, known, old, memberOf('back'), soon());
    };
    const reason = 'ILLEGAL_GENERATION';
    await expect(replace(2, group.memberId)).rejects.toMatchObject({ kind: 'conflict', reason });
    await expect(replace(1, 'nobody')).rejects.toMatchObject({
      ...{ kind: 'conflict', reason: 'UNKNOWN_MEMBER' },
    });
    expect(await metadata().groups.describe(group.groupId, soon())).toEqual(before);
  });
}
