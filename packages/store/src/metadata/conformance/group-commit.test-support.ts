import { randomUUID } from 'node:crypto';
import { epoch, generation, topicId as toTopicId } from '@streamhouse/core/ids.ts';
import { describe, expect, test } from 'vitest';
import type { CommitOutcome } from '../groups.ts';
import { MANY, soon } from '../pg/log.test-support.ts';
import type { Metadata } from '../port.ts';
import {
  at,
  commitOf,
  commitOne,
  coordinate,
  freeSlots,
  generationOf,
  handOver,
  liveGroup,
  newTopic,
  next,
  offsetsOf,
  ownCommit,
  takeSlot,
} from './group-fixture.test-support.ts';

const COMMITTED = { kind: 'committed', missing: [] };

export function commitConformance(metadata: () => Metadata): void {
  describe('fences', () => {
    registerFences(metadata);
  });
  registerCommits(metadata);
  registerMissing(metadata);
  registerRaces(metadata);
}

function registerCommits(metadata: () => Metadata): void {
  test('are told as they were made, in the order that is asked for', async () => {
    const group = await liveGroup(metadata());
    const topics = [await newTopic(metadata(), 12), await newTopic(metadata(), 12)].toSorted();
    const [first, second] = [topics[0]!, topics[1]!];
    const before = Date.now();
    const text = '{"a": "b,c\\"", \'d\': ü😀}';
    const offsets = [
      next(at(second, 1), 7),
      next(at(first, 10), 2 ** 50, text),
      next(at(first, 2), 0),
    ];
    expect(await commitOne(metadata(), group, commitOf(group, offsets))).toEqual(COMMITTED);
    const all = await metadata().groups.offsets(group.groupId, undefined, soon());
    const committed = { generation: 1, metadata: '', committedAtMs: expect.any(Number) };
    expect(all).toEqual([
      { ...at(first, 2), isAdded: false, committed: { ...committed, offset: 0 } },
      {
        ...at(first, 10),
        isAdded: false,
        committed: { ...committed, offset: 2 ** 50, metadata: text },
      },
      { ...at(second, 1), isAdded: false, committed: { ...committed, offset: 7 } },
    ]);
    expect(Math.abs(all[0]!.committed!.committedAtMs - before)).toBeLessThan(60_000);
    const wanted = [at(second, 1), at(second, 0), at(first, 2), at(first, 400), at(second, 1)];
    expect(await offsetsOf(metadata(), group.groupId, wanted)).toEqual([
      ...[7, undefined, 0, undefined, 7],
    ]);
    expect(await offsetsOf(metadata(), group.groupId, [])).toEqual([]);
    expect(await offsetsOf(metadata(), 'nobody', [at(first, 2)])).toEqual([undefined]);
    expect(await offsetsOf(metadata(), 'nobody')).toEqual([]);
  });

  test('replace each other, also when they come again or go back', async () => {
    const group = await liveGroup(metadata());
    const one = at(await newTopic(metadata(), 1), 0);
    for (const value of [5, 9, 9, 3]) {
      const commit = commitOf(group, [next(one, value, `at ${value}`)]);
      expect(await commitOne(metadata(), group, commit)).toEqual(COMMITTED);
      expect(await metadata().groups.offsets(group.groupId, undefined, soon())).toMatchObject([
        { committed: { offset: value, metadata: `at ${value}` } },
      ]);
    }
  });

  test('of many groups count one by one, and of two for one partition the later one', async () => {
    const fence = await coordinate(metadata());
    const groups = [await liveGroup(metadata(), fence), await liveGroup(metadata(), fence)];
    const [first, second] = [groups[0]!, groups[1]!];
    const topic = await newTopic(metadata(), 3);
    const stale = { ...second, generation: generation(0) };
    const commits = [
      commitOf(first, [next(at(topic, 0), 1), next(at(topic, 1), 1), next(at(topic, 0), 2)]),
      commitOf(stale, [next(at(topic, 0), 3), next(at(topic, 9), 3)]),
      commitOf(second, [next(at(topic, 2), 4), next(at(topic, 9), 4)]),
      commitOf(first, [next(at(topic, 1), 5)]),
      commitOf(first, []),
    ];
    expect(await metadata().groups.commit(fence.incarnation, commits, soon())).toEqual([
      COMMITTED,
      { kind: 'staleGeneration' },
      { kind: 'committed', missing: [at(topic, 9)] },
      COMMITTED,
      COMMITTED,
    ]);
    expect(await offsetsOf(metadata(), first.groupId)).toEqual([2, 5]);
    expect(await offsetsOf(metadata(), second.groupId)).toEqual([4]);
    expect(await metadata().groups.commit(fence.incarnation, [], soon())).toEqual([]);
  });

  test('without membership make a group, and are refused while it has members', async () => {
    const fence = await coordinate(metadata());
    const groupId = `own-${randomUUID()}`;
    const one = at(await newTopic(metadata(), 1), 0);
    const commit = (value: number): Promise<CommitOutcome> =>
      commitOne(metadata(), { fence }, ownCommit(fence, groupId, [next(one, value)]));
    expect(await commit(3)).toEqual(COMMITTED);
    expect(await commit(4)).toEqual(COMMITTED);
    expect(await metadata().groups.describe(groupId, soon())).toMatchObject({
      ...{ generation: 0, members: [], isAssigned: false },
    });
    await metadata().groups.saveGeneration(fence, generationOf(groupId, 1, ['a']), soon());
    expect(await commit(5)).toEqual({ kind: 'hasMembers' });
    await metadata().groups.saveGeneration(fence, generationOf(groupId, 2, []), soon());
    expect(await offsetsOf(metadata(), groupId)).toEqual([4]);
    expect(await commit(6)).toEqual(COMMITTED);
    expect(await metadata().groups.offsets(groupId, [one], soon())).toMatchObject([
      { committed: { offset: 6, generation: 0 } },
    ]);
  });
}

