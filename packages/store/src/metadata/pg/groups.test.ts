import { randomUUID } from 'node:crypto';
import { generation, offset, type TopicId } from '@streamhouse/core/ids.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  at,
  commitOf,
  commitOne,
  coordinate,
  generationOf,
  type LiveGroup,
  liveGroup,
  newTopic,
  next,
  offsetsOf,
  ownCommit,
  takeSlot,
} from '../conformance/group-fixture.test-support.ts';
import type { CommitOutcome } from '../groups.ts';
import type { OperatorEpoch } from '../operator.ts';
import type { OperatorMetadata } from '../port.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from './database.test-support.ts';
import { failureOf, MANY, registerAgent, soon } from './log.test-support.ts';
import { claimOne, topicOf, wishFor } from './operator.test-support.ts';
import { openProxy } from './proxy.test-support.ts';

const COMMITTED = { kind: 'committed', missing: [] };

let database: TestDatabase;
let metadata: OperatorMetadata;
let term: OperatorEpoch;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
  term = await metadata.operator.lead('one', soon());
});

afterAll(() => database[Symbol.asyncDispose]());

/** Runs SQL in a transaction of its own that stays open until the result is called. */
async function open(
  text: string,
  values: readonly unknown[],
): Promise<(end: 'COMMIT' | 'ROLLBACK') => Promise<void>> {
  const client = await database.connect();
  await client.query('BEGIN');
  await client.query(text, [...values]);
  return async (end) => {
    await client.query(end);
  };
}

/** Holds the row of a group, so that whoever writes it waits there, with what it has locked before. */
function lockGroup(groupId: string): ReturnType<typeof open> {
  return open('SELECT FROM groups WHERE group_id = $1 FOR UPDATE', [groupId]);
}

async function commit(group: LiveGroup, topicId: TopicId, value = 5): Promise<CommitOutcome> {
  return commitOne(metadata, group, commitOf(group, [next(at(topicId, 0), value)]));
}

describe('I-24: a commit', () => {
  test('waits for a generation that is being saved, and is refused by it', async () => {
    const group = await liveGroup(metadata);
    const topicId = await newTopic(metadata, 1);
    const { incarnation, slot, epoch } = group.fence;
    const { groupId, memberId } = group;
    const end = await open('SELECT save_generation($1, $2, $3, $4, 2, $5, $6, $7)', [
      ...[incarnation, slot, epoch, groupId, 'sticky', memberId],
      JSON.stringify(generationOf(groupId, 2, [memberId]).members),
    ]);
    const committing = commit(group, topicId);
    await untilBlocked(database, 1);
    await end('COMMIT');
    expect(await committing).toEqual({ kind: 'staleGeneration' });
    expect(await offsetsOf(metadata, groupId)).toEqual([]);
  });

  test('makes a fence wait that comes while it is under way', async () => {
    const group = await liveGroup(metadata);
    const topicId = await newTopic(metadata, 1);
    const end = await lockGroup(group.groupId);
    const committing = commit(group, topicId);
    await untilBlocked(database, 1);
    const fencing = metadata.agents.fence(group.fence.incarnation, undefined, soon());
    await untilBlocked(database, 2);
    await end('ROLLBACK');
    expect(await committing).toEqual(COMMITTED);
    expect(await fencing).toBe(true);
  });

  test('makes its slot wait that is given up while it is under way', async () => {
    const group = await liveGroup(metadata);
    const topicId = await newTopic(metadata, 1);
    const { fence } = group;
    const end = await lockGroup(group.groupId);
    const committing = commit(group, topicId);
    await untilBlocked(database, 1);
    const releasing = metadata.groups.releaseSlots(
      fence.incarnation,
      [{ ...fence, heir: undefined }],
      soon(),
    );
    await untilBlocked(database, 2);
    await end('ROLLBACK');
    expect(await committing).toEqual(COMMITTED);
    expect(await releasing).toBe(1);
  });

  test('makes another one of the group wait', async () => {
    const group = await liveGroup(metadata);
    const topicId = await newTopic(metadata, 1);
    const { incarnation, slot, epoch } = group.fence;
    const end = await open('SELECT commit_offsets($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', [
      ...[incarnation, [slot], [epoch], [group.groupId], [group.memberId], [1]],
      ...[[1], [topicId], [0], [4], ['']],
    ]);
    const committing = commit(group, topicId, 5);
    await untilBlocked(database, 1);
    await end('COMMIT');
    expect(await committing).toEqual(COMMITTED);
    expect(await offsetsOf(metadata, group.groupId)).toEqual([5]);
  });

  test('that finds its group deleted meanwhile was before that, and others count', async () => {
    const group = await liveGroup(metadata);
    const { fence, groupId } = group;
    const offsets = [next(at(await newTopic(metadata, 1), 0), 5)];
    // After the other one in the order in which groups are locked.
    const own = `${groupId}-own`;
    await commitOne(metadata, group, ownCommit(fence, own, offsets));
    const end = await lockGroup(groupId);
    const commits = [ownCommit(fence, own, offsets), commitOf(group, offsets)];
    const committing = metadata.groups.commit(fence.incarnation, commits, soon());
    await untilBlocked(database, 1);
    expect(await metadata.groups.delete(fence, own, soon())).toBe('deleted');
    await end('ROLLBACK');
    expect(await committing).toEqual([COMMITTED, COMMITTED]);
    expect(await metadata.groups.describe(own, soon())).toBeUndefined();
    expect(await offsetsOf(metadata, groupId)).toEqual([5]);
  });

  test('whose answer was lost can be made again', async () => {
    const group = await liveGroup(metadata);
    const topicId = await newTopic(metadata, 1);
    await using proxy = await openProxy(database.url);
    const remote = await database.open({ url: proxy.url });
    const again = (): Promise<CommitOutcome> =>
      commitOne(remote, group, commitOf(group, [next(at(topicId, 0), 5)]));
    await remote.groups.slots(soon());
    proxy.holdAnswers();
    const failure = failureOf(again());
    await expect.poll(() => offsetsOf(metadata, group.groupId)).toEqual([5]);
    proxy.reset();
    expect(await failure).toMatchObject({ kind: 'indefinite' });
    expect(await again()).toEqual(COMMITTED);
    expect(await offsetsOf(metadata, group.groupId)).toEqual([5]);
  });
});

