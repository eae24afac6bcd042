import { randomUUID } from 'node:crypto';
import type { DescribeGroupResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/DescribeGroupResponse.ts';
import type { ListGroupsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ListGroupsResponse.ts';
import type { ResetOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ResetOffsetsResponse.ts';
import type { StreamError } from '@streamhouse/core/errors.ts';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  committedOf,
  enterAll,
  joinRequest,
  partitionOf,
  TestMember,
} from '../testing/group-member.test-support.ts';
import {
  createTopic,
  errorOf,
  GROUP,
  type GroupStage,
  openGroupStage,
  reasonOf,
  twoMembers,
} from '../testing/group-stage.test-support.ts';

vi.setConfig({ testTimeout: 30_000 });

let stage: GroupStage;

beforeEach(async () => {
  stage = await openGroupStage();
});

describe('operators of groups', () => {
  test('reset offsets of live members, who come back and go on from there', async () => {
    const agent = await stage.start();
    const topic = await createTopic(agent);
    const [one, other] = await twoMembers(agent, topic);
    await one.commit(topic, 0, 10);
    await one.commit(topic, 1, 11);
    one.beat();
    await one.hears('stable 1');
    const offsets = [
      { ...partitionOf(topic, 0), offset: 3 },
      { ...partitionOf(topic, 1), offset: -1 },
      { ...partitionOf(topic, 2), offset: 4 },
    ];
    const reset = (dryRun: boolean): Promise<ResetOffsetsResponse__Output> =>
      agent.call('GroupService/ResetOffsets', { groupId: GROUP, offsets, dryRun });
    const dry = await reset(true);
    expect(dry.changes.map(({ before, after }) => [before, after])).toEqual([
      [10, 3],
      [11, -1],
      [-1, 4],
    ]);
    expect(dry.expelled).toBe(2);
    expect(await committedOf(agent, GROUP, topic)).toEqual({ 0: 10, 1: 11 });
    one.beat();
    await one.hears('stable 1');

    expect(await reset(false)).toEqual(dry);
    await one.hears('UNKNOWN_MEMBER');
    expect(await reasonOf(one.commit(topic, 0, 12))).toBe('conflict UNKNOWN_MEMBER');
    expect(await committedOf(agent, GROUP, topic)).toEqual({ 0: 3, 2: 4 });
    expect(await reasonOf(other.join(topic))).toBe('conflict UNKNOWN_MEMBER');
    for (const member of [one, other]) Object.assign(member, { generation: 0, partitions: [] });
    await enterAll(topic, [one, other]);
    expect(one.generation).toBe(3);
    await one.commit(topic, 0, 4);
  });

  test('list, describe and delete groups', async () => {
    const agent = await stage.start();
    const topic = await createTopic(agent);
    const [one] = await twoMembers(agent, topic);
    await one.commit(topic, 0, 10);
    for (const groupId of ['a', 'b']) {
      const own = new TestMember(agent, groupId);
      own.memberId = '';
      await own.commit(topic, 0, 1);
    }
    const list = (after: string, limit: number): Promise<ListGroupsResponse__Output> =>
      agent.call('GroupService/ListGroups', { after, limit });
    const first = await list('', 2);
    expect([first.groups.map(({ groupId }) => groupId), first.hasMore]).toEqual([
      ['a', GROUP],
      true,
    ]);
    expect((await list(GROUP, 0)).groups.map(({ groupId, members }) => [groupId, members])).toEqual(
      [['b', 0]],
    );

    const described = await agent.call<DescribeGroupResponse__Output>(
      'GroupService/DescribeGroup',
      {
        groupId: GROUP,
      },
    );
    expect(described).toMatchObject({
      group: { groupId: GROUP, state: 3, generation: 1, members: 2, assignor: 'range' },
      coordinator: 'agent-0',
      offsets: [{ partition: 0, offset: 10, generation: 1 }],
    });
    const member = described.members.find(({ memberId }) => memberId === one.memberId)!;
    expect(member).toMatchObject({ clientId: 'test', clientHost: '127.0.0.1', topics: ['orders'] });
    expect(member.partitions.map(({ partition }) => partition)).toEqual(one.partitions);

    const remove = (groupId: string): Promise<unknown> =>
      agent.call('GroupService/DeleteGroup', { groupId });
    expect(await reasonOf(remove(GROUP))).toBe('conflict GROUP_HAS_MEMBERS');
    await remove('a');
    expect(await reasonOf(remove('a'))).toBe('notFound GROUP_NOT_FOUND');
    expect(await reasonOf(agent.call('GroupService/DescribeGroup', { groupId: 'a' }))).toBe(
      'notFound GROUP_NOT_FOUND',
    );
  });
});

test('B-10 bad requests have typed refusals', async () => {
  const agent = await stage.start();
  const topic = await createTopic(agent);
  const memberId = randomUUID();
  const join = (change: object): Promise<unknown> =>
    agent.call('GroupService/JoinGroup', { ...joinRequest(GROUP, memberId), ...change });
  const commit = (change: object): Promise<unknown> =>
    agent.call('GroupService/CommitOffsets', {
      groupId: GROUP,
      memberId,
      generation: 1,
      offsets: [{ ...partitionOf(topic, 0), offset: 1, ...change }],
    });
  const field = 'invalid INVALID_FIELD';
  const bounds = 'invalid OUT_OF_BOUNDS';
  const rows: readonly (readonly [Promise<unknown>, string])[] = [
    [join({ groupId: '' }), 'invalid GROUP_ID'],
    [join({ groupId: 'x'.repeat(512) }), 'invalid GROUP_ID'],
    [join({ groupId: 'a\0' }), 'invalid GROUP_ID'],
    [join({ memberId: 'me' }), field],
    [join({ groupInstanceId: '' }), field],
    [join({ clientId: 'x'.repeat(300) }), field],
    [join({ sessionTimeoutMs: 1 }), bounds],
    [join({ sessionTimeoutMs: 1_800_001 }), bounds],
    [join({ rebalanceTimeoutMs: 0 }), bounds],
    [join({ assignors: [] }), field],
    [join({ assignors: Array.from({ length: 17 }, String) }), field],
    [join({ topics: Array.from({ length: 1001 }, (_, index) => `t${index}`) }), field],
    [join({ topics: ['a/b'] }), 'invalid TOPIC_NAME'],
    [join({ ownedGeneration: -1 }), field],
    [join({ owned: [{ topicId: Buffer.alloc(3), partition: 0 }] }), field],
    [join({ owned: [partitionOf(topic, -1)] }), bounds],
    [commit({ metadata: 'x'.repeat(1_048_576) }), 'invalid METADATA_TOO_LARGE'],
    [commit({ metadata: 'ü'.repeat(2049) }), 'invalid METADATA_TOO_LARGE'],
    [commit({ metadata: '\0' }), field],
    [commit({ offset: -1 }), bounds],
    [commit({ partition: -1 }), bounds],
    [commit({}), 'conflict UNKNOWN_MEMBER'],
    [
      agent.call('GroupService/SyncGroup', {
        groupId: GROUP,
        memberId,
        generation: 1,
        assignments: [{ memberId }, { memberId }],
      }),
      field,
    ],
    [
      agent.call('GroupService/SyncGroup', { groupId: GROUP, memberId, generation: 1 }),
      'conflict UNKNOWN_MEMBER',
    ],
    [
      agent.call('GroupService/ResetOffsets', {
        groupId: GROUP,
        offsets: [partitionOf(topic, 0), partitionOf(topic, 0)],
      }),
      field,
    ],
    [
      agent.call('GroupService/ResetOffsets', { groupId: GROUP, offsets: [partitionOf(topic, 9)] }),
      'notFound PARTITION_MISSING',
    ],
    [agent.call('GroupService/ListGroups', { limit: -1 }), field],
  ];
  const answers = await Promise.all(rows.map(([call]) => reasonOf(call)));
  expect(answers).toEqual(rows.map(([, answer]) => answer));
  const { message } = await errorOf(join({ sessionTimeoutMs: 1 }));
  expect(message).toContain('session_timeout_ms must be in 1000..1800000');

  const member = new TestMember(agent, GROUP);
  member.memberId = 'me';
  member.beat();
  await member.hears('INVALID_FIELD');
});

test('I-41 members that say much of themselves are refused before they fill the memory', async () => {
  const agent = await stage.start();
  const topics = Array.from({ length: 1000 }, (_, index) => `${index}`.padEnd(249, 'x'));
  // Each is half a megabyte.
  const join = (index: number): Promise<unknown> =>
    agent.call('GroupService/JoinGroup', {
      ...joinRequest(`group-${index % 8}`, randomUUID()),
      topics,
    });
  const joins = Array.from({ length: 270 }, (_, index) =>
    join(index).then(
      () => 'joined',
      (error: StreamError) => `${error.kind} ${error.reason}`,
    ),
  );
  expect(await Promise.race(joins.slice(-20))).toBe('overloaded COORDINATOR_FULL');
});
