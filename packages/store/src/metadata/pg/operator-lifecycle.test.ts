import { type Offset, type TopicId } from '@streamhouse/core/ids.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Change } from '../changes.ts';
import type { OperatorEpoch, TopicWish } from '../operator.ts';
import type { OperatorMetadata } from '../port.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from './database.test-support.ts';
import { registerAgent, requestFor, runFor, SETTINGS, soon } from './log.test-support.ts';
import { claimOne, DAY_MS, failureOf, topicOf, wishFor } from './operator.test-support.ts';

let database: TestDatabase;
let metadata: OperatorMetadata;
let term: OperatorEpoch;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
  term = await metadata.operator.lead('one', soon());
});

afterAll(() => database[Symbol.asyncDispose]());

const claim = (wish: TopicWish) => claimOne(metadata, term, wish);
const release = (id: TopicId, wish: TopicWish) =>
  metadata.operator.release(term, id, wish.owner.uid, soon());
const softDelete = (id: TopicId, wish: TopicWish, graceMs = DAY_MS) =>
  metadata.operator.softDelete(term, id, wish.owner.uid, graceMs, soon());

async function claimed(wish: TopicWish): Promise<TopicId> {
  return topicOf(await claim(wish)).topicId;
}

/** A new agent that holds the partitions of a topic and has written ten records to the first one. */
async function writeTo(id: TopicId): Promise<void> {
  const me = await registerAgent(metadata);
  const all = await metadata.leases.all(soon());
  const wanted = all.filter((lease) => lease.topicId === id);
  const [first] = await metadata.leases.takeover(me, wanted, soon());
  const { accepted } = await metadata.log.publish(requestFor(me, [runFor(first!)]), soon());
  expect(accepted).toEqual([0]);
}

async function offsetsOf(id: TopicId): Promise<number[]> {
  const runs = await metadata.log.runs(id, 0 as never, 0 as Offset, 10, soon());
  return runs.map((run) => run.lastOffset);
}

async function snapshotOf(id: TopicId) {
  const owned = await metadata.operator.snapshot(soon());
  return owned.find((topic) => topic.topicId === id);
}

describe('a term', () => {
  test('ends every earlier one: none of their writes does anything', async () => {
    await using own = await createTestDatabase();
    const store = await own.open();
    const { operator, topics, agents } = store;
    const agent = await registerAgent(store);
    const old = await operator.lead('old', soon());
    const wish = wishFor('kept');
    const [outcome] = await operator.claim(old, [wish], soon());
    const { topicId } = topicOf(outcome!);
    await own.sql('INSERT INTO objects VALUES ($1, 1, 1, 0, $2, now(), now())', ['k', '{}']);
    const next = await operator.lead('next', soon());
    expect(next).toBeGreaterThan(old);
    const writes = [
      () => operator.claim(old, [wishFor('late')], soon()),
      () => operator.release(old, topicId, wish.owner.uid, soon()),
      () => operator.softDelete(old, topicId, wish.owner.uid, 0, soon()),
      () => operator.purge(old, 10, soon()),
      () => operator.forget(old, ['k'], soon()),
      () => operator.drainAgent(old, agent, soon()),
      () => operator.fenceAgent(old, agent, soon()),
    ];
    for (const write of writes) {
      const error = await failureOf(write());
      expect(error).toMatchObject({ kind: 'fenced', reason: 'OPERATOR_FENCED' });
    }
    expect((await topics.list(soon())).map((topic) => topic.name)).toEqual(['kept']);
    expect(await operator.garbage(0, 10, soon())).toEqual(['k']);
    expect(await agents.live(soon())).toMatchObject([{ incarnation: agent, isDraining: false }]);
    expect(await operator.release(next, topicId, wish.owner.uid, soon())).toBe(true);
  });

  test('begins once the writes of the one before it are done', async () => {
    await using own = await createTestDatabase();
    const { operator } = await own.open();
    const old = await operator.lead('old', soon());
    const client = await own.connect();
    await client.query('BEGIN');
    await client.query('SELECT FROM claim_topics($1, $2, 100)', [
      old,
      JSON.stringify([wishFor('in-flight')]),
    ]);
    let isOver = false;
    const leading = operator.lead('next', soon()).then(() => (isOver = true));
    await untilBlocked(own, 1);
    expect(isOver).toBe(false);
    await client.query('COMMIT');
    await leading;
    expect(await operator.snapshot(soon())).toMatchObject([{ name: 'in-flight' }]);
  });

  test('that begins while a write of the one before it waits refuses that write', async () => {
    await using own = await createTestDatabase();
    const { operator } = await own.open();
    const old = await operator.lead('old', soon());
    const client = await own.connect();
    await client.query('BEGIN');
    await client.query('UPDATE operator_leader SET epoch = epoch + 1');
    const failing = failureOf(operator.claim(old, [wishFor('late')], soon()));
    await untilBlocked(own, 1);
    await client.query('COMMIT');
    expect(await failing).toMatchObject({ kind: 'fenced', reason: 'OPERATOR_FENCED' });
    expect(await operator.snapshot(soon())).toEqual([]);
  });

  test('is one of two that lead at once', async () => {
    await using own = await createTestDatabase();
    const { operator } = await own.open();
    const terms = await Promise.all([1, 2, 3].map((id) => operator.lead(`${id}`, soon())));
    expect(new Set(terms).size).toBe(3);
    for (const each of terms) {
      const claiming = operator.claim(each, [wishFor(`by-${each}`)], soon());
      if (each === Math.max(...terms)) await claiming;
      else expect(await failureOf(claiming)).toMatchObject({ kind: 'fenced' });
    }
  });
});

