import { epoch, offset, partitionIndex } from '@streamhouse/core/ids.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HeldPartition } from '../leases.ts';
import { type PublishRequest, type PublishResult } from '../log.ts';
import { type Metadata } from '../port.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from './database.test-support.ts';
import {
  holdTopic,
  lockPartition,
  MANY,
  nextOffset,
  onePartition,
  producerAt,
  registerAgent,
  requestFor,
  runFor,
  soon,
} from './log.test-support.ts';

let database: TestDatabase;
let metadata: Metadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
});

afterAll(() => database[Symbol.asyncDispose]());

async function storedBatches(request: PublishRequest): Promise<number> {
  const rows = await database.sql('SELECT FROM batches WHERE object_key = $1', [request.objectKey]);
  return rows.length;
}

describe('publish', () => {
  test('makes all runs of an object visible at once', async () => {
    const { me, held } = await holdTopic(metadata, 3);
    const request = requestFor(
      me,
      held.map((one, index) => runFor(one, { position: index * 1_000, crc: index })),
    );
    const { accepted } = await metadata.log.publish(request, soon());
    expect(accepted).toEqual([0, 1, 2]);
    const run = await metadata.log.runs(
      held[2]!.topicId,
      held[2]!.partition,
      offset(0),
      10,
      soon(),
    );
    expect(run).toEqual([
      {
        baseOffset: 0,
        lastOffset: 9,
        epoch: held[2]!.epoch,
        objectKey: request.objectKey,
        position: 2_000,
        length: 1_000,
        crc: 2,
        maxTimestampMs: 1_700_000_000_000,
      },
    ]);
    const states = await metadata.topics.partitions(held[0]!.topicId, soon());
    expect(states.map((state) => state.bytes)).toEqual([1_000, 1_000, 1_000]);
  });

  test('I-03: accepts a run only at the next offset, which never falls', MANY, async () => {
    const { me, held } = await holdTopic(metadata, 1);
    const [one] = held;
    let next = 0;
    const step = fc.record({
      count: fc.integer({ min: 1, max: 50 }),
      shift: fc.integer({ min: -3, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(step, async ({ count, shift }) => {
        const base = offset(Math.max(0, next + shift));
        const run = runFor(one!, { baseOffset: base, recordCount: count });
        const { accepted } = await metadata.log.publish(requestFor(me, [run]), soon());
        expect(accepted).toEqual(base === next ? [0] : []);
        if (base === next) next += count;
        expect(await nextOffset(metadata, one!)).toBe(next);
      }),
      { numRuns: 100 },
    );
    const runs = await metadata.log.runs(one!.topicId, one!.partition, offset(0), 1_000, soon());
    expect(runs[0]!.baseOffset).toBe(0);
    expect(runs.at(-1)!.lastOffset).toBe(next - 1);
    for (let index = 1; index < runs.length; index++) {
      expect(runs[index]!.baseOffset).toBe(runs[index - 1]!.lastOffset + 1);
    }
  });

  test('I-03: refuses a run without records', async () => {
    const { held, request } = await onePartition(metadata);
    const empty = { ...request, runs: [runFor(held, { recordCount: 0 })] };
    await expect(metadata.log.publish(empty, soon())).rejects.toMatchObject({ kind: 'internal' });
    expect(await nextOffset(metadata, held)).toBe(0);
  });

  test('I-04: an object that was uploaded before the fence cannot be published after it', async () => {
    const { held, request } = await onePartition(metadata);
    await metadata.agents.fence(request.incarnation, undefined, soon());
    await expect(metadata.log.publish(request, soon())).rejects.toMatchObject({
      kind: 'fenced',
      reason: 'AGENT_FENCED',
    });
    expect(await nextOffset(metadata, held)).toBe(0);
    expect(await storedBatches(request)).toBe(0);
  });

  test('I-04: a stale epoch of the same live holder changes nothing', async () => {
    const { me, held } = await holdTopic(metadata, 2);
    await metadata.leases.release(me, [{ ...held[0]!, heir: undefined }], soon());
    const [again] = await metadata.leases.takeover(me, [held[0]!], soon());
    const stale = requestFor(me, [runFor(held[0]!), runFor(held[1]!)]);
    expect(await metadata.log.publish(stale, soon())).toEqual({ accepted: [1] });
    expect(await nextOffset(metadata, held[0]!)).toBe(0);
    const fresh = requestFor(me, [runFor(again!)]);
    expect(await metadata.log.publish(fresh, soon())).toEqual({ accepted: [0] });
  });

  test('I-04: a live incarnation that is not the holder changes nothing', async () => {
    const { held } = await onePartition(metadata);
    const other = await registerAgent(metadata);
    const request = requestFor(other, [runFor(held)]);
    expect(await metadata.log.publish(request, soon())).toEqual({ accepted: [] });
    expect(await nextOffset(metadata, held)).toBe(0);
  });

  test('I-04: a fence waits for a publish that has found the session live', async () => {
    const { held, request } = await onePartition(metadata);
    const unlock = await lockPartition(database, held);
    const publishing = metadata.log.publish(request, soon());
    await untilBlocked(database, 1);
    const fencing = metadata.agents.fence(request.incarnation, undefined, soon());
    await untilBlocked(database, 2);
    await unlock();
    expect(await publishing).toEqual({ accepted: [0] });
    expect(await fencing).toBe(true);
  });

  test('I-04: when fence and publish race, nothing appears after the fence', MANY, async () => {
    const { me, held } = await holdTopic(metadata, 200);
    await metadata.agents.fence(me, undefined, soon());
    for (const free of held) {
      const holder = await registerAgent(metadata);
      const [one] = await metadata.leases.takeover(holder, [free], soon());
      const publishing = metadata.log.publish(requestFor(holder, [runFor(one!)]), soon()).then(
        (result) => result.accepted.length,
        () => 0,
      );
      await metadata.agents.fence(holder, undefined, soon());
      const atFence = await nextOffset(metadata, one!);
      const accepted = await publishing;
      expect(await nextOffset(metadata, one!)).toBe(atFence);
      expect(atFence).toBe(accepted * 10);
    }
  });

  test('I-08: an object of which nothing was accepted leaves no batches and no refs', async () => {
    const { me, held } = await holdTopic(metadata, 2);
    const request = requestFor(
      me,
      held.map((one) => runFor(one, { epoch: epoch(one.epoch + 1) })),
    );
    expect(await metadata.log.publish(request, soon())).toEqual({ accepted: [] });
    expect(await storedBatches(request)).toBe(0);
    const objects = await database.sql('SELECT refs FROM objects WHERE object_key = $1', [
      request.objectKey,
    ]);
    expect(objects).toEqual([{ refs: 0 }]);
  });

  test('counts as refs of an object only the runs that were accepted', async () => {
    const { me, held } = await holdTopic(metadata, 3);
    const request = requestFor(me, [
      runFor(held[0]!),
      runFor(held[1]!, { baseOffset: offset(1) }),
      runFor(held[2]!),
    ]);
    expect(await metadata.log.publish(request, soon())).toEqual({ accepted: [0, 2] });
    const objects = await database.sql('SELECT refs FROM objects WHERE object_key = $1', [
      request.objectKey,
    ]);
    expect(objects).toEqual([{ refs: 2 }]);
  });

  test('four publishers of overlapping partitions in any order never deadlock', MANY, async () => {
    const { held } = await holdTopic(metadata, 12);
    const answers = await Promise.all([1, 2, 3, 4].map((seed) => publishShuffled(held, seed)));
    expect(answers.flat().filter((answer) => answer.accepted.length > 0)).toEqual([]);
  });

  async function publishShuffled(
    held: readonly HeldPartition[],
    seed: number,
  ): Promise<PublishResult[]> {
    const own = await database.open();
    const me = await registerAgent(own);
    const arbitrary = fc.shuffledSubarray([...held], { minLength: 6 });
    const answers: PublishResult[] = [];
    for (const order of fc.sample(arbitrary, { numRuns: 200, seed })) {
      const runs = order.map((one) => runFor(one));
      answers.push(await own.log.publish(requestFor(me, runs), soon()));
    }
    return answers;
  }
});

test('I-01: a publish is on the disk also where the default does not wait for it', async () => {
  await using careless = await createTestDatabase();
  await careless.sql(
    `DO $$ BEGIN EXECUTE format(
      'ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$;
    CREATE TABLE seen (setting text);
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON objects DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION see();`,
  );
  const own = await careless.open();
  const { me, held } = await holdTopic(own, 1);
  await own.log.publish(requestFor(me, [runFor(held[0]!)]), soon());
  expect(await careless.sql('SELECT setting FROM seen')).toEqual([{ setting: 'on' }]);
});

describe('I-12: producer state', () => {
  test('changes with an accepted run only', async () => {
    const { me, held } = await holdTopic(metadata, 2);
    const first = requestFor(
      me,
      held.map((one) => runFor(one, { producers: [producerAt(7, 0)] })),
    );
    await metadata.log.publish(first, soon());
    const second = requestFor(me, [
      runFor(held[0]!, { baseOffset: offset(10), producers: [producerAt(7, 10)] }),
      runFor(held[1]!, { baseOffset: offset(11), producers: [producerAt(7, 11)] }),
    ]);
    expect(await metadata.log.publish(second, soon())).toEqual({ accepted: [0] });
    const loaded = await metadata.leases.load(me, held, soon());
    expect(loaded.map((one) => one.producers)).toEqual([[producerAt(7, 10)], [producerAt(7, 0)]]);
  });

  test('is not touched by a publish that is submitted again', async () => {
    const { me, held } = await holdTopic(metadata, 1);
    const first = requestFor(me, [runFor(held[0]!, { producers: [producerAt(7, 0)] })]);
    await metadata.log.publish(first, soon());
    const change = { baseOffset: offset(10), producers: [producerAt(7, 10)] };
    await metadata.log.publish(requestFor(me, [runFor(held[0]!, change)]), soon());
    await metadata.log.publish(first, soon());
    const [loaded] = await metadata.leases.load(me, held, soon());
    expect(loaded!.producers).toEqual([producerAt(7, 10)]);
  });

  test('of many producers in one run survives a takeover, oldest first', async () => {
    const { me, held } = await holdTopic(metadata, 1);
    const producers = [producerAt(9, 0), producerAt(5, 10), producerAt(8, 20)];
    const full = {
      ...producers[2]!,
      batches: [5, 10, 15, 18, 20].flatMap((base) => producerAt(8, base).batches),
    };
    const run = runFor(held[0]!, {
      recordCount: 30,
      producers: [full, producers[0]!, producers[1]!],
    });
    await metadata.log.publish(requestFor(me, [run]), soon());
    await metadata.agents.fence(me, undefined, soon());
    const heir = await registerAgent(metadata);
    const [taken] = await metadata.leases.takeover(heir, held, soon());
    expect(taken!.nextOffset).toBe(30);
    expect(taken!.producers).toEqual([producers[0], producers[1], full]);
  });
});

describe('reads', () => {
  test('find the run that holds an offset, and those after it up to the limit', async () => {
    const { me, held } = await holdTopic(metadata, 1);
    const [one] = held;
    for (const base of [0, 10, 20, 30]) {
      const change = { baseOffset: offset(base), maxTimestampMs: 1_000 + base };
      await metadata.log.publish(requestFor(me, [runFor(one!, change)]), soon());
    }
    const bases = async (from: number, limit: number): Promise<number[]> => {
      const runs = await metadata.log.runs(
        one!.topicId,
        one!.partition,
        offset(from),
        limit,
        soon(),
      );
      return runs.map((run) => run.baseOffset);
    };
    expect(await bases(0, 10)).toEqual([0, 10, 20, 30]);
    expect(await bases(15, 2)).toEqual([10, 20]);
    expect(await bases(39, 10)).toEqual([30]);
    expect(await bases(40, 10)).toEqual([]);
  });

  test('find the first run with a timestamp at or after the one asked for', async () => {
    const { me, held } = await holdTopic(metadata, 1);
    const [one] = held;
    for (const [base, time] of [
      [0, 1_000],
      [10, 3_000],
      [20, 2_000],
    ] as const) {
      const change = { baseOffset: offset(base), maxTimestampMs: time };
      await metadata.log.publish(requestFor(me, [runFor(one!, change)]), soon());
    }
    const find = (time: number) =>
      metadata.log.runByTimestamp(one!.topicId, one!.partition, time, soon());
    expect((await find(1_001))!.baseOffset).toBe(10);
    expect((await find(1_000))!.baseOffset).toBe(0);
    expect(await find(3_001)).toBeUndefined();
  });

  test('of a partition that is not there name it', async () => {
    const { held } = await onePartition(metadata);
    const range = metadata.log.range(held.topicId, partitionIndex(1), soon());
    await expect(range).rejects.toMatchObject({ kind: 'notFound', reason: 'PARTITION_MISSING' });
  });

  test('a producer id is given once', async () => {
    const ids = await Promise.all(
      Array.from({ length: 50 }, () => metadata.log.allocateProducerId(soon())),
    );
    expect(new Set(ids).size).toBe(50);
  });
});