function registerFences(metadata: () => Metadata): void {
  test('I-24: only a member of the group commits, and only in its generation', async () => {
    const group = await liveGroup(metadata());
    const { fence, groupId, memberId } = group;
    const one = at(await newTopic(metadata(), 1), 0);
    const commit = (by: string, current: number): Promise<CommitOutcome> =>
      commitOne(
        metadata(),
        group,
        commitOf({ ...group, memberId: by, generation: generation(current) }, [next(one, 5)]),
      );
    expect(await commit(memberId, 0)).toEqual({ kind: 'staleGeneration' });
    expect(await commit(memberId, 2)).toEqual({ kind: 'staleGeneration' });
    expect(await commit('nobody', 1)).toEqual({ kind: 'unknownMember' });
    expect(await offsetsOf(metadata(), groupId)).toEqual([]);
    expect(await commit(memberId, 1)).toEqual(COMMITTED);
    const second = generationOf(groupId, 2, ['b', memberId]);
    await metadata().groups.saveGeneration(fence, second, soon());
    expect(await commit(memberId, 1)).toEqual({ kind: 'staleGeneration' });
    expect(await commit(memberId, 2)).toEqual(COMMITTED);
    await metadata().groups.saveGeneration(fence, generationOf(groupId, 3, ['b']), soon());
    expect(await commit(memberId, 3)).toEqual({ kind: 'unknownMember' });
    expect(await commit(memberId, 2)).toEqual({ kind: 'unknownMember' });
  });

  test('of a group that is not there change nothing', async () => {
    const group = { ...(await liveGroup(metadata())), groupId: `none-${randomUUID()}` };
    const one = at(await newTopic(metadata(), 1), 0);
    expect(await commitOne(metadata(), group, commitOf(group, [next(one, 5)]))).toEqual({
      kind: 'unknownMember',
    });
    expect(await metadata().groups.describe(group.groupId, soon())).toBeUndefined();
  });

  test('I-24: a fenced incarnation commits nothing', async () => {
    const group = await liveGroup(metadata());
    const one = at(await newTopic(metadata(), 1), 0);
    await metadata().agents.fence(group.fence.incarnation, undefined, soon());
    await expect(
      commitOne(metadata(), group, commitOf(group, [next(one, 5)])),
    ).rejects.toMatchObject({ kind: 'fenced', reason: 'AGENT_FENCED' });
    expect(await offsetsOf(metadata(), group.groupId)).toEqual([]);
  });

  test('I-24: who lost the slot commits nothing, and goes on in the slots that it has', async () => {
    const group = await liveGroup(metadata());
    const { fence, groupId } = group;
    const [free] = await freeSlots(metadata());
    const kept = await liveGroup(metadata(), await takeSlot(metadata(), fence.incarnation, free!));
    const heir = await handOver(metadata(), fence);
    const offsets = [next(at(await newTopic(metadata(), 1), 0), 5)];
    const own = `own-${randomUUID()}`;
    const commits = [
      commitOf(group, offsets),
      commitOf(kept, offsets),
      ownCommit(fence, own, offsets),
    ];
    const refused = { kind: 'notCoordinator' };
    expect(await metadata().groups.commit(fence.incarnation, commits, soon())).toEqual([
      ...[refused, COMMITTED, refused],
    ]);
    expect(await offsetsOf(metadata(), groupId)).toEqual([]);
    expect(await offsetsOf(metadata(), kept.groupId)).toEqual([5]);
    expect(await metadata().groups.describe(own, soon())).toBeUndefined();
    const byHeir = { ...group, fence: heir };
    expect(await commitOne(metadata(), byHeir, commitOf(byHeir, offsets))).toEqual(COMMITTED);
    await metadata().agents.fence(heir.incarnation, undefined, soon());
  });

  test('I-24: nothing is committed under another epoch of the slot', async () => {
    const group = await liveGroup(metadata());
    const { fence } = group;
    const offsets = [next(at(await newTopic(metadata(), 1), 0), 5)];
    for (const wrong of [fence.epoch - 1, fence.epoch + 1]) {
      const stale = { ...commitOf(group, offsets), epoch: epoch(wrong) };
      expect(await commitOne(metadata(), group, stale)).toEqual({ kind: 'notCoordinator' });
    }
    const both = [
      { ...commitOf(group, offsets), epoch: epoch(fence.epoch - 1) },
      commitOf(group, []),
    ];
    expect(await metadata().groups.commit(fence.incarnation, both, soon())).toEqual([
      ...[{ kind: 'notCoordinator' }, COMMITTED],
    ]);
    const other = await coordinate(metadata());
    const elsewhere = { ...group, fence: other };
    expect(await commitOne(metadata(), elsewhere, commitOf(elsewhere, offsets))).toEqual({
      kind: 'notCoordinator',
    });
    expect(await offsetsOf(metadata(), group.groupId)).toEqual([]);
  });
}