describe('an agent', () => {
  test('is drained, then fenced, by the operator of the newest term', async () => {
    const { operator, agents } = metadata;
    const agent = await registerAgent(metadata);
    const sessionOf = async () =>
      (await agents.live(soon())).find(({ incarnation }) => incarnation === agent);
    await operator.drainAgent(term, agent, soon());
    await operator.drainAgent(term, agent, soon());
    expect(await sessionOf()).toMatchObject({ isDraining: true });
    expect(await operator.fenceAgent(term, agent, soon())).toBe(true);
    expect(await operator.fenceAgent(term, agent, soon())).toBe(false);
    expect(await sessionOf()).toBeUndefined();
  });
});

describe('release', () => {
  test('gives the topic to the API as it is', async () => {
    const wish = wishFor('released');
    const id = await claimed(wish);
    const before = await metadata.topics.byName('released', soon());
    expect(await release(id, wish)).toBe(true);
    const after = await metadata.topics.byName('released', soon());
    expect(after).toEqual({ ...before, owner: { kind: 'api' } });
    expect(await snapshotOf(id)).toBeUndefined();
    expect(await release(id, wish)).toBe(false);
    await metadata.topics.delete(id, soon());
  });

  test('of a topic of another resource does nothing', async () => {
    const wish = wishFor('not-released');
    const id = await claimed(wish);
    expect(await release(id, wishFor('not-released'))).toBe(false);
    expect(await snapshotOf(id)).toMatchObject({ owner: wish.owner });
  });

  test('is for owners that are gone: those that are listed, without the ones kept for a grace', async () => {
    const [live, deleted, outside] = [
      wishFor('o-live'),
      wishFor('o-deleted'),
      wishFor('o-outside'),
    ];
    const ids = [await claimed(live), await claimed(deleted), await claimed(outside)] as const;
    await softDelete(ids[1], deleted);
    await database.sql('UPDATE topics SET deleted_at = now() WHERE topic_id = $1', [ids[2]]);
    const owners = await metadata.operator.owners(soon());
    const mine = owners.filter(({ topicId }) => ids.includes(topicId));
    const expected = [
      { topicId: ids[0], owner: live.owner },
      { topicId: ids[2], owner: outside.owner },
    ];
    expect(mine).toEqual(expected.toSorted((a, b) => (a.topicId < b.topicId ? -1 : 1)));
    expect(await release(ids[1], deleted)).toBe(false);
    expect(await release(ids[2], outside)).toBe(true);
    expect((await claim(deleted)).kind).toBe('restored');
  });
});

