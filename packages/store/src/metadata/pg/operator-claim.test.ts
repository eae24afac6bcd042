import { LIMITS } from '@streamhouse/core/limits.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorEpoch, TopicWish } from '../operator.ts';
import type { OperatorMetadata } from '../port.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from './database.test-support.ts';
import { SETTINGS, soon } from './log.test-support.ts';
import {
  claimOne,
  DAY_MS,
  failureOf,
  resource,
  topicOf,
  wishFor,
} from './operator.test-support.ts';

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
const byName = async (name: string) => (await metadata.topics.byName(name, soon()))!;
const partitionsOf = async (name: string) =>
  metadata.topics.partitions((await byName(name)).topicId, soon());
const HOUR: TopicWish['settings'] = { ...SETTINGS, retentionMs: 3_600_000 };

describe('a name that is free', () => {
  test('becomes a topic of the resource', async () => {
    const settings = { ...HOUR, retentionBytes: 5, config: { maxRecordBytes: '1000' } };
    const wish = wishFor('made', { partitions: 3, settings });
    const outcome = await claim(wish);
    const topic = await byName('made');
    expect(outcome).toEqual({ kind: 'created', topic: { topicId: topic.topicId, partitions: 3 } });
    expect(topic).toMatchObject({ ...settings, partitions: 3, owner: wish.owner });
    expect(await partitionsOf('made')).toHaveLength(3);
  });

  test('stays free when the resource had a topic whose records are gone, until it says otherwise', async () => {
    const topicId = topicOf(await claim(wishFor('gone'))).topicId;
    await database.sql('DELETE FROM partitions WHERE topic_id = $1', [topicId]);
    await database.sql('DELETE FROM topics WHERE topic_id = $1', [topicId]);
    const wish = wishFor('gone', { topicId });
    expect(await claim(wish)).toEqual({ kind: 'dataLost' });
    expect(await metadata.topics.byName('gone', soon())).toBeUndefined();
    const again = await claim({ ...wish, recreate: true });
    expect(again.kind).toBe('created');
    expect(topicOf(again).topicId).not.toBe(topicId);
  });
});

describe("the resource's own topic", () => {
  test('follows its spec', async () => {
    const wish = wishFor('follows');
    const { topicId } = topicOf(await claim(wish));
    const settings = { ...HOUR, retentionBytes: 7, pool: 'big', config: { a: 'b' } };
    const next = { ...wish, partitions: 4, settings, specHash: 'second' };
    expect(await claim(next)).toEqual({
      kind: 'updated',
      topic: { topicId, partitions: 4 },
      changed: ['partitions', 'pool', 'retentionMs', 'retentionBytes', 'config'],
      isDrift: false,
    });
    expect(await byName('follows')).toMatchObject({ ...settings, partitions: 4 });
    expect(await partitionsOf('follows')).toHaveLength(4);
    const memory = { ...settings, durability: 'memory' as const };
    expect(await claim({ ...next, settings: memory })).toMatchObject({ changed: ['durability'] });
  });

  test('is not written when it is as the spec says', async () => {
    const wish = wishFor('same', { settings: { ...SETTINGS, config: { b: '2', a: '1' } } });
    const { topic } = (await claim(wish)) as { topic: unknown };
    const version = () => database.sql(`SELECT xmin::text FROM topics WHERE name = 'same'`);
    const before = await version();
    const settings = { ...SETTINGS, config: { a: '1', b: '2' } };
    expect(await claim({ ...wish, settings })).toEqual({ kind: 'unchanged', topic });
    expect(await version()).toEqual(before);
    // A spec that says the same in other words is remembered, or its drift would pass for a new spec.
    expect(await claim({ ...wish, specHash: 'other' })).toEqual({ kind: 'unchanged', topic });
    const snapshot = await metadata.operator.snapshot(soon());
    expect(snapshot.find((owned) => owned.name === 'same')?.specHash).toBe('other');
  });

  test('that somebody changed in Postgres is put right', async () => {
    const wish = wishFor('drifts', { settings: HOUR });
    const { topic } = (await claim(wish)) as { topic: unknown };
    await database.sql(`UPDATE topics SET retention_ms = 1, pool = 'x' WHERE name = 'drifts'`);
    const changed = ['pool', 'retentionMs'];
    expect(await claim(wish)).toEqual({ kind: 'updated', topic, changed, isDrift: true });
    expect(await byName('drifts')).toMatchObject(HOUR);
  });

  test('that somebody changed is left when the resource asks for a report, until the spec changes', async () => {
    const wish = wishFor('reports', { drift: 'report' });
    const { topic } = (await claim(wish)) as { topic: unknown };
    await database.sql(`UPDATE topics SET retention_ms = 1 WHERE name = 'reports'`);
    const differs = ['retentionMs'];
    expect(await claim(wish)).toEqual({ kind: 'drifted', topic, differs });
    expect(await byName('reports')).toMatchObject({ retentionMs: 1 });
    const outcome = await claim({ ...wish, specHash: 'second' });
    expect(outcome).toEqual({ kind: 'updated', topic, changed: differs, isDrift: false });
  });

  test('I-29: never shrinks, and its real count is told', async () => {
    const wish = wishFor('ahead', { partitions: 5 });
    const { topicId } = topicOf(await claim(wish));
    const fewer = { ...wish, partitions: 3, settings: HOUR, specHash: 'second' };
    const topic = { topicId, partitions: 5 };
    expect(await claim(fewer)).toMatchObject({ kind: 'updated', topic, changed: ['retentionMs'] });
    expect(await claim(fewer)).toEqual({ kind: 'unchanged', topic });
    expect(await partitionsOf('ahead')).toHaveLength(5);
  });

  test('I-29: gets partitions back that somebody counted away', async () => {
    const wish = wishFor('counted', { partitions: 3 });
    await claim(wish);
    await database.sql(`UPDATE topics SET partitions = 1 WHERE name = 'counted'`);
    expect(await claim(wish)).toMatchObject({ changed: ['partitions'], isDrift: true });
    expect(await partitionsOf('counted')).toHaveLength(3);
  });

  test('keeps its name', async () => {
    const wish = wishFor('first-name');
    const topic = topicOf(await claim(wish));
    const outcome = await claim({ ...wish, topicName: 'second-name' });
    expect(outcome).toEqual({ kind: 'renameRefused', topic, name: 'first-name' });
    expect(await metadata.topics.byName('second-name', soon())).toBeUndefined();
  });
});

