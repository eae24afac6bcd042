import { offset, type TopicId } from '@streamhouse/core/ids.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperatorEpoch } from '../operator.ts';
import type { OperatorMetadata } from '../port.ts';
import { createTestDatabase, type TestDatabase } from './database.test-support.ts';
import {
  producerAt,
  registerAgent,
  requestFor,
  runFor,
  SETTINGS,
  soon,
} from './log.test-support.ts';
import { claimOne, DAY_MS, topicOf, wishFor } from './operator.test-support.ts';

let database: TestDatabase;
let metadata: OperatorMetadata;
let term: OperatorEpoch;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
  term = await metadata.operator.lead('one', soon());
});

afterAll(() => database[Symbol.asyncDispose]());

const TABLES = ['topics', 'partitions', 'batches', 'producer_state'];

async function rowsOf(id: TopicId): Promise<number> {
  let count = 0;
  for (const table of TABLES) {
    count += (await database.sql(`SELECT FROM ${table} WHERE topic_id = $1`, [id])).length;
  }
  return count;
}

/** A topic of a new resource, with two partitions. */
async function made(name: string): Promise<{ readonly id: TopicId; readonly uid: string }> {
  const wish = wishFor(name);
  const id = topicOf(await claimOne(metadata, term, wish)).topicId;
  return { id, uid: wish.owner.uid };
}

/** Purges step by step until nothing is left. Resolves the topics that went. */
async function purgeAll(limit: number): Promise<TopicId[]> {
  const purged: TopicId[] = [];
  for (;;) {
    const step = await metadata.operator.purge(term, limit, soon());
    if (step.purged !== undefined) purged.push(step.purged);
    if (!step.hasMore) return purged;
  }
}

/** One agent writes `count` objects, each with ten records for every one of the partitions. */
async function write(ids: readonly TopicId[], count: number): Promise<string[]> {
  const me = await registerAgent(metadata);
  const free = await metadata.leases.all(soon());
  const wanted = free.filter((lease) => ids.includes(lease.topicId));
  const held = await metadata.leases.takeover(me, wanted, soon());
  const keys: string[] = [];
  for (let round = 0; round < count; round++) {
    const runs = held.map((one) => {
      const baseOffset = offset(one.nextOffset + round * 10);
      return runFor(one, { baseOffset, producers: [producerAt(one.partition + 1, baseOffset)] });
    });
    const request = requestFor(me, runs);
    const { accepted } = await metadata.log.publish(request, soon());
    expect(accepted).toHaveLength(runs.length);
    keys.push(request.objectKey);
  }
  await metadata.agents.fence(me, undefined, soon());
  return keys;
}

test('a topic past its grace goes in bounded steps, also when every step is interrupted', async () => {
  const doomed = await made('doomed');
  const kept = await made('kept');
  const shared = await write([doomed.id, kept.id], 2);
  const alone = await write([doomed.id], 3);
  await metadata.operator.softDelete(term, doomed.id, doomed.uid, 0, soon());
  const before = await rowsOf(kept.id);
  // 2 partitions with 5 runs and a producer each, and the topic itself.
  expect(await rowsOf(doomed.id)).toBe(2 + 10 + 2 + 1);

  const client = await database.connect();
  for (let left = 15; left > 0; ) {
    // Dies before its commit, then its successor starts over.
    await client.query('BEGIN');
    await client.query('SELECT FROM purge_topic($1, 4)', [term]);
    await client.query('ROLLBACK');
    expect(await rowsOf(doomed.id)).toBe(left);
    const successor = await database.open();
    term = await successor.operator.lead('next', soon());
    const step = await successor.operator.purge(term, 4, soon());
    expect(step.rows).toBeGreaterThan(0);
    expect(step.rows).toBeLessThanOrEqual(4);
    left -= step.rows;
    expect(await rowsOf(doomed.id)).toBe(left);
    expect(step).toMatchObject({
      hasMore: left > 0,
      purged: left > 0 ? undefined : doomed.id,
    });
  }
  expect(await rowsOf(kept.id)).toBe(before);
  const garbage = await metadata.operator.garbage(0, 100, soon());
  expect(garbage.toSorted()).toEqual(alone.toSorted());
  const refs = await database.sql<{ refs: number }>(
    'SELECT refs FROM objects WHERE object_key = ANY ($1)',
    [shared],
  );
  expect(refs.map((row) => row.refs)).toEqual([2, 2]);
  await metadata.operator.forget(term, garbage, soon());
});

