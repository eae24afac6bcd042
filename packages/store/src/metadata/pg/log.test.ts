import { epoch, offset } from '@streamhouse/core/ids.ts';
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
  onePartition,
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