describe('a topic that no resource manages', () => {
  test('is adopted with its records, and has the settings of the spec then', async () => {
    const { topicId } = await metadata.topics.create('adopted', 2, SETTINGS, soon());
    const wish = wishFor('adopted', { partitions: 3, settings: HOUR });
    const topic = { topicId, partitions: 3 };
    const changed = ['partitions', 'retentionMs'];
    expect(await claim(wish)).toEqual({ kind: 'adopted', topic, changed });
    expect(await byName('adopted')).toMatchObject({ ...HOUR, owner: wish.owner });
  });

  test('is left alone when the resource does not adopt', async () => {
    const before = await metadata.topics.create('left', 2, SETTINGS, soon());
    const outcome = await claim(wishFor('left', { adoption: 'fail', settings: HOUR }));
    expect(outcome).toEqual({ kind: 'nameConflict', name: 'left', owner: undefined });
    expect(await byName('left')).toEqual(before);
  });

  test('is left alone when it has more partitions than the spec', async () => {
    const before = await metadata.topics.create('wide', 3, SETTINGS, soon());
    const outcome = await claim(wishFor('wide', { settings: HOUR }));
    const topic = { topicId: before.topicId, partitions: 3 };
    expect(outcome).toEqual({ kind: 'adoptionConflict', topic });
    expect(await byName('wide')).toEqual(before);
  });

  test('is taken back by the resource that had it, whatever its policy', async () => {
    const wish = wishFor('former', { partitions: 3, adoption: 'fail' });
    const { topicId } = topicOf(await claim(wish));
    await metadata.operator.release(term, topicId, wish.owner.uid, soon());
    const back = await claim({ ...wish, topicId, partitions: 2 });
    expect(back).toEqual({ kind: 'adopted', topic: { topicId, partitions: 3 }, changed: [] });
  });

  test('is not given to a resource in place of another that it had, until it says otherwise', async () => {
    const wish = wishFor('replaced');
    const { topicId } = topicOf(await claim(wish));
    await metadata.operator.release(term, topicId, wish.owner.uid, soon());
    await metadata.topics.delete(topicId, soon());
    const other = await metadata.topics.create('replaced', 1, SETTINGS, soon());
    const bound = { ...wish, topicId };
    expect(await claim(bound)).toMatchObject({ kind: 'nameConflict', owner: undefined });
    const outcome = await claim({ ...bound, recreate: true });
    expect(outcome).toMatchObject({ kind: 'adopted', topic: { topicId: other.topicId } });
  });
});