describe('a topic that is deleted', () => {
  test('I-05, I-28: comes back with its id, its records and higher epochs', async () => {
    const wish = wishFor('returns', { partitions: 2 });
    const id = await claimed(wish);
    await writeTo(id);
    const epochs = async () =>
      (await metadata.leases.all(soon())).filter((one) => one.topicId === id);
    const before = await epochs();
    expect(await softDelete(id, wish)).toBe('deleted');
    expect(await metadata.topics.byName('returns', soon())).toBeUndefined();
    expect(await epochs()).toEqual([]);
    const settings = { ...SETTINGS, retentionMs: 5 };
    const outcome = await claim({ ...wish, partitions: 3, settings, topicId: id });
    const changed = ['partitions', 'retentionMs'];
    expect(outcome).toEqual({ kind: 'restored', topic: { topicId: id, partitions: 3 }, changed });
    expect(await snapshotOf(id)).toMatchObject({ deletion: undefined, ...settings });
    expect(await offsetsOf(id)).toEqual([9]);
    expect(await metadata.log.range(id, 0 as never, soon())).toMatchObject({ nextOffset: 10 });
    const after = await epochs();
    expect(after).toHaveLength(3);
    expect(after.every((one) => one.holder === undefined)).toBe(true);
    expect(after[0]!.epoch).toBeGreaterThan(before[0]!.epoch);
    await writeTo(id);
    expect(await offsetsOf(id)).toEqual([9, 19]);
  });

  test('is restored for a resource made again under its name, and for no other', async () => {
    const wish = wishFor('again');
    const id = await claimed(wish);
    await softDelete(id, wish);
    const again = wishFor('again', { partitions: 1, adoption: 'fail' });
    expect((await claim({ ...again, topicName: 'elsewhere' })).kind).toBe('created');
    const made = wishFor('again', { partitions: 1, adoption: 'fail' });
    const topic = { topicId: id, partitions: 2 };
    expect(await claim(made)).toEqual({ kind: 'restored', topic, changed: [] });
    expect(await snapshotOf(id)).toMatchObject({ owner: made.owner });
    // What the first one may still ask for is not its to ask any more.
    expect(await softDelete(id, wish)).toBe('notOwned');
    expect(await release(id, wish)).toBe(false);
    expect(await snapshotOf(id)).toMatchObject({ owner: made.owner, deletion: undefined });
  });

  test('is not restored while its name is taken, then it is', async () => {
    const wish = wishFor('con.tested');
    const id = await claimed(wish);
    await softDelete(id, wish);
    const other = await metadata.topics.create('con_tested', 1, SETTINGS, soon());
    const bound = { ...wish, topicId: id };
    const conflict = { kind: 'nameConflict', name: 'con_tested', owner: undefined };
    expect(await claim(bound)).toEqual(conflict);
    await metadata.topics.delete(other.topicId, soon());
    expect(await claim(bound)).toMatchObject({ kind: 'restored', topic: { topicId: id } });
  });

  test('is lost once its grace is over, and not made again unasked', async () => {
    const wish = wishFor('too-late');
    const id = await claimed(wish);
    await softDelete(id, wish, 0);
    expect(await snapshotOf(id)).toBeUndefined();
    expect(await claim({ ...wish, topicId: id })).toEqual({ kind: 'dataLost' });
    const recreated = await claim({ ...wish, topicId: id, recreate: true });
    expect(recreated.kind).toBe('created');
    expect(topicOf(recreated).topicId).not.toBe(id);
  });

  test('is not given in place of a later one of its name', async () => {
    const wish = wishFor('in-place');
    const first = await claimed(wish);
    await softDelete(first, wish);
    await metadata.topics.create('in-place', 1, SETTINGS, soon());
    const second = await claimed(wish);
    expect(second).not.toBe(first);
    await softDelete(second, wish, 0);
    expect(await claim({ ...wish, topicId: second })).toEqual({ kind: 'dataLost' });
  });

  test('is deleted once: the first grace counts, and what is not there or not owned is told', async () => {
    const wish = wishFor('once');
    const id = await claimed(wish);
    expect(await softDelete(id, wishFor('once'))).toBe('notOwned');
    expect(await softDelete(id, wish)).toBe('deleted');
    const first = await snapshotOf(id);
    expect(first?.deletion?.purgeAfterMs).toBe(first!.deletion!.deletedAtMs + DAY_MS);
    expect(await softDelete(id, wish, 0)).toBe('deleted');
    expect(await snapshotOf(id)).toEqual(first);
    await database.sql('DELETE FROM partitions WHERE topic_id = $1', [id]);
    await database.sql('DELETE FROM topics WHERE topic_id = $1', [id]);
    expect(await softDelete(id, wish)).toBe('absent');
  });

  test('by hand is restored at the next claim, without a grace that anybody named', async () => {
    const wish = wishFor('by-hand');
    const id = await claimed(wish);
    await writeTo(id);
    await database.sql('UPDATE topics SET deleted_at = now() WHERE topic_id = $1', [id]);
    expect((await snapshotOf(id))?.deletion).toMatchObject({ purgeAfterMs: undefined });
    expect(await claim({ ...wish, topicId: id })).toMatchObject({ kind: 'restored' });
    expect(await offsetsOf(id)).toEqual([9]);
  });

  test('takes no partitions of the cluster until it is back', async () => {
    await using own = await createTestDatabase();
    const { operator } = await own.open();
    const epoch = await operator.lead('one', soon());
    const wish = wishFor('counts', { partitions: 60 });
    const text = 'SELECT kind FROM claim_topics($1, $2, 100)';
    const claimWith = async (each: TopicWish) =>
      (await own.sql<{ kind: string }>(text, [epoch, JSON.stringify([each])]))[0]!.kind;
    await claimWith(wish);
    const [owned] = await operator.snapshot(soon());
    await operator.softDelete(epoch, owned!.topicId, wish.owner.uid, DAY_MS, soon());
    const other = wishFor('other', { partitions: 50 });
    expect(await claimWith(other)).toBe('created');
    expect(await claimWith(wish)).toBe('partitionsLimit');
    const [kept] = (await operator.snapshot(soon())).filter((topic) => topic.name === 'other');
    await operator.softDelete(epoch, kept!.topicId, other.owner.uid, DAY_MS, soon());
    expect(await claimWith(wish)).toBe('restored');
  });
});