test('nothing goes before its grace is over, which is a day for what a call has deleted', async () => {
  const { id, uid } = await made('in-grace');
  const byApi = await metadata.topics.create('by-api', 1, SETTINGS, soon());
  await metadata.topics.delete(byApi.topicId, soon());
  await metadata.operator.softDelete(term, id, uid, DAY_MS, soon());
  const rows = [await rowsOf(id), await rowsOf(byApi.topicId)];
  const step = await metadata.operator.purge(term, 100, soon());
  expect(step).toEqual({ rows: 0, purged: undefined, hasMore: false });
  expect([await rowsOf(id), await rowsOf(byApi.topicId)]).toEqual(rows);
  await database.sql(
    `UPDATE topics SET purge_after = purge_after - interval '24 hours' WHERE topic_id = $1`,
    [byApi.topicId],
  );
  expect(await purgeAll(100)).toEqual([byApi.topicId]);
  expect(await rowsOf(byApi.topicId)).toBe(0);
  expect(await rowsOf(id)).toBe(rows[0]);
});

test('what is half gone is never restored, not even when the clock is set back', async () => {
  const { id, uid } = await made('half-gone');
  await write([id], 2);
  await metadata.operator.softDelete(term, id, uid, 0, soon());
  await metadata.operator.purge(term, 1, soon());
  await database.sql(
    `UPDATE topics SET purge_after = now() + interval '1 day' WHERE topic_id = $1`,
    [id],
  );
  const { owner } = wishFor('half-gone');
  const wish = wishFor('half-gone', { owner: { ...owner, uid } });
  const outcome = await claimOne(metadata, term, wish);
  expect(outcome.kind).toBe('created');
  expect(topicOf(outcome).topicId).not.toBe(id);
  expect(await metadata.operator.softDelete(term, id, uid, DAY_MS, soon())).toBe('absent');
});

test('many topics go one after the other, and nobody else notices', async () => {
  const topics = [await made('m-1'), await made('m-2'), await made('m-3')];
  for (const { id, uid } of topics) {
    await metadata.operator.softDelete(term, id, uid, 0, soon());
  }
  expect(await purgeAll(2)).toEqual(topics.map(({ id }) => id));
  // A name that was purged is new again.
  expect((await claimOne(metadata, term, wishFor('m-1'))).kind).toBe('created');
});

test('partitions go in bounded steps as well', async () => {
  const wish = wishFor('wide', { partitions: 7 });
  const id = topicOf(await claimOne(metadata, term, wish)).topicId;
  await metadata.operator.softDelete(term, id, wish.owner.uid, 0, soon());
  for (const left of [5, 2, 0]) {
    const step = await metadata.operator.purge(term, 3, soon());
    expect(step).toMatchObject({ rows: left === 0 ? 2 : 3, hasMore: left > 0 });
    expect(await rowsOf(id)).toBe(left);
  }
});

test('I-30: garbage is told after its grace, and again until it is forgotten', async () => {
  const { id, uid } = await made('garbage');
  const keys = await write([id], 3);
  const inUse = await write([(await made('used')).id], 1);
  await metadata.operator.softDelete(term, id, uid, 0, soon());
  await purgeAll(100);
  const { operator } = metadata;
  expect(await operator.garbage(DAY_MS, 100, soon())).toEqual([]);
  expect(await operator.garbage(0, 2, soon())).toHaveLength(2);
  expect((await operator.garbage(0, 100, soon())).toSorted()).toEqual(keys.toSorted());
  expect(await operator.forget(term, [...keys.slice(1), ...inUse], soon())).toBe(2);
  expect(await operator.garbage(0, 100, soon())).toEqual([keys[0]]);
  expect(await operator.forget(term, keys, soon())).toBe(1);
  expect(await operator.forget(term, keys, soon())).toBe(0);
  expect(await operator.garbage(0, 100, soon())).toEqual([]);
  // Whatever is said about it: what somebody refers to stays.
  const mark = 'UPDATE objects SET unreferenced_at = $2 WHERE object_key = ANY ($1)';
  await database.sql(mark, [inUse, new Date(0)]);
  expect(await operator.forget(term, inUse, soon())).toBe(0);
  await database.sql(mark, [inUse, null]);
  const objects = 'SELECT FROM objects WHERE object_key = ANY ($1)';
  expect(await database.sql(objects, [inUse])).toHaveLength(1);
});

test('I-09: an object whose runs were all refused answers again and is no garbage', async () => {
  const { id, uid } = await made('refused');
  const me = await registerAgent(metadata);
  const free = (await metadata.leases.all(soon())).filter((lease) => lease.topicId === id);
  const [held] = await metadata.leases.takeover(me, free, soon());
  await metadata.operator.softDelete(term, id, uid, 0, soon());
  const request = requestFor(me, [runFor(held!)]);
  expect(await metadata.log.publish(request, soon())).toEqual({ accepted: [] });
  await purgeAll(100);
  expect(await metadata.operator.garbage(0, 100, soon())).toEqual([]);
  expect(await metadata.operator.forget(term, [request.objectKey], soon())).toBe(0);
  expect(await metadata.log.publish(request, soon())).toEqual({ accepted: [] });
});