describe('a generation', () => {
  test('that is saved again while the first call still waits is saved once', async () => {
    const fence = await coordinate(metadata);
    const group = generationOf(`group-${randomUUID()}`, 1, ['a', 'b']);
    const end = await open('SELECT FROM agent_sessions WHERE incarnation = $1 FOR UPDATE', [
      fence.incarnation,
    ]);
    const saving = [1, 2].map(() => metadata.groups.saveGeneration(fence, group, soon()));
    await untilBlocked(database, 2);
    await end('ROLLBACK');
    await Promise.all(saving);
    expect(await metadata.groups.load(fence, group.groupId, soon())).toMatchObject({
      ...{ generation: 1, members: [{ memberId: 'a' }, { memberId: 'b' }] },
    });
  });

  test('is the first one of a group that is deleted meanwhile', async () => {
    const fence = await coordinate(metadata);
    const groupId = `group-${randomUUID()}`;
    await commitOne(metadata, { fence }, ownCommit(fence, groupId, []));
    const client = await database.connect();
    await client.query('BEGIN');
    await client.query('SELECT FROM groups WHERE group_id = $1 FOR UPDATE', [groupId]);
    const saving = metadata.groups.saveGeneration(fence, generationOf(groupId, 1, ['a']), soon());
    await untilBlocked(database, 1);
    await client.query('DELETE FROM groups WHERE group_id = $1', [groupId]);
    await client.query('COMMIT');
    await saving;
    expect(await metadata.groups.load(fence, groupId, soon())).toMatchObject({
      ...{ generation: 1, members: [{ memberId: 'a' }] },
    });
  });

  test('is on the disk when it is told, also where the default does not wait for it', async () => {
    await using careless = await createTestDatabase();
    await careless.sql(
      `DO $$ BEGIN EXECUTE format(
        'ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$;
      CREATE TABLE seen (setting text);
      CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON groups DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION see();`,
    );
    const own = await careless.open();
    await liveGroup(own, await takeSlot(own, await registerAgent(own), 0));
    expect(await careless.sql('SELECT setting FROM seen')).toEqual([{ setting: 'on' }]);
  });
});

