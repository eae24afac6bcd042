/**
 * Members of consumer groups through the SDK against real agents: they share partitions, and what moves is released first
 * (G-01 to G-03).
 */
import type { Consumer } from '@streamhouse/client/mod.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MemberProcess } from './groups/member-process.ts';
import {
  eventually,
  type GroupStage,
  listening,
  openGroupStage,
  PARTITIONS,
  partitionsOf,
  pollAllAtOnce,
  placesOf,
  pollUntil,
  pollUntilShared,
} from './groups/stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const SESSION_MS = 2_000;
/** I-25: every partition is owned within this time of a member's death. */
const OWNED_MS = SESSION_MS + 5_000;
const ALL = [0, 1, 2, 3];
let stage: GroupStage;

beforeAll(async () => {
  stage = await openGroupStage();
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

test('G-03: two members of a topic with four partitions have two each, and read each record once', async () => {
  const topic = await stage.createTopic('shared', 10);
  await using first = await stage.connect('shared');
  await using second = await stage.connect('shared');
  await first.subscribe([topic]);
  await second.subscribe([topic]);
  const early = await pollUntilShared([first, second], [2, 2]);
  const owned = [first, second].flatMap((member) => partitionsOf(member.assignment()));
  expect(owned.toSorted((a, b) => a - b)).toEqual(ALL);
  expect(first.membership()?.generation).toBe(second.membership()?.generation);
  const late = await pollUntil(
    [first, second],
    ({ length }) => early.length + length >= PARTITIONS * 10,
  );
  expect(new Set(placesOf([...early, ...late])).size).toBe(PARTITIONS * 10);
});

test('G-03: who joins gets one partition, who leaves gives its own back at once; no other stops', async () => {
  const topic = await stage.createTopic('coming-and-going');
  const notes = [listening(), listening(), listening()] as const;
  await using first = await stage.connect('coming-and-going');
  await using second = await stage.connect('coming-and-going');
  const third = await stage.connect('coming-and-going');
  await first.subscribe([topic], notes[0].listener);
  await second.subscribe([topic], notes[1].listener);
  await pollUntilShared([first, second], [2, 2]);
  for (const { told } of notes) told.length = 0;
  await third.subscribe([topic], notes[2].listener);
  await pollUntil(
    [first, second, third],
    () =>
      third.assignment().length === 1 &&
      first.assignment().length + second.assignment().length === 3,
  );
  const [moved] = third.assignment();
  expect(notes.flatMap(({ told }) => told).toSorted()).toEqual([
    `assigned ${moved?.partition}`,
    `revoked ${moved?.partition}`,
  ]);
  const leftAtMs = performance.now();
  await third.close();
  await pollUntilShared([first, second], [2, 2]);
  expect(performance.now() - leftAtMs).toBeLessThan(OWNED_MS);
  expect(notes[2].told.at(-1)).toBe(`revoked ${moved?.partition}`);
});

test('I-25: partitions of a member that is killed are read by another in time, from what is committed', async () => {
  const topic = await stage.createTopic('killed-member', 5);
  const groupId = 'killed-member';
  const { bootstrap } = stage.cluster;
  await using victim = new MemberProcess({
    bootstrap,
    groupId,
    topic,
    sessionTimeoutMs: SESSION_MS,
  });
  let handed = 0;
  await eventually(async () => (handed += (await victim.poll()).length) === PARTITIONS * 5);
  expect(await victim.commit()).toBe('committed');
  await stage.fill(topic, 3);
  await eventually(async () => (await victim.poll()).length > 0);
  await using heir = await stage.connect(groupId, { sessionTimeoutMs: SESSION_MS });
  await victim[Symbol.asyncDispose]();
  const diedAtMs = performance.now();
  await heir.subscribe([topic]);
  const records = await pollUntilShared([heir], [PARTITIONS]);
  expect(performance.now() - diedAtMs).toBeLessThan(OWNED_MS);
  records.push(
    ...(await pollUntil([heir], ({ length }) => records.length + length >= PARTITIONS * 3)),
  );
  const expected = ALL.flatMap((partition) => [5, 6, 7].map((offset) => `${partition}/${offset}`));
  expect(placesOf(records).toSorted()).toEqual(expected);
});

test('I-24: a member that was stopped past its session commits nothing', async () => {
  const topic = await stage.createTopic('stopped-member', 5);
  const groupId = 'stopped-member';
  const { bootstrap } = stage.cluster;
  await using victim = new MemberProcess({
    bootstrap,
    groupId,
    topic,
    sessionTimeoutMs: SESSION_MS,
  });
  let handed = 0;
  await eventually(async () => (handed += (await victim.poll()).length) === PARTITIONS * 5);
  victim.signal('SIGSTOP');
  await using heir = await stage.connect(groupId, { sessionTimeoutMs: SESSION_MS });
  await heir.subscribe([topic]);
  await pollUntilShared([heir], [PARTITIONS]);
  await heir.commit(ALL.map((partition) => ({ topic, partition, offset: 1, metadata: 'heir' })));
  victim.signal('SIGCONT');
  expect(await victim.commit()).toBe('NOT_OWNED');
  expect(await stage.committed(groupId)).toEqual({ 0: 1, 1: 1, 2: 1, 3: 1 });
  const [committed] = await heir.committed([{ topic, partition: 0 }]);
  expect(committed).toMatchObject({ offset: 1, metadata: 'heir' });
});

test('a partition that moves waits for the program, and is not lost when that comes back in time', async () => {
  const topic = await stage.createTopic('waits', 1);
  const { told, listener } = listening();
  await using first = await stage.connect('waits', { autoCommit: true });
  await first.subscribe([topic], listener);
  await pollAllAtOnce(first);
  await using second = await stage.connect('waits');
  await second.subscribe([topic]);
  await eventually(() => second.membership() !== undefined);
  const generation = second.membership()!.generation;
  await eventually(() => first.membership()?.generation === generation);
  expect(second.assignment()).toEqual([]);
  expect(told).toEqual(['assigned 0,1,2,3']);
  await pollUntilShared([first, second], [2, 2]);
  expect(told.filter((line) => line.startsWith('revoked'))).toHaveLength(1);
  expect(told.join()).not.toContain('lost');
  // It was committed as it was given up.
  const moved = partitionsOf(second.assignment());
  expect(await stage.committed('waits')).toMatchObject(
    Object.fromEntries(moved.map((partition) => [partition, 1])),
  );
});

test('a partition that the program does not come back from is lost, and its commit is refused', async () => {
  const topic = await stage.createTopic('lost', 1);
  const { told, listener } = listening();
  const options = { sessionTimeoutMs: SESSION_MS };
  await using first = await stage.connect('lost', options);
  await first.subscribe([topic], listener);
  await pollAllAtOnce(first);
  await using second = await stage.connect('lost', options);
  await second.subscribe([topic]);
  await pollUntilShared([second], [2]);
  const lost = partitionsOf(second.assignment());
  expect(told).toContain(`lost ${lost.join()}`);
  const offsets = ALL.map((partition) => ({ topic, partition, offset: 1 }));
  await expect(first.commit(offsets)).rejects.toMatchObject({
    kind: 'conflict',
    reason: 'NOT_OWNED',
  });
  expect(await stage.committed('lost')).toEqual(
    Object.fromEntries(ALL.filter((one) => !lost.includes(one)).map((one) => [one, 1])),
  );
  await expect(first.commit()).rejects.toMatchObject({ reason: 'NOT_OWNED' });
  await first.commit();
  expect(partitionsOf(first.assignment())).toEqual(ALL.filter((one) => !lost.includes(one)));
});

test('G-01: a pattern finds the topics that match it, also those that come later', async () => {
  await stage.createTopic('fleet-one', 1);
  await stage.createTopic('other-fleet', 1);
  await using consumer = await stage.connect('fleets');
  await consumer.subscribe(/^fleet-/g);
  const early = await pollUntil([consumer], ({ length }) => length === PARTITIONS);
  expect(new Set(early.map(({ topic }) => topic))).toEqual(new Set(['fleet-one']));
  await stage.createTopic('fleet-two', 1);
  const late = await pollUntil([consumer], ({ length }) => length === PARTITIONS);
  expect(new Set(late.map(({ topic }) => topic))).toEqual(new Set(['fleet-two']));
  expect(consumer.assignment()).toHaveLength(PARTITIONS * 2);
});

test('G-03: offsets of the program win when it seeks as partitions are assigned', async () => {
  const topic = await stage.createTopic('stored-offsets', 4);
  await using consumer = await stage.connect('stored-offsets');
  await consumer.subscribe([topic], {
    onAssigned: async (partitions) => {
      await Promise.resolve();
      for (const place of partitions) consumer.seek(place, 3);
    },
  });
  const records = await pollUntil([consumer], ({ length }) => length === PARTITIONS);
  expect(placesOf(records).toSorted()).toEqual(['0/3', '1/3', '2/3', '3/3']);
});

test('a callback that fails is told by the poll, and what it did not begin is not read', async () => {
  const topic = await stage.createTopic('failing-callback', 1);
  await using consumer = await stage.connect('failing-callback');
  await consumer.subscribe([topic], {
    onAssigned: () => {
      throw new Error('no offsets today');
    },
  });
  await eventually(() => consumer.assignment().length === PARTITIONS);
  await expect(consumer.poll(5_000)).rejects.toThrow('no offsets today');
  for (const place of consumer.assignment()) consumer.seek(place, 0);
  await pollUntil([consumer], ({ length }) => length === PARTITIONS);
});

test('G-02: who does not poll for too long leaves, and comes back with the next poll', async () => {
  const topic = await stage.createTopic('silent');
  const { told, listener } = listening();
  await using silent = await stage.connect('silent', { maxPollIntervalMs: 700 });
  await using other = await stage.connect('silent');
  await silent.subscribe([topic], listener);
  await pollUntilShared([silent], [PARTITIONS]);
  await other.subscribe([topic]);
  await pollUntilShared([other], [PARTITIONS]);
  expect(silent.membership()).toBeUndefined();
  expect(told.at(-1)).toMatch(/^lost /);
  await pollUntilShared([silent, other], [2, 2]);
});

test('G-03: a static member that restarts gets what it had, and no other is disturbed', async () => {
  const topic = await stage.createTopic('static', 1);
  const { told, listener } = listening();
  await using other = await stage.connect('static');
  await other.subscribe([topic], listener);
  const open = () => stage.connect('static', { groupInstanceId: 'machine-1' });
  const before = await open();
  await before.subscribe([topic]);
  await pollUntilShared([other, before], [2, 2]);
  const owned = partitionsOf(before.assignment());
  const generation = other.membership()?.generation;
  told.length = 0;
  await before.close();
  await using after = await open();
  await after.subscribe([topic]);
  await pollUntilShared([other, after], [2, 2]);
  expect(partitionsOf(after.assignment())).toEqual(owned);
  expect(told).toEqual([]);
  expect([other, after].map((member) => member.membership()?.generation)).toEqual([
    generation,
    generation,
  ]);
  await using newer = await open();
  await newer.subscribe([topic]);
  await expect(pollUntil([after], () => false)).rejects.toMatchObject({
    kind: 'fenced',
    reason: 'FENCED_INSTANCE',
  });
});

test('what a group cannot do is said at once', async () => {
  const topic = await stage.createTopic('wrong');
  await expect(stage.connect('')).rejects.toMatchObject({ reason: 'GROUP_ID' });
  await expect(stage.connect('wrong', { sessionTimeoutMs: 1 })).rejects.toMatchObject({
    reason: 'OPTION',
  });
  await expect(stage.connect('wrong', { assignors: ['fair'] })).rejects.toMatchObject({
    reason: 'OPTION',
  });
  const expectReason = async (reason: string, act: (consumer: Consumer) => Promise<unknown>) => {
    await using consumer = await stage.connect('wrong');
    await expect(act(consumer)).rejects.toMatchObject({ reason });
  };
  await expectReason('TOPIC_NOT_FOUND', (consumer) => consumer.subscribe(['nowhere']));
  await expectReason('NOT_OWNED', (consumer) =>
    consumer.commit([{ topic, partition: 0, offset: 0 }]),
  );
  await expectReason('OPTION', (consumer) => consumer.run({}));
});