test('the snapshot has what a resync compares', async () => {
  const settings = { ...SETTINGS, retentionMs: 5, retentionBytes: 6, config: { a: 'b' } };
  const wish = wishFor('compared', { settings, specHash: 'abc' });
  const id = await claimed(wish);
  await metadata.topics.create('not-owned', 1, SETTINGS, soon());
  expect(await snapshotOf(id)).toEqual({
    topicId: id,
    name: 'compared',
    partitions: 2,
    ...settings,
    owner: wish.owner,
    specHash: 'abc',
    deletion: undefined,
    createdAtMs: expect.any(Number),
  });
  const all = await metadata.operator.snapshot(soon());
  expect(all.map((topic) => topic.name)).not.toContain('not-owned');
  expect(all.map((topic) => topic.topicId)).toEqual(all.map((topic) => topic.topicId).toSorted());
});

test('a change of a topic is told, whoever makes it', async () => {
  const told: Change[] = [];
  const stop = new AbortController();
  const wish = wishFor('told');
  await metadata.changes.listen((change) => told.push(change), stop.signal);
  const next = async (count: number): Promise<Change[]> => {
    await expect.poll(() => told.length).toBe(count);
    return told.splice(0).toSorted();
  };
  const id = await claimed(wish);
  expect(await next(1)).toEqual(['topics']);
  await database.sql('UPDATE topics SET retention_ms = 1 WHERE topic_id = $1', [id]);
  expect(await next(1)).toEqual(['topics']);
  await softDelete(id, wish);
  expect(await next(2)).toEqual(['leases', 'topics']);
  await claim(wish);
  expect(await next(2)).toEqual(['leases', 'topics']);
  await release(id, wish);
  expect(await next(1)).toEqual(['topics']);
  await database.sql('DELETE FROM partitions WHERE topic_id = $1', [id]);
  await database.sql('DELETE FROM topics WHERE topic_id = $1', [id]);
  expect(await next(1)).toEqual(['topics']);
  stop.abort();
});
