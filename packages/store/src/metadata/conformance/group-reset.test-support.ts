import { randomUUID } from 'node:crypto';
import { type Generation, generation, offset } from '@streamhouse/core/ids.ts';
import { expect, test } from 'vitest';
import type { GroupReset, OffsetReset } from '../groups.ts';
import { soon } from '../pg/log.test-support.ts';
import type { Metadata } from '../port.ts';
import {
  at,
  commitOf,
  commitOne,
  coordinate,
  generationOf,
  liveGroup,
  newTopic,
  next,
  offsetsOf,
  ownCommit,
} from './group-fixture.test-support.ts';

export function resetConformance(metadata: () => Metadata): void {
  registerReset(metadata);
  registerResetAgain(metadata);
  registerDelete(metadata);
  registerList(metadata);
}

function resetOf(
  { groupId, generation: known }: { readonly groupId: string; readonly generation: Generation },
  offsets: readonly OffsetReset[],
  isDryRun = false,
): GroupReset {
  return { groupId, generation: known, offsets, isDryRun };
}

function registerReset(metadata: () => Metadata): void {
  test('a reset expels the members and sets what is read next', async () => {
    const group = await liveGroup(metadata());
    const { fence, groupId, memberId } = group;
    const topic = await newTopic(metadata(), 4);
    const [first, second, third, fourth] = [0, 1, 2, 3].map((part) => at(topic, part));
    const offsets = [next(first!, 5, 'text'), next(second!, 6), next(third!, 7)];
    await commitOne(metadata(), group, commitOf(group, offsets));
    const wanted = [
      { ...fourth!, offset: offset(1) },
      { ...second!, offset: undefined },
      { ...first!, offset: offset(0) },
    ];
    const outcome = {
      changes: [
        { ...fourth!, before: undefined, after: 1 },
        { ...second!, before: 6, after: undefined },
        { ...first!, before: 5, after: 0 },
      ],
      expelled: 1,
    };
    const before = await metadata().groups.describe(groupId, soon());
    expect(await metadata().groups.reset(fence, resetOf(group, wanted, true), soon())).toEqual({
      ...{ ...outcome, generation: 1 },
    });
    expect(await metadata().groups.describe(groupId, soon())).toEqual(before);
    expect(await offsetsOf(metadata(), groupId)).toEqual([5, 6, 7]);

    expect(await metadata().groups.reset(fence, resetOf(group, wanted), soon())).toEqual({
      ...{ ...outcome, generation: 2 },
    });
    expect(await metadata().groups.load(fence, groupId, soon())).toMatchObject({
      ...{ generation: 2, members: [], isAssigned: false },
      ...{ leaderId: undefined, assignor: undefined },
    });
    const all = await metadata().groups.offsets(groupId, undefined, soon());
    expect(all.map((one) => [one.partition, one.committed])).toMatchObject([
      [0, { offset: 0, metadata: '', generation: 2 }],
      [2, { offset: 7, generation: 1 }],
      [3, { offset: 1, metadata: '', generation: 2 }],
    ]);
    // I-24: those that were expelled commit no more, and come back in a generation of their own.
    const late = await commitOne(metadata(), group, commitOf(group, [next(first!, 9)]));
    expect(late).toEqual({ kind: 'unknownMember' });
    await metadata().groups.saveGeneration(fence, generationOf(groupId, 3, [memberId]), soon());
  });

  test('a reset makes a group that is not there, unless it is a dry run', async () => {
    const fence = await coordinate(metadata());
    const group = { groupId: `new-${randomUUID()}`, generation: generation(0) };
    const one = at(await newTopic(metadata(), 1), 0);
    const offsets = [{ ...one, offset: offset(4) }];
    const dry = await metadata().groups.reset(fence, resetOf(group, offsets, true), soon());
    const changes = [{ ...one, before: undefined, after: 4 }];
    expect(dry).toEqual({ changes, expelled: 0, generation: 0 });
    expect(await metadata().groups.describe(group.groupId, soon())).toBeUndefined();
    const done = await metadata().groups.reset(fence, resetOf(group, offsets), soon());
    expect(done).toEqual({ changes, expelled: 0, generation: 1 });
    expect(await offsetsOf(metadata(), group.groupId)).toEqual([4]);
  });

  test('a reset with a partition that is not there changes nothing', async () => {
    const group = await liveGroup(metadata());
    const [kept, gone] = [await newTopic(metadata(), 1), await newTopic(metadata(), 1)];
    await metadata().topics.delete(gone, soon());
    const before = await metadata().groups.describe(group.groupId, soon());
    for (const absent of [at(gone, 0), at(kept, 1)]) {
      for (const isDryRun of [true, false]) {
        const offsets = [at(kept, 0), absent].map((one) => ({ ...one, offset: offset(4) }));
        const reset = resetOf(group, offsets, isDryRun);
        await expect(metadata().groups.reset(group.fence, reset, soon())).rejects.toMatchObject({
          ...{ kind: 'notFound', reason: 'PARTITION_MISSING' },
        });
      }
    }
    expect(await metadata().groups.describe(group.groupId, soon())).toEqual(before);
    expect(await offsetsOf(metadata(), group.groupId)).toEqual([]);
  });
}