describe('a name that is taken', () => {
  test('by another resource is refused and told whose it is', async () => {
    const wish = wishFor('taken');
    await claim(wish);
    const before = await byName('taken');
    const outcome = await claim(wishFor('taken', { settings: HOUR, partitions: 9 }));
    expect(outcome).toEqual({ kind: 'nameConflict', name: 'taken', owner: wish.owner });
    expect(await byName('taken')).toEqual(before);
  });

  test('B-01: by one that differs only by . and _ is refused', async () => {
    await metadata.topics.create('a.b_c', 1, SETTINGS, soon());
    const outcome = await claim(wishFor('a_b.c'));
    expect(outcome).toEqual({ kind: 'nameConflict', name: 'a.b_c', owner: undefined });
  });

  test('is free for others once its owner gives it up', async () => {
    const wish = wishFor('freed');
    const { topicId } = topicOf(await claim(wish));
    await metadata.operator.softDelete(term, topicId, wish.owner.uid, DAY_MS, soon());
    const outcome = await claim(wishFor('freed', { owner: resource('other') }));
    expect(outcome.kind).toBe('created');
    expect(topicOf(outcome).topicId).not.toBe(topicId);
    expect(await claim(wish)).toMatchObject({ kind: 'nameConflict', owner: { name: 'other' } });
  });
});

/** Entries that were read from the indexes of topics; `areTold` once the server has counted the lookups. */
async function lookups(own: TestDatabase): Promise<{ areTold: boolean; read: number }> {
  const [row] = await own.sql<{ scans: string; read: string }>(`
    SELECT sum(idx_scan) AS scans, sum(idx_tup_read) AS read FROM pg_stat_user_indexes
    WHERE relname = 'topics'`);
  return { areTold: Number(row!.scans) > 4_000, read: Number(row!.read) };
}

