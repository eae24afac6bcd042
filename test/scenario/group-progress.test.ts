/**
 * How far consumer groups have read, through the SDK against real agents: nothing is skipped, and commits are never ahead
 * (G-01, G-04 to G-08).
 */
import type { ConsumerRecord } from '@streamhouse/client/mod.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  eventually,
  type GroupStage,
  listening,
  openGroupStage,
  PARTITIONS,
  placesOf,
  pollUntil,
  pollUntilShared,
} from './groups/stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ALL = [0, 1, 2, 3];
let stage: GroupStage;

beforeAll(async () => {
  stage = await openGroupStage();
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

test('I-26: what the program has in its hands is not committed by itself', async () => {
  const topic = await stage.createTopic('in-hands', 20);
  const options = { autoCommit: true, autoCommitIntervalMs: 20, maxPollRecords: 10 };
  const processed: Record<number, number> = { 0: 0, 1: 0, 2: 0, 3: 0 };
  const isBehind = async () => {
    for (const [partition, offset] of Object.entries(await stage.committed('in-hands'))) {
      expect(offset).toBeLessThanOrEqual(processed[Number(partition)]!);
    }
  };
  const done = (records: readonly ConsumerRecord[]) => {
    for (const { partition, offset } of records) processed[partition] = offset + 1;
  };
  const first = await stage.connect('in-hands', options);
  await first.subscribe([topic]);
  await pollUntilShared([first], [PARTITIONS]).then(done);
  for (let round = 0; round < 3; round++) {
    const inHands = await pollUntil([first], ({ length }) => length > 0);
    // Longer than several automatic commits take.
    for (let look = 0; look < 5; look++) await isBehind();
    done(inHands);
  }
  await first.close();
  await isBehind();
  let taken = 0;
  await using second = await stage.connect('in-hands', options);
  await second.subscribe([topic]);
  for await (const record of second) {
    expect(record.offset).toBeLessThanOrEqual(processed[record.partition]!);
    await isBehind();
    processed[record.partition] = record.offset + 1;
    if (++taken === 15) break;
  }
  await second.close();
  await isBehind();
});

test('I-26: what the program has come back from is committed by itself, every interval and at the end', async () => {
  const topic = await stage.createTopic('come-back', 5);
  const options = { autoCommit: true, autoCommitIntervalMs: 50 };
  const consumer = await stage.connect('come-back', options);
  await consumer.subscribe([topic]);
  await pollUntil([consumer], ({ length }) => length === PARTITIONS * 5);
  expect(await consumer.poll(10)).toEqual([]);
  await eventually(async () => {
    const committed = Object.values(await stage.committed('come-back'));
    return committed.length === PARTITIONS && committed.every((offset) => offset === 5);
  });
  await consumer.close();
  await using other = await stage.connect('come-back', { autoCommit: true });
  await stage.fill(topic, 1);
  await other.subscribe([topic]);
  const records = await pollUntil([other], ({ length }) => length === PARTITIONS);
  expect(records.map(({ offset }) => offset)).toEqual([5, 5, 5, 5]);
  await other.poll(10);
  await other.close();
  expect(await stage.committed('come-back')).toEqual({ 0: 6, 1: 6, 2: 6, 3: 6 });
});

test('G-01: seek, position, pause and resume within a group', async () => {
  const topic = await stage.createTopic('positions', 4);
  await using consumer = await stage.connect('positions');
  await consumer.subscribe([topic]);
  await pollUntil([consumer], ({ length }) => length === PARTITIONS * 4);
  const zero = { topic, partition: 0 };
  expect(await consumer.position(zero)).toBe(4);
  consumer.seek(zero, 2);
  expect(placesOf(await pollUntil([consumer], ({ length }) => length === 2))).toEqual([
    '0/2',
    '0/3',
  ]);
  consumer.pause([zero]);
  await stage.fill(topic, 1, [0, 1]);
  expect(placesOf(await pollUntil([consumer], ({ length }) => length === 1))).toEqual(['1/4']);
  expect((await consumer.lag()).partitions[0]).toMatchObject({
    position: 4,
    highWatermark: 5,
    lag: 1,
  });
  consumer.resume([zero]);
  expect(placesOf(await pollUntil([consumer], ({ length }) => length === 1))).toEqual(['0/4']);
  await consumer.seekToBeginning([zero]);
  expect(await consumer.position(zero)).toBe(0);
});

test('I-29: partitions that are added are read from their beginning', async () => {
  const topic = await stage.createTopic('growing');
  const grow = async (partitions: number, added: readonly number[]) => {
    await stage.admin.alterTopic(topic, { partitions });
    await eventually(async () => {
      const { partitionDescriptions } = await stage.admin.describeTopic(topic);
      return partitionDescriptions.every(({ holder }) => holder !== undefined);
    });
    await stage.fill(topic, 3, added);
    return added.flatMap((partition) => [0, 1, 2].map((offset) => `${partition}/${offset}`));
  };
  const open = () => stage.connect('growing', { autoOffsetReset: 'latest' });
  await using first = await open();
  await using second = await open();
  await first.subscribe([topic]);
  await second.subscribe([topic]);
  await pollUntilShared([first, second], [2, 2]);
  const early = await grow(6, [4, 5]);
  const read = await pollUntil([first, second], ({ length }) => length === early.length);
  expect(placesOf(read).toSorted()).toEqual(early);
  expect([first, second].map((member) => member.assignment().length)).toEqual([3, 3]);
  for (const member of [first, second]) {
    await member.commit();
    await member.close();
  }
  // Nobody is there to see them come.
  const late = await grow(8, [6, 7]);
  await using third = await open();
  await third.subscribe([topic]);
  const readLater = await pollUntil([third], ({ length }) => length === late.length);
  expect(placesOf(readLater).toSorted()).toEqual(late);
});

test('I-28: a topic that is deleted and made again is read from its beginning, whatever was committed before', async () => {
  const topic = await stage.createTopic('made-again', 5);
  const { told, listener } = listening();
  await using consumer = await stage.connect('made-again');
  await consumer.subscribe([topic], listener);
  await pollUntil([consumer], ({ length }) => length === PARTITIONS * 5);
  await consumer.commit();
  await stage.admin.deleteTopic(topic);
  await pollUntil([consumer], () => told.includes('lost 0,1,2,3'));
  expect(consumer.assignment()).toEqual([]);
  await stage.createTopic(topic, 2);
  const records = await pollUntil([consumer], ({ length }) => length === PARTITIONS * 2);
  expect(placesOf(records).toSorted()).toEqual(ALL.flatMap((one) => [`${one}/0`, `${one}/1`]));
  expect(await stage.committed('made-again')).toEqual({});
});

test('G-06: a handler that hangs or fails holds up its own partition only', async () => {
  const topic = await stage.createTopic('handlers', 5);
  await using consumer = await stage.connect('handlers', {
    autoCommit: true,
    autoCommitIntervalMs: 50,
  });
  await consumer.subscribe([topic]);
  const handled = new Map<number, number[]>();
  const errors: string[] = [];
  const { promise: never } = Promise.withResolvers<void>();
  let failures = 2;
  const over = new AbortController();
  const running = consumer.run({
    signal: over.signal,
    eachRecord: async ({ partition, offset }) => {
      if (partition === 0 && offset === 2) await never;
      if (partition === 1 && offset === 3 && failures-- > 0) throw new Error('not yet');
      handled.set(partition, [...(handled.get(partition) ?? []), offset]);
    },
    onError: (error, { partition }) => errors.push(`${partition} ${(error as Error).message}`),
  });
  await eventually(async () => {
    const committed = await stage.committed('handlers');
    return [1, 2, 3].every((partition) => committed[partition] === 5);
  });
  expect(errors).toEqual(['1 not yet', '1 not yet']);
  for (const partition of [1, 2, 3]) expect(handled.get(partition)).toEqual([0, 1, 2, 3, 4]);
  expect(handled.get(0)).toEqual([0, 1]);
  expect((await stage.committed('handlers'))[0]).toBe(2);
  // Nor does it hold up a rebalance, or the end.
  await using second = await stage.connect('handlers');
  await second.subscribe([topic]);
  await pollUntil([second], () => second.assignment().length >= 1);
  await consumer.close();
  await running;
  await pollUntilShared([second], [PARTITIONS]);
});

test('G-06: batches that failed come again as a whole, and the run ends with its handlers', async () => {
  const topic = await stage.createTopic('batches', 3);
  await using consumer = await stage.connect('batches', { autoCommit: true });
  await consumer.subscribe([topic]);
  const batches: string[] = [];
  const over = new AbortController();
  let isFirst = true;
  let running = 0;
  let most = 0;
  const run = consumer.run({
    signal: over.signal,
    partitionsConcurrently: 2,
    eachBatch: async (records, { partition }) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      if (partition === 2 && isFirst) {
        isFirst = false;
        throw new Error('once');
      }
      batches.push(...placesOf(records));
    },
  });
  await eventually(() => batches.length >= PARTITIONS * 3);
  over.abort();
  await run;
  expect(most).toBe(2);
  expect(batches.toSorted()).toEqual(
    ALL.flatMap((one) => [0, 1, 2].map((offset) => `${one}/${offset}`)),
  );
  await consumer.close();
  expect(await stage.committed('batches')).toEqual({ 0: 3, 1: 3, 2: 3, 3: 3 });
});

test('G-07: a reset tells what it would do, then moves members that are live', async () => {
  const topic = await stage.createTopic('reset', 5);
  const { told, listener } = listening();
  await using consumer = await stage.connect('reset');
  await consumer.subscribe([topic], listener);
  await pollUntil([consumer], ({ length }) => length === PARTITIONS * 5);
  await consumer.commit();
  const reset = { groupId: 'reset', to: { shift: -2 }, topics: [topic] } as const;
  const planned = await stage.admin.resetOffsets({ ...reset, dryRun: true });
  expect(planned.expelled).toBe(1);
  expect(planned.changes).toEqual(
    ALL.map((partition) => ({ topic, partition, before: 5, after: 3 })),
  );
  expect(await stage.committed('reset')).toEqual({ 0: 5, 1: 5, 2: 5, 3: 5 });
  expect(await stage.admin.resetOffsets(reset)).toEqual(planned);
  const records = await pollUntil([consumer], ({ length }) => length === PARTITIONS * 2);
  expect(new Set(records.map(({ offset }) => offset))).toEqual(new Set([3, 4]));
  expect(told).toEqual(['assigned 0,1,2,3', 'lost 0,1,2,3', 'assigned 0,1,2,3']);
  for (const [to, after] of [
    ['earliest', 0],
    ['latest', 5],
    [{ offset: 99 }, 5],
    [{ timestampMs: 0 }, 0],
  ] as const) {
    const { changes } = await stage.admin.resetOffsets({ groupId: 'reset', to, dryRun: true });
    expect(changes.map((change) => change.after)).toEqual([after, after, after, after]);
  }
});

test('G-08: lag is told in records and in the age of the first that is unread', async () => {
  const topic = await stage.createTopic('lagging');
  const timestampMs = Date.now() - 60_000;
  await stage.producer.sendBatch(topic, [
    { partition: 0, value: 'a', timestampMs: timestampMs - 60_000 },
    { partition: 0, value: 'b', timestampMs },
    { partition: 0, value: 'c' },
  ]);
  await using consumer = await stage.connect('lagging');
  await consumer.subscribe([topic]);
  await pollUntil([consumer], ({ length }) => length === 3);
  await consumer.commit([{ topic, partition: 0, offset: 1 }]);
  const lag = await stage.admin.groupLag('lagging');
  expect(lag).toMatchObject({ total: 2, partitions: [{ partition: 0, position: 1, lag: 2 }] });
  expect(lag.lagSeconds).toBeGreaterThanOrEqual(60);
  expect(lag.lagSeconds).toBeLessThan(110);
  expect(await consumer.lag()).toMatchObject({ total: 0, lagSeconds: 0 });
});

test('G-01: partitions that a program assigns itself can be committed while the group has no members', async () => {
  const topic = await stage.createTopic('by-hand', 3);
  const place = { topic, partition: 0 };
  const first = await stage.connect('by-hand');
  await first.assign([place]);
  await pollUntil([first], ({ length }) => length === 3);
  expect(await first.committed([place])).toEqual([undefined]);
  await first.commit([{ ...place, offset: 2, metadata: 'mine' }]);
  expect(await first.committed([place])).toMatchObject([{ offset: 2, metadata: 'mine' }]);
  await expect(first.subscribe([topic])).rejects.toMatchObject({ reason: 'ASSIGNED' });
  await first.close();
  await using second = await stage.connect('by-hand');
  await second.assign([place]);
  expect(placesOf(await pollUntil([second], ({ length }) => length > 0))).toEqual(['0/2']);
  await using member = await stage.connect('by-hand');
  await member.subscribe([topic]);
  await pollUntilShared([member], [PARTITIONS]);
  await expect(second.commit()).rejects.toMatchObject({ reason: 'GROUP_HAS_MEMBERS' });
  await expect(member.assign([place])).rejects.toMatchObject({ reason: 'SUBSCRIBED' });
  await member.unsubscribe();
  expect(member.assignment()).toEqual([]);
  await second.commit();
  await member.assign([place]);
  await member.commit([{ ...place, offset: 1 }]);
  expect(await stage.committed('by-hand')).toEqual({ 0: 1 });
});

test('groups are listed, described and deleted', async () => {
  const topic = await stage.createTopic('described', 1);
  const consumer = await stage.connect('described', { clientId: 'tests', assignors: ['range'] });
  await consumer.subscribe([topic]);
  await pollUntil([consumer], ({ length }) => length === PARTITIONS);
  await consumer.commit();
  const { admin } = stage;
  const { memberId, generation } = consumer.membership()!;
  expect(await admin.describeGroup('described')).toMatchObject({
    groupId: 'described',
    state: 'stable',
    generation,
    assignor: 'range',
    members: 1,
    memberDescriptions: [{ memberId, clientId: 'tests', topics: [topic] }],
    offsets: ALL.map((partition) => ({ topic, partition, offset: 1, generation })),
  });
  const listed = (await admin.listGroups()).find(({ groupId }) => groupId === 'described');
  expect(listed).toMatchObject({ state: 'stable', members: 1 });
  await expect(admin.deleteGroup('described')).rejects.toMatchObject({
    reason: 'GROUP_HAS_MEMBERS',
  });
  await consumer.close();
  await admin.deleteGroup('described');
  await expect(admin.describeGroup('described')).rejects.toMatchObject({ kind: 'notFound' });
});