function registerResetAgain(metadata: () => Metadata): void {
  test('a reset whose outcome was unknown is the same when it comes again', async () => {
    const group = await liveGroup(metadata());
    const { fence, groupId } = group;
    const one = at(await newTopic(metadata(), 1), 0);
    const reset = resetOf(group, [{ ...one, offset: offset(4) }]);
    const first = await metadata().groups.reset(fence, reset, soon());
    expect(first).toMatchObject({ expelled: 1, generation: 2 });
    const stored = await metadata().groups.load(fence, groupId, soon());
    const again = await metadata().groups.reset(fence, reset, soon());
    const changes = [{ ...one, before: 4, after: 4 }];
    expect(again).toEqual({ changes, expelled: 0, generation: 2 });
    expect(await metadata().groups.load(fence, groupId, soon())).toEqual(stored);
  });

  test('a reset that is late finds that the group has moved on', async () => {
    const group = await liveGroup(metadata());
    const { fence, groupId, memberId } = group;
    const one = at(await newTopic(metadata(), 1), 0);
    const reset = resetOf(group, [{ ...one, offset: offset(4) }]);
    await metadata().groups.saveGeneration(fence, generationOf(groupId, 2, [memberId]), soon());
    const back = { ...group, generation: generation(2) };
    await commitOne(metadata(), back, commitOf(back, [next(one, 9)]));
    for (const known of [0, 1, 3]) {
      const late = { ...reset, generation: generation(known) };
      await expect(metadata().groups.reset(fence, late, soon())).rejects.toMatchObject({
        ...{ kind: 'conflict', reason: 'ILLEGAL_GENERATION' },
      });
    }
    expect(await metadata().groups.load(fence, groupId, soon())).toMatchObject({ generation: 2 });
    expect(await offsetsOf(metadata(), groupId)).toEqual([9]);
  });
}

function registerDelete(metadata: () => Metadata): void {
  test('a group with members is not deleted, one without goes with its offsets', async () => {
    const group = await liveGroup(metadata());
    const { fence, groupId } = group;
    const topic = await newTopic(metadata(), 1);
    await commitOne(metadata(), group, commitOf(group, [next(at(topic, 0), 5)]));
    const topics = new Map([[topic, 1]]);
    await metadata().groups.saveAssignment(
      fence,
      { ...group, partitions: new Map(), topics },
      soon(),
    );
    expect(await metadata().groups.delete(fence, groupId, soon())).toBe('hasMembers');
    expect(await offsetsOf(metadata(), groupId)).toEqual([5]);
    await metadata().groups.saveGeneration(fence, generationOf(groupId, 2, []), soon());
    expect(await metadata().groups.delete(fence, groupId, soon())).toBe('deleted');
    expect(await metadata().groups.delete(fence, groupId, soon())).toBe('absent');
    expect(await metadata().groups.describe(groupId, soon())).toBeUndefined();
    expect(await offsetsOf(metadata(), groupId)).toEqual([]);
    const again = generationOf(groupId, 1, ['a']);
    await metadata().groups.saveGeneration(fence, again, soon());
    expect(await metadata().groups.load(fence, groupId, soon())).toMatchObject({
      ...{ generation: 1, topics: new Map() },
    });
    expect(await offsetsOf(metadata(), groupId)).toEqual([]);
  });
}

function registerList(metadata: () => Metadata): void {
  test('groups are listed by id, page by page', async () => {
    const fence = await coordinate(metadata());
    const prefix = `~list-${randomUUID()}`;
    const ids = ['B', 'a', 'b', 'ü'].map((end) => `${prefix}-${end}`);
    for (const id of ids.toReversed()) {
      await metadata().groups.saveGeneration(fence, generationOf(id, 1, ['x', 'y']), soon());
    }
    const own = `${prefix}-own`;
    await commitOne(metadata(), { fence }, ownCommit(fence, own, []));
    const live = { generation: 1, assignor: 'sticky', isAssigned: false, members: 2 };
    const empty = { generation: 0, assignor: undefined, isAssigned: false, members: 0 };
    const all = [
      ...ids.slice(0, 3).map((groupId) => ({ groupId, ...live })),
      { groupId: own, ...empty },
      { groupId: ids[3]!, ...live },
    ];
    const { groups } = metadata();
    expect(await groups.list(prefix, 10, soon())).toEqual(all);
    expect(await groups.list(prefix, 2, soon())).toEqual(all.slice(0, 2));
    expect(await groups.list(ids[1]!, 2, soon())).toEqual(all.slice(2, 4));
    expect((await groups.list('', 1_000, soon())).slice(-5)).toEqual(all);
  });
}