function registerMissing(metadata: () => Metadata): void {
  test('of partitions that are not there fail alone', async () => {
    const group = await liveGroup(metadata());
    const [kept, gone] = [await newTopic(metadata(), 2), await newTopic(metadata(), 2)];
    await metadata().topics.delete(gone, soon());
    const absent = at(toTopicId(randomUUID()), 0);
    const partitions = [at(gone, 0), at(kept, 0), absent, at(kept, 2), at(kept, 1)];
    const commit = commitOf(
      group,
      partitions.map((one) => next(one, 5)),
    );
    expect(await commitOne(metadata(), group, commit)).toEqual({
      kind: 'committed',
      missing: [at(gone, 0), absent, at(kept, 2)],
    });
    expect(await offsetsOf(metadata(), group.groupId)).toEqual([5, 5]);
    await metadata().topics.alter(kept, { partitions: 3 }, soon());
    const added = commitOf(group, [next(at(kept, 2), 5)]);
    expect(await commitOne(metadata(), group, added)).toEqual(COMMITTED);
  });

  test('I-28: offsets of a deleted topic are gone, and its name made again starts clean', async () => {
    const group = await liveGroup(metadata());
    const name = `again-${randomUUID()}`;
    const old = await newTopic(metadata(), 2, name);
    const other = await newTopic(metadata(), 1);
    const commit = commitOf(group, [next(at(old, 0), 5), next(at(other, 0), 6)]);
    expect(await commitOne(metadata(), group, commit)).toEqual(COMMITTED);
    const assignment = { ...group, partitions: new Map(), topics: new Map([[old, 1]]) };
    await metadata().groups.saveAssignment(group.fence, assignment, soon());
    await metadata().topics.delete(old, soon());
    const again = await newTopic(metadata(), 2, name);
    const { groupId } = group;
    expect(await offsetsOf(metadata(), groupId)).toEqual([6]);
    const wanted = [at(old, 0), at(old, 1), at(again, 0), at(again, 1)];
    expect(await metadata().groups.offsets(groupId, wanted, soon())).toEqual(
      wanted.map((one) => ({ ...one, committed: undefined, isAdded: false })),
    );
  });
}

function registerRaces(metadata: () => Metadata): void {
  test('I-24: a commit is before the next generation or refused', MANY, async () => {
    const group = await liveGroup(metadata());
    const { fence, groupId, memberId } = group;
    const one = at(await newTopic(metadata(), 1), 0);
    for (let current = 1; current <= 30; current++) {
      const now = { ...group, generation: generation(current) };
      const [outcome] = await Promise.all([
        commitOne(metadata(), now, commitOf(now, [next(one, current)])),
        metadata().groups.saveGeneration(
          fence,
          generationOf(groupId, current + 1, [memberId]),
          soon(),
        ),
      ]);
      const [stored] = await metadata().groups.offsets(groupId, [one], soon());
      const isCommitted = stored!.committed?.generation === current;
      expect(outcome).toEqual(isCommitted ? COMMITTED : { kind: 'staleGeneration' });
    }
  });

  test('I-24: when fence and commit race, nothing appears after the fence', MANY, async () => {
    const one = at(await newTopic(metadata(), 1), 0);
    for (let round = 0; round < 10; round++) {
      const group = await liveGroup(metadata());
      const committing = commitOne(metadata(), group, commitOf(group, [next(one, 5)])).then(
        () => true,
        () => false,
      );
      await metadata().agents.fence(group.fence.incarnation, undefined, soon());
      const atFence = await offsetsOf(metadata(), group.groupId);
      expect(await committing).toBe(atFence.length === 1);
      expect(await offsetsOf(metadata(), group.groupId)).toEqual(atFence);
    }
  });

  test(
    'of one group at the same time, in any order, do not get in each other`s way',
    MANY,
    async () => {
      const group = await liveGroup(metadata());
      const topics = [await newTopic(metadata(), 4), await newTopic(metadata(), 4)];
      const all = topics.flatMap((topic) => [0, 1, 2, 3].map((part) => at(topic, part)));
      const rounds = Array.from({ length: 40 }, (_, round) => {
        const order = round % 2 === 0 ? all : all.toReversed();
        return commitOne(
          metadata(),
          group,
          commitOf(
            group,
            order.map((one) => next(one, round)),
          ),
        );
      });
      for (const outcome of await Promise.all(rounds)) expect(outcome).toEqual(COMMITTED);
      const stored = await offsetsOf(metadata(), group.groupId);
      expect(new Set(stored).size).toBe(1);
      expect(stored).toHaveLength(8);
    },
  );
}
