import { randomUUID } from 'node:crypto';
import type { DescribeGroupResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/DescribeGroupResponse.ts';
import type { FetchOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchOffsetsResponse.ts';
import type { ListGroupsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ListGroupsResponse.ts';
import type { ResetOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ResetOffsetsResponse.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { groupSlot } from '@streamhouse/core/group/group-slot.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { SETTINGS, soon } from '@streamhouse/store/metadata/pg/log.test-support.ts';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  around,
  startTestAgent,
  temporaryRoot,
  type TestAgent,
  type TestAgentOptions,
  until,
} from '../testing/agent.test-support.ts';
import {
  type AssignedTopic,
  committedOf,
  enterAll,
  joinRequest,
  partitionOf,
  TestMember,
} from '../testing/group-member.test-support.ts';

vi.setConfig({ testTimeout: 30_000 });

const GROUP = 'analytics';

let database: TestDatabase;
let root: string;

beforeEach(async () => {
  const parts = new AsyncDisposableStack();
  onTestFinished(() => parts.disposeAsync());
  database = parts.use(await createTestDatabase());
  root = parts.use(await temporaryRoot()).path;
});

async function start(
  agentId = 'agent-0',
  options: Partial<TestAgentOptions> = {},
): Promise<TestAgent> {
  const agent = await startTestAgent({ url: database.url, root, agentId, ...options });
  onTestFinished(() => agent[Symbol.asyncDispose]());
  await until(async () => (await agent.get('/ready')).status === 200);
  return agent;
}

function createTopic(agent: TestAgent, partitions = 4, name = 'orders'): Promise<AssignedTopic> {
  return agent.metadata.topics.create(name, partitions, SETTINGS, soon());
}

/** The id of the agent that coordinates the group. */
async function coordinatorId(agent: TestAgent, groupId = GROUP): Promise<string | undefined> {
  const slots = await agent.metadata.groups.slots(soon());
  const live = await agent.metadata.agents.live(soon());
  const holder = slots[groupSlot(groupId)]?.holder;
  return live.find(({ incarnation }) => incarnation === holder)?.agentId;
}

function errorOf(call: Promise<unknown>): Promise<StreamError> {
  return call.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: StreamError) => error,
  );
}

async function reasonOf(call: Promise<unknown>): Promise<string> {
  const { kind, reason } = await errorOf(call);
  return `${kind} ${reason}`;
}

async function twoMembers(
  agent: TestAgent,
  topic: AssignedTopic,
): Promise<[TestMember, TestMember]> {
  // Longer than the test: whoever is given up was not silent.
  const options = { sessionTimeoutMs: 60_000 };
  const members: [TestMember, TestMember] = [
    new TestMember(agent, GROUP, options),
    new TestMember(agent, GROUP, options),
  ];
  await enterAll(topic, members);
  return members;
}

describe('members', () => {
  test('share the partitions, and are told at once when one comes, leaves or is given up (I-25)', async () => {
    const agent = await start();
    const topic = await createTopic(agent);
    const [one, other] = await twoMembers(agent, topic);
    expect([one, other].map(({ partitions }) => partitions.length)).toEqual([2, 2]);
    expect([...one.partitions, ...other.partitions].toSorted(ascending)).toEqual([0, 1, 2, 3]);
    for (const member of [one, other]) member.beat();
    for (const member of [one, other]) await member.hears('stable 1');

    const third = new TestMember(agent, GROUP, { sessionTimeoutMs: 1000 });
    const joining = third.join(topic);
    // Nobody has beaten meanwhile.
    for (const member of [one, other]) await member.hears('rebalancing 1');
    await Promise.all([
      enterAll(topic, [one, other]),
      joining.then((joined) => third.sync(topic, joined)),
    ]);
    const all = [one, other, third].flatMap(({ partitions }) => partitions);
    expect(all.toSorted(ascending)).toEqual([0, 1, 2, 3]);

    // The third is not heard of again.
    await one.hears('rebalancing 2');
    await enterAll(topic, [one, other]);
    await other.leave();
    await one.hears('rebalancing 3');
    await one.enter(topic);
    expect([one.generation, one.partitions]).toEqual([4, [0, 1, 2, 3]]);
    expect(await reasonOf(other.commit(topic, 0, 1))).toBe('conflict UNKNOWN_MEMBER');
  });

  test('that are static come back to what they had, and the life before hears of it', async () => {
    const agent = await start();
    const topic = await createTopic(agent);
    const one = new TestMember(agent, GROUP, { groupInstanceId: 'one' });
    const other = new TestMember(agent, GROUP, { groupInstanceId: 'other' });
    await enterAll(topic, [one, other]);
    one.beat();
    other.beat();
    await other.hears('stable 1');

    const again = new TestMember(agent, GROUP, { groupInstanceId: 'other' });
    await again.enter(topic);
    expect([again.generation, again.partitions]).toEqual([1, other.partitions]);
    await other.hears('FENCED_INSTANCE');
    expect(await reasonOf(other.commit(topic, 0, 1))).toBe('fenced FENCED_INSTANCE');
    await again.commit(topic, 0, 1);
    await one.hears('stable 1');
  });
});

describe('commits', () => {
  test('I-24 count only with the current group, member and generation', async () => {
    const agent = await start();
    const topic = await createTopic(agent);
    const [one, other] = await twoMembers(agent, topic);
    await one.commit(topic, 0, 10);
    await other.leave();
    await one.enter(topic);
    const { generation } = one;
    for (const stale of [generation - 1, generation + 1]) {
      one.generation = stale;
      expect(await reasonOf(one.commit(topic, 0, 99))).toBe('conflict ILLEGAL_GENERATION');
    }
    one.generation = generation;
    const stranger = new TestMember(agent, GROUP);
    stranger.generation = generation;
    expect(await reasonOf(stranger.commit(topic, 0, 99))).toBe('conflict UNKNOWN_MEMBER');
    expect(await committedOf(agent, GROUP, topic)).toEqual({ 0: 10 });
    await one.commit(topic, 0, 11);
    expect(await committedOf(agent, GROUP, topic)).toEqual({ 0: 11 });
  });

  test('I-24 are checked by the store too: a coordinator that knows less than it refuses them all the same', async () => {
    const agent = await start();
    const topic = await createTopic(agent);
    const [one] = await twoMembers(agent, topic);
    const { generation } = one;
    // What another coordinator would have written.
    await database.sql(`UPDATE groups SET generation = generation + 1`);
    one.beat();
    expect(await reasonOf(one.commit(topic, 0, 99))).toBe('conflict ILLEGAL_GENERATION');
    expect(await committedOf(agent, GROUP, topic)).toEqual({});
    await until(() => one.heard.length > 0);
    one.generation = generation + 1;
    await one.commit(topic, 0, 5);
  });

  test('I-26 of one member are stored in the order in which they came', async () => {
    const slow = Promise.withResolvers<void>();
    let calls = 0;
    const wrapMetadata: TestAgentOptions['wrapMetadata'] = (metadata) =>
      around(metadata, {
        groups: around(metadata.groups, {
          async commit(...args) {
            if (++calls === 1) await slow.promise;
            return await metadata.groups.commit(...args);
          },
        }),
      });
    const agent = await start('agent-0', { wrapMetadata });
    const topic = await createTopic(agent);
    const [one] = await twoMembers(agent, topic);
    const first = one.commit(topic, 1, 10);
    await until(() => calls === 1);
    const others = Array.from({ length: 100 }, (_, index) => one.commit(topic, 1, 11 + index));
    // Whatever is sent after them is answered after they have arrived.
    await committedOf(agent, GROUP, topic);
    slow.resolve();
    await Promise.all([first, ...others]);
    expect(await committedOf(agent, GROUP, topic)).toEqual({ 1: 110 });
    // And all that had to wait went together.
    expect(calls).toBeLessThan(5);
  });

  test('I-28 name topics by id: a partition that is gone fails alone, and a topic made again begins clean', async () => {
    const agent = await start();
    const topic = await createTopic(agent);
    const [one] = await twoMembers(agent, topic);
    await one.commit(topic, 0, 10);
    await agent.metadata.topics.delete(topic.topicId, soon());
    const again = await createTopic(agent);
    const { failures } = await agent.call<{ failures: { partition: number; error: object }[] }>(
      'GroupService/CommitOffsets',
      {
        groupId: GROUP,
        memberId: one.memberId,
        generation: one.generation,
        offsets: [
          { ...partitionOf(topic, 0), offset: 20 },
          { ...partitionOf(again, 1), offset: 7 },
          { ...partitionOf(again, 4), offset: 8 },
        ],
      },
    );
    expect(failures).toMatchObject([
      { partition: 0, error: { kind: 'notFound', reason: 'PARTITION_MISSING' } },
      { partition: 4, error: { kind: 'notFound', reason: 'PARTITION_MISSING' } },
    ]);
    expect(await committedOf(agent, GROUP, topic)).toEqual({});
    expect(await committedOf(agent, GROUP, again)).toEqual({ 1: 7 });
  });

  test('I-29 know which partitions came after the group began to read a topic', async () => {
    const agent = await start();
    const topic = await createTopic(agent, 2);
    await new TestMember(agent, GROUP).enter(topic);
    await agent.metadata.topics.alter(topic.topicId, { partitions: 4 }, soon());
    const partitions = [0, 1, 2, 3].map((partition) => partitionOf(topic, partition));
    const { offsets } = await agent.call<FetchOffsetsResponse__Output>(
      'GroupService/FetchOffsets',
      { groupId: GROUP, partitions },
    );
    expect(offsets.map(({ offset, added }) => [offset, added])).toEqual([
      [-1, false],
      [-1, false],
      [-1, true],
      [-1, true],
    ]);
  });

  test('of a consumer that assigns partitions to itself count while the group has no members', async () => {
    const agent = await start();
    const topic = await createTopic(agent);
    const own = new TestMember(agent, GROUP);
    own.memberId = '';
    await own.commit(topic, 3, 5);
    expect(await committedOf(agent, GROUP, topic)).toEqual({ 3: 5 });
    const member = new TestMember(agent, GROUP);
    await member.enter(topic);
    expect(await reasonOf(own.commit(topic, 3, 6))).toBe('conflict GROUP_HAS_MEMBERS');
    await member.leave();
    await until(() =>
      own.commit(topic, 3, 7).then(
        () => true,
        () => false,
      ),
    );
  });
});

describe('a coordinator', () => {
  test('that is lost is replaced, and members notice nothing but the time it takes', async () => {
    const agents = [await start('agent-0'), await start('agent-1')];
    const topic = await createTopic(agents[0]!);
    await until(async () => (await coordinatorId(agents[0]!)) !== undefined);
    const lostId = await coordinatorId(agents[0]!);
    const lost = agents[lostId === 'agent-0' ? 0 : 1]!;
    const heir = agents[lostId === 'agent-0' ? 1 : 0]!;
    await enterWhenCoordinated(lost, topic);
    const [one, other] = await twoMembers(lost, topic);
    const before = [one, other].map(({ generation, partitions }) => [generation, partitions]);
    await one.commit(topic, 0, 10);
    one.beat();
    await one.hears(`stable ${one.generation}`);

    // Its session is over, while the process lives on.
    await heir.metadata.agents.fenceAgent(lostId!, soon());
    await until(() => one.heard.length > 0);
    for (const member of [one, other]) {
      member.agent = heir;
      member.heard.length = 0;
      await until(() => {
        if (!member.heard.includes(`stable ${member.generation}`)) member.beat();
        return member.heard.includes(`stable ${member.generation}`);
      });
    }
    await one.commit(topic, 0, 11);
    expect([one, other].map(({ generation, partitions }) => [generation, partitions])).toEqual(
      before,
    );
    expect(await committedOf(heir, GROUP, topic)).toEqual({ 0: 11 });
  });

  test('tells where to go when it is not the one, and hands its slots over when it drains', async () => {
    const agents = [await start('agent-0'), await start('agent-1')];
    const topic = await createTopic(agents[0]!);
    await until(async () => {
      const slots = await agents[0]!.metadata.groups.slots(soon());
      return new Set(slots.map(({ holder }) => holder)).size === 2;
    });
    const id = await coordinatorId(agents[0]!);
    const coordinator = agents[id === 'agent-0' ? 0 : 1]!;
    const stranger = agents[id === 'agent-0' ? 1 : 0]!;
    await enterWhenCoordinated(coordinator, topic);
    const refused = await errorOf(new TestMember(stranger, GROUP).join(topic));
    expect([refused.kind, refused.reason]).toEqual(['notHolder', 'NOT_COORDINATOR']);
    expect(refused.details['address']).toBe(`127.0.0.1:900${id?.at(-1)}`);

    const [one] = await twoMembers(coordinator, topic);
    one.beat();
    await one.hears(`stable ${one.generation}`);
    await coordinator.agent[Symbol.asyncDispose]();
    await one.hears('NOT_COORDINATOR');
    one.agent = stranger;
    await until(() =>
      one.commit(topic, 0, 3).then(
        () => true,
        () => false,
      ),
    );
    const slots = await stranger.metadata.groups.slots(soon());
    expect(new Set(slots.map(({ holder }) => holder)).size).toBe(1);
  });
});

describe('operators of groups', () => {
  test('reset offsets of live members, who come back and go on from there', async () => {
    const agent = await start();
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
    await enterAll(topic, [one, other]);
    expect(one.generation).toBe(3);
    await one.commit(topic, 0, 4);
  });

  test('list, describe and delete groups', async () => {
    const agent = await start();
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
  const agent = await start();
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

function ascending(a: number, b: number): number {
  return a - b;
}

/** A first member that comes and goes: once it is answered, the agent has opened the slot. */
async function enterWhenCoordinated(agent: TestAgent, topic: AssignedTopic): Promise<void> {
  const member = new TestMember(agent, GROUP);
  await until(() =>
    member.enter(topic).then(
      () => true,
      (error: StreamError) => {
        if (!error.isRetriable) throw error;
        return false;
      },
    ),
  );
  await member.leave();
}