describe('what groups keep of a topic', () => {
  interface Doomed {
    readonly group: LiveGroup;
    readonly id: TopicId;
    readonly uid: string;
  }

  /** A topic of a resource with two partitions, both committed by a group that has owned some. */
  async function doomed(): Promise<Doomed> {
    const group = await liveGroup(metadata);
    const wish = wishFor(`doomed-${randomUUID()}`);
    const id = topicOf(await claimOne(metadata, term, wish)).topicId;
    const topics = new Map([[id, 2]]);
    const assignment = { ...group, partitions: new Map(), topics };
    await metadata.groups.saveAssignment(group.fence, assignment, soon());
    const offsets = [next(at(id, 0), 5), next(at(id, 1), 6)];
    await commitOne(metadata, group, commitOf(group, offsets));
    return { group, id, uid: wish.owner.uid };
  }

  async function rowsOf(id: TopicId): Promise<number> {
    const rows = await database.sql(
      `SELECT topic_id FROM group_offsets WHERE topic_id = $1
       UNION ALL SELECT topic_id FROM group_topics WHERE topic_id = $1`,
      [id],
    );
    return rows.length;
  }

  test('I-28: is purged with it, in bounded steps, and nothing else is', async () => {
    const { group, id, uid } = await doomed();
    const kept = await newTopic(metadata, 1);
    await commit(group, kept, 7);
    await metadata.operator.softDelete(term, id, uid, 0, soon());
    expect(await offsetsOf(metadata, group.groupId)).toEqual([7]);
    expect(await rowsOf(id)).toBe(3);
    // Two offsets, a partition count, two partitions and the topic.
    for (const [rows, left] of [
      [2, 1],
      [2, 0],
      [2, 0],
    ]) {
      expect(await metadata.operator.purge(term, 2, soon())).toMatchObject({ rows });
      expect(await rowsOf(id)).toBe(left);
    }
    expect(await offsetsOf(metadata, group.groupId)).toEqual([7]);
  });

  test('comes back with a topic that is restored', async () => {
    const { group, id, uid } = await doomed();
    await metadata.operator.softDelete(term, id, uid, 60_000, soon());
    expect(await offsetsOf(metadata, group.groupId)).toEqual([]);
    await database.sql(
      'UPDATE topics SET deleted_at = NULL, purge_after = NULL WHERE topic_id = $1',
      [id],
    );
    expect(await offsetsOf(metadata, group.groupId)).toEqual([5, 6]);
  });

  test('I-28: is not written by a commit that a purge overtakes', async () => {
    const { group, id, uid } = await doomed();
    const other = await liveGroup(metadata);
    const end = await lockGroup(other.groupId);
    const committing = commit(other, id);
    await untilBlocked(database, 1);
    await metadata.operator.softDelete(term, id, uid, 0, soon());
    while ((await metadata.operator.purge(term, 100, soon())).hasMore);
    await end('ROLLBACK');
    expect(await committing).toEqual({ kind: 'committed', missing: [at(id, 0)] });
    expect(await offsetsOf(metadata, group.groupId)).toEqual([]);
    expect(await rowsOf(id)).toBe(0);
  });

  test('I-28: keeps a purge waiting while it is written', async () => {
    const { group, id, uid } = await doomed();
    const { incarnation, slot, epoch } = group.fence;
    const end = await open('SELECT commit_offsets($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', [
      ...[incarnation, [slot], [epoch], [group.groupId], [group.memberId], [1]],
      ...[[1], [id], [0], [9], ['']],
    ]);
    await metadata.operator.softDelete(term, id, uid, 0, soon());
    const purging = metadata.operator.purge(term, 100, soon());
    await untilBlocked(database, 1);
    await end('COMMIT');
    expect(await purging).toMatchObject({ purged: id });
    expect(await rowsOf(id)).toBe(0);
  });

  test('purges, deletions and commits side by side never deadlock', MANY, async () => {
    const fence = await coordinate(metadata);
    for (let round = 0; round < 10; round++) {
      const wishes = [0, 1].map(() => wishFor(`side-${randomUUID()}`));
      const topics: TopicId[] = [];
      for (const wish of wishes) topics.push(topicOf(await claimOne(metadata, term, wish)).topicId);
      const all = topics.flatMap((id) => [0, 1].map((part) => next(at(id, part), round)));
      const ids = [0, 1, 2].map(() => `group-${randomUUID()}`);
      const commits = ids.map((id) => ownCommit(fence, id, all));
      await metadata.groups.commit(fence.incarnation, commits, soon());
      for (const [index, wish] of wishes.entries()) {
        await metadata.operator.softDelete(term, topics[index]!, wish.owner.uid, 0, soon());
      }
      const [, deleted, outcomes] = await Promise.all([
        purgeAll(),
        metadata.groups.delete(fence, ids[1]!, soon()),
        metadata.groups.commit(fence.incarnation, commits.toReversed(), soon()),
      ]);
      expect(deleted).toBe('deleted');
      expect(outcomes.map((outcome) => outcome.kind)).toEqual(Array(3).fill('committed'));
    }
  });

  async function purgeAll(): Promise<void> {
    while ((await metadata.operator.purge(term, 1, soon())).hasMore);
  }
});

test('I-24: a reset waits for a commit that is under way, and expels the member after it', async () => {
  const group = await liveGroup(metadata);
  const topicId = await newTopic(metadata, 1);
  const end = await lockGroup(group.groupId);
  const committing = commit(group, topicId, 9);
  await untilBlocked(database, 1);
  const reset = {
    ...group,
    offsets: [{ ...at(topicId, 0), offset: offset(2) }],
    isDryRun: false,
  };
  const resetting = metadata.groups.reset(group.fence, reset, soon());
  await untilBlocked(database, 2);
  await end('ROLLBACK');
  expect(await committing).toEqual(COMMITTED);
  expect(await resetting).toMatchObject({
    ...{ changes: [{ before: 9, after: 2 }], expelled: 1, generation: 2 },
  });
  const late = { ...group, generation: generation(2) };
  expect(await commit(late, topicId)).toEqual({ kind: 'unknownMember' });
});
