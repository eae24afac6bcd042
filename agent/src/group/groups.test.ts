import type { FetchOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchOffsetsResponse.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { groupSlot } from '@streamhouse/core/group/group-slot.ts';
import { soon } from '@streamhouse/store/metadata/pg/log.test-support.ts';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  around,
  type TestAgent,
  type TestAgentOptions,
  until,
} from '../testing/agent.test-support.ts';
import {
  type AssignedTopic,
  committedOf,
  enterAll,
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

describe('members', () => {
  test('share the partitions, and are told at once when one comes, leaves or is given up (I-25)', async () => {
    const agent = await stage.start();
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
    const agent = await stage.start();
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
    const agent = await stage.start();
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
    const agent = await stage.start();
    const topic = await createTopic(agent);
    const [one] = await twoMembers(agent, topic);
    const { generation } = one;
    // What another coordinator would have written.
    await stage.database.sql(`UPDATE groups SET generation = generation + 1`);
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
    const agent = await stage.start('agent-0', { wrapMetadata });
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
    const agent = await stage.start();
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
    const agent = await stage.start();
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
    const agent = await stage.start();
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
    const agents = [await stage.start('agent-0'), await stage.start('agent-1')];
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

  test('expels members that died with the one before, though nobody asks for their group', async () => {
    const first = await stage.start('agent-0');
    const topic = await createTopic(first);
    const gone = new TestMember(first, GROUP, { sessionTimeoutMs: 1000 });
    await gone.enter(topic);
    await first.metadata.agents.fenceAgent('agent-0', soon());
    const heir = await stage.start('agent-1');
    const members = async () =>
      (await heir.metadata.groups.describe(GROUP, soon()))?.members.map(({ memberId }) => memberId);
    expect(await members()).toEqual([gone.memberId]);
    await until(async () => (await members())?.length === 0);
  });

  test('tells where to go when it is not the one, and hands its slots over when it drains', async () => {
    const agents = [await stage.start('agent-0'), await stage.start('agent-1')];
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
    await succeeds(() => one.commit(topic, 0, 3));
    const slots = await stranger.metadata.groups.slots(soon());
    expect(new Set(slots.map(({ holder }) => holder)).size).toBe(1);
  });
});

test('a group that nobody waits for any more is forgotten, also while it is read (I-41)', async () => {
  const read = Promise.withResolvers<void>();
  let loads = 0;
  const wrapMetadata: TestAgentOptions['wrapMetadata'] = (metadata) =>
    around(metadata, {
      groups: around(metadata.groups, {
        async load(...args) {
          loads++;
          await read.promise;
          return await metadata.groups.load(...args);
        },
      }),
    });
  const agent = await stage.start('agent-0', { wrapMetadata });
  const inMemory = async (): Promise<string | undefined> =>
    /^streamhouse_groups_coordinated_groups (\d+)$/m.exec((await agent.get('/metrics')).body)?.[1];
  const gone = new TestMember(agent, GROUP);
  gone.beat();
  await until(() => loads === 1);
  gone.hangUp();
  await gone.hears('GRPC_1');
  // On the same connection, so it comes after the end of the other.
  const waiting = new TestMember(agent, 'another');
  waiting.beat();
  await until(() => loads === 2);
  read.resolve();
  await waiting.hears('rebalancing 0');
  expect(await inMemory()).toBe('1');
  waiting.hangUp();
  await until(async () => (await inMemory()) === '0');
});

describe('a write of the coordinator', () => {
  test('whose outcome is unknown is done again; one that is refused begins the group from what is stored', async () => {
    const failures = [
      new StreamError('indefinite', 'TEST', 'the answer was lost'),
      new StreamError('conflict', 'ILLEGAL_GENERATION', 'somebody else has written'),
    ];
    const wrapMetadata: TestAgentOptions['wrapMetadata'] = (metadata) =>
      around(metadata, {
        groups: around(metadata.groups, {
          async saveGeneration(...args) {
            await metadata.groups.saveGeneration(...args);
            const failure = failures.shift();
            if (failure !== undefined) throw failure;
          },
        }),
      });
    const agent = await stage.start('agent-0', { wrapMetadata });
    const topic = await createTopic(agent);
    const one = new TestMember(agent, GROUP);
    // The one that was lost, then its repetition, which is refused although it is stored.
    expect(await reasonOf(one.join(topic))).toBe('unavailable GROUP_RELOADED');
    await one.enter(topic);
    expect([one.generation, one.partitions]).toEqual([2, [0, 1, 2, 3]]);
  });

  test('under a slot that is lost tells members where to go, and never that they are fenced (I-24)', async () => {
    const agent = await stage.start();
    const topic = await createTopic(agent);
    const [one, other] = await twoMembers(agent, topic);
    const loseSlots = (): Promise<unknown> =>
      stage.database.sql('UPDATE group_slots SET epoch = epoch + 1');
    await loseSlots();
    expect(await reasonOf(one.commit(topic, 0, 1))).toBe('notHolder NOT_COORDINATOR');
    // This agent has them again, under their new epochs.
    await succeeds(() => one.commit(topic, 0, 2));
    await succeeds(() => enterAll(topic, [one, other]));
    await loseSlots();
    const joins = [one.join(topic), other.join(topic)].map(reasonOf);
    expect(await Promise.all(joins)).toEqual(Array(2).fill('notHolder NOT_COORDINATOR'));
    expect(await committedOf(agent, GROUP, topic)).toEqual({ 0: 2 });
  });
});

function ascending(a: number, b: number): number {
  return a - b;
}

/** A first member that comes and goes: once it is answered, the agent has opened the slot. */
async function enterWhenCoordinated(agent: TestAgent, topic: AssignedTopic): Promise<void> {
  const member = new TestMember(agent, GROUP);
  await succeeds(() => member.enter(topic));
  await member.leave();
}

/** Until the call does, as a client makes it again. */
async function succeeds(call: () => Promise<unknown>): Promise<void> {
  await until(() =>
    call().then(
      () => true,
      (error: StreamError) => {
        if (!error.isRetriable) throw error;
        return false;
      },
    ),
  );
}

/** The id of the agent that coordinates the group. */
async function coordinatorId(agent: TestAgent, groupId = GROUP): Promise<string | undefined> {
  const slots = await agent.metadata.groups.slots(soon());
  const live = await agent.metadata.agents.live(soon());
  const holder = slots[groupSlot(groupId)]?.holder;
  return live.find(({ incarnation }) => incarnation === holder)?.agentId;
}