describe('many wishes at once', () => {
  test('1,000 topics are two transactions, and none when they are there', async () => {
    await using own = await createTestDatabase();
    const { operator, changes } = await own.open();
    const epoch = await operator.lead('one', soon());
    const wishes = Array.from({ length: 1_000 }, (_, index) => wishFor(`many-${index}`));
    const claimAll = async () => [
      ...(await operator.claim(epoch, wishes.slice(0, 500), soon())),
      ...(await operator.claim(epoch, wishes.slice(500), soon())),
    ];
    const versions = () =>
      own.sql<{ xmin: string }>('SELECT DISTINCT xmin::text FROM topics ORDER BY xmin');
    const first = await claimAll();
    expect(first.every((outcome) => outcome.kind === 'created')).toBe(true);
    const before = await versions();
    expect(before).toHaveLength(2);
    const told: string[] = [];
    const stop = new AbortController();
    await changes.listen((change) => told.push(change), stop.signal);
    const second = await claimAll();
    expect(second.map((outcome) => outcome.kind)).toEqual(wishes.map(() => 'unchanged'));
    expect(second.map(topicOf)).toEqual(first.map(topicOf));
    // Each lookup reads what it looks for, also while nothing is known about the table.
    await expect.poll(() => lookups(own), { timeout: 10_000 }).toMatchObject({ areTold: true });
    expect((await lookups(own)).read).toBeLessThan(20_000);
    expect(await versions()).toEqual(before);
    await own.sql(`SELECT pg_notify('streamhouse', 'agents')`);
    await expect.poll(() => told).toEqual(['agents']);
    stop.abort();
    await expect(operator.claim(epoch, wishes, soon())).rejects.toMatchObject({
      reason: 'CLAIM_TOO_LARGE',
    });
  });

  test('answers each in its place, whatever became of the others', async () => {
    const mine = wishFor('row-mine');
    await claim(mine);
    await metadata.topics.create('row-wide', 3, SETTINGS, soon());
    const wishes = [
      wishFor('row-wide'),
      wishFor('row-new'),
      wishFor('row-mine'),
      wishFor('row!'),
      { ...mine, settings: HOUR, specHash: 'second' },
      wishFor('row-half', { settings: { ...SETTINGS, config: { key: '\ud800' } } }),
      wishFor('row-nul', { specHash: '\0' }),
      wishFor('row-none', { partitions: 0 }),
      wishFor('row-past', { settings: { ...SETTINGS, retentionMs: -1 } }),
      wishFor('row_new'),
      wishFor('row.last'),
    ];
    const outcomes = await metadata.operator.claim(term, wishes, soon());
    expect(outcomes.map((outcome) => outcome.kind)).toEqual([
      ...['adoptionConflict', 'created', 'nameConflict', 'invalid', 'updated'],
      ...['invalid', 'invalid', 'invalid', 'invalid', 'created', 'created'],
    ]);
    expect(outcomes[5]).toEqual({ kind: 'invalid', problem: expect.stringContaining('"key"') });
  });

  test('gives a name that two want to one of them', async () => {
    const wishes = [wishFor('two'), wishFor('two'), wishFor('t.wo'), wishFor('t_wo')];
    const outcomes = await metadata.operator.claim(term, wishes, soon());
    expect(outcomes).toMatchObject([
      { kind: 'created' },
      { kind: 'nameConflict', name: 'two', owner: wishes[0]!.owner },
      { kind: 'created' },
      { kind: 'nameConflict', name: 't.wo', owner: wishes[2]!.owner },
    ]);
  });

  test('gives a name that two connections want at once to one of them', async () => {
    for (let round = 0; round < 10; round++) {
      const pair = [wishFor(`race-${round}`), wishFor(`race-${round}`)];
      const outcomes = await Promise.all(pair.map(claim));
      expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['created', 'nameConflict']);
    }
  });

  test('stops at the bound of the cluster, row by row', async () => {
    await using own = await createTestDatabase();
    const { operator, topics } = await own.open();
    const epoch = await operator.lead('one', soon());
    const first = wishFor('first');
    const left = LIMITS.clusterPartitionsMax - 10;
    await operator.claim(epoch, [first], soon());
    // The bound counts what topics say; no need to make a hundred thousand partitions.
    await own.sql(
      `INSERT INTO topics (name, partitions, pool, durability) VALUES ('x', $1, '', 'object')`,
      [left],
    );
    const wishes = [
      wishFor('much', { partitions: 9 }),
      wishFor('some', { partitions: 6 }),
      wishFor('more', { partitions: 3 }),
      { ...first, partitions: 5 },
      { ...first, partitions: 4 },
    ];
    const outcomes = await operator.claim(epoch, wishes, soon());
    const full = { kind: 'partitionsLimit', partitionsMax: LIMITS.clusterPartitionsMax };
    // Those that are there come first: 2 and 8 spare, 5 of them want 3 more, then nothing is left for 4.
    expect(outcomes[0]).toEqual(full);
    expect(outcomes.map(({ kind }) => kind)).toEqual([
      'partitionsLimit',
      'partitionsLimit',
      'created',
      'updated',
      'unchanged',
    ]);
    expect(await topics.byName('much', soon())).toBeUndefined();
    const { topicId } = topicOf(outcomes[2]!);
    expect(await topics.partitions(topicId, soon())).toHaveLength(3);
  });

  test('locks topics in the order of their ids, as takeovers do', async () => {
    const wishes = [wishFor('order-1'), wishFor('order-2')];
    const outcomes = await metadata.operator.claim(term, wishes, soon());
    const sorted = wishes
      .map((wish, index) => ({ wish, id: topicOf(outcomes[index]!).topicId }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const [low, high] = [sorted[0]!, sorted[1]!];
    const client = await database.connect();
    await client.query('BEGIN');
    await client.query('SELECT FROM topics WHERE topic_id = $1 FOR UPDATE', [low.id]);
    const next = [high, low].map(({ wish }) => ({ ...wish, settings: HOUR, specHash: 'second' }));
    const claiming = metadata.operator.claim(term, next, soon());
    await untilBlocked(database, 1);
    const free = 'SELECT FROM topics WHERE topic_id = $1 FOR UPDATE SKIP LOCKED';
    expect(await database.sql(free, [high.id])).toHaveLength(1);
    await client.query('COMMIT');
    expect((await claiming).map(({ kind }) => kind)).toEqual(['updated', 'updated']);
  });
});

describe('a topic of a resource', () => {
  test('cannot be altered or deleted through the API, which names the resource', async () => {
    const wish = wishFor('managed', { owner: resource('orders') });
    const { topicId } = topicOf(await claim(wish));
    const before = await byName('managed');
    const refused = [
      () => metadata.topics.alter(topicId, { retentionMs: 5 }, soon()),
      () => metadata.topics.delete(topicId, soon()),
    ];
    for (const attempt of refused) {
      const error = await failureOf(attempt());
      expect(error).toMatchObject({ kind: 'conflict', reason: 'TOPIC_MANAGED' });
      expect(error.details['resource']).toBe('shop/orders');
      expect(error.message).toContain('managed by the Kubernetes resource shop/orders');
    }
    expect(await byName('managed')).toEqual(before);
  });
});
