import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Metadata } from '../port.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from './database.test-support.ts';
import {
  holdTopic,
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

describe('takeover', () => {
  test('skips a row that somebody else is taking instead of waiting', async () => {
    const { me, held } = await holdTopic(metadata, 2);
    await metadata.agents.fence(me, undefined, soon());
    const client = await database.connect();
    await client.query('BEGIN');
    await client.query('SELECT FROM partitions WHERE topic_id = $1 AND part = 0 FOR UPDATE', [
      held[0]!.topicId,
    ]);
    const taken = await metadata.leases.takeover(await registerAgent(metadata), held, soon());
    await client.query('ROLLBACK');
    expect(taken.map((one) => one.partition)).toEqual([1]);
  });

  test('I-12: returns what was published until the moment of the takeover', async () => {
    const { me, held } = await holdTopic(metadata, 1);
    const taker = await registerAgent(metadata);
    const client = await database.connect();
    await client.query('BEGIN');
    await client.query('SELECT FROM agent_sessions WHERE incarnation = $1 FOR UPDATE', [taker]);
    const taking = metadata.leases.takeover(taker, held, soon());
    await untilBlocked(database, 1);
    const run = runFor(held[0]!, { producers: [producerAt(4, 0)] });
    await metadata.log.publish(requestFor(me, [run]), soon());
    await metadata.leases.release(me, [{ ...held[0]!, heir: undefined }], soon());
    await client.query('ROLLBACK');
    expect(await taking).toEqual([
      {
        ...held[0]!,
        epoch: held[0]!.epoch + 2,
        nextOffset: 10,
        producers: [producerAt(4, 0)],
      },
    ]);
  });

  test('takes nothing of a topic whose deletion commits first', async () => {
    const { me, topicId, held } = await holdTopic(metadata, 1);
    await metadata.leases.release(me, [{ ...held[0]!, heir: undefined }], soon());
    const client = await database.connect();
    await client.query('BEGIN');
    await client.query('SELECT delete_topic($1)', [topicId]);
    const taking = metadata.leases.takeover(me, held, soon());
    await untilBlocked(database, 1);
    await client.query('COMMIT');
    expect(await taking).toEqual([]);
  });
});

describe('release', () => {
  test('to a fenced heir gives the partition to nobody', async () => {
    const { me, held } = await holdTopic(metadata, 1);
    const heir = await registerAgent(metadata);
    await metadata.agents.fence(heir, undefined, soon());
    expect(await metadata.leases.release(me, [{ ...held[0]!, heir }], soon())).toBe(1);
    const rows = await database.sql(
      'SELECT holder_incarnation FROM partitions WHERE topic_id = $1',
      [held[0]!.topicId],
    );
    expect(rows).toEqual([{ holder_incarnation: null }]);
  });
});

test('I-05: a deletion raises the epoch', async () => {
  const { topicId, held } = await holdTopic(metadata, 1);
  await metadata.topics.delete(topicId, soon());
  const rows = await database.sql<{ epoch: string }>(
    'SELECT epoch FROM partitions WHERE topic_id = $1',
    [topicId],
  );
  expect(rows.map((row) => Number(row.epoch))).toEqual([held[0]!.epoch + 1]);
});
