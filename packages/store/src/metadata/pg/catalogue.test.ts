import { randomUUID } from 'node:crypto';
import { partitionIndex } from '@streamhouse/core/ids.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TopicSlice } from '../catalogue.ts';
import type { OperatorMetadata } from '../port.ts';
import { createTestDatabase, type TestDatabase } from './database.test-support.ts';
import {
  holdTopic,
  registerAgent,
  requestFor,
  runFor,
  SETTINGS,
  soon,
} from './log.test-support.ts';

let database: TestDatabase;
let metadata: OperatorMetadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
});
afterAll(() => database?.[Symbol.asyncDispose]());

const FIRST_PAGE: TopicSlice = {
  ...{ after: undefined, limit: 10, contains: '', order: 'name', isDescending: false },
};

describe('topics', () => {
  test('have what is stored of them', async () => {
    const { me, topicId, held } = await holdTopic(metadata, 2);
    await metadata.log.publish(requestFor(me, [runFor(held[0]!)]), soon());
    const topics = await metadata.topics.list(soon());
    const { name } = topics.find((topic) => topic.topicId === topicId)!;
    const found = await metadata.catalogue.topic(name, soon());
    expect(found).toMatchObject({ topicId, partitions: 2, records: 10, bytes: 1_000 });
    const slice = { ...FIRST_PAGE, contains: name.toUpperCase() };
    expect(await metadata.catalogue.topics(slice, soon())).toEqual({ items: [found], total: 1 });
    const partitions = await metadata.catalogue.partitions(topicId, -1, 10, soon());
    const agents = await metadata.agents.live(soon());
    const holder = agents.find((agent) => agent.incarnation === me)?.agentId;
    expect(partitions).toMatchObject([
      { partition: 0, logStartOffset: 0, nextOffset: 10, bytes: 1_000, epoch: 1, holder },
      { partition: 1, nextOffset: 0, epoch: 1, holder },
    ]);
    await metadata.agents.fence(me, undefined, soon());
    const [orphan] = await metadata.catalogue.partitions(topicId, 0, 10, soon());
    expect(orphan).toMatchObject({ partition: 1, holder: undefined });
  });

  test('that are deleted are not there', async () => {
    const name = `t-${randomUUID()}`;
    const { topicId } = await metadata.topics.create(name, 3, SETTINGS, soon());
    const before = await metadata.catalogue.totals(soon());
    await metadata.topics.delete(topicId, soon());
    expect(await metadata.catalogue.topic(name, soon())).toBeUndefined();
    expect(await metadata.catalogue.partitions(topicId, -1, 10, soon())).toEqual([]);
    const after = await metadata.catalogue.totals(soon());
    expect([after.topics, after.partitions]).toEqual([before.topics - 1, before.partitions - 3]);
  });
});

describe('agents', () => {
  test('are those that live, and those given up that nobody has come after and that did not drain', async () => {
    const [lost, replaced, drained] = ['lost', 'replaced', 'drained'].map(
      (role) => `${role}-${randomUUID()}`,
    );
    const lives = await Promise.all(
      [lost, replaced, drained].map((id) => registerAgent(metadata, id)),
    );
    await metadata.agents.drain(lives[2]!, soon());
    for (const life of lives) await metadata.agents.fence(life, undefined, soon());
    const later = await registerAgent(metadata, replaced);
    const agents = await metadata.catalogue.agents(soon());
    const seen = agents.filter((agent) => [lost, replaced, drained].includes(agent.agentId));
    expect(seen).toMatchObject([
      { agentId: lost, incarnation: lives[0], isFenced: true, leases: 0 },
      { agentId: replaced, incarnation: later, isFenced: false },
    ]);
    await database.sql(`UPDATE agent_sessions SET fenced_at = fenced_at - interval '11 minutes'`);
    const rest = await metadata.catalogue.agents(soon());
    expect(rest.some((agent) => agent.agentId === lost)).toBe(false);
  });

  test('hold partitions, shown by topic and index from any place on', async () => {
    const { me, topicId } = await holdTopic(metadata, 3);
    const topics = await metadata.topics.list(soon());
    const { name: topic } = topics.find((one) => one.topicId === topicId)!;
    const held = await metadata.catalogue.heldBy(me, undefined, 2, soon());
    expect(held).toEqual([
      { topic, partition: 0, epoch: 1 },
      { topic, partition: 1, epoch: 1 },
    ]);
    const rest = await metadata.catalogue.heldBy(me, { topic, partition: 1 }, 2, soon());
    expect(rest).toEqual([{ topic, partition: 2, epoch: 1 }]);
    const agents = await metadata.catalogue.agents(soon());
    expect(agents.find((agent) => agent.incarnation === me)?.leases).toBe(3);
  });
});

describe('a rehearsal', () => {
  test('answers and refuses as the real one, changes nothing and wakes nobody', async () => {
    const told: string[] = [];
    const stop = new AbortController();
    await metadata.changes.listen((change) => told.push(change), stop.signal);
    const name = `t-${randomUUID()}`;
    const before = await database.sql('SELECT * FROM topics ORDER BY topic_id');
    const { rehearsal } = metadata;
    const planned = await rehearsal.create(name, 2, SETTINGS, soon());
    expect(planned).toMatchObject({ name, partitions: 2 });
    await expect(rehearsal.delete(planned.topicId, soon())).rejects.toMatchObject({
      kind: 'notFound',
    });
    const existing = await metadata.topics.create(name, 2, SETTINGS, soon());
    await expect(rehearsal.create(name, 2, SETTINGS, soon())).rejects.toMatchObject({
      reason: 'TOPIC_EXISTS',
    });
    expect(await rehearsal.alter(existing.topicId, { partitions: 4 }, soon())).toMatchObject({
      partitions: 4,
    });
    await rehearsal.delete(existing.topicId, soon());
    expect(await metadata.topics.byName(name, soon())).toEqual(existing);
    await metadata.topics.delete(existing.topicId, soon());
    await database.sql('DELETE FROM partitions WHERE topic_id = $1', [existing.topicId]);
    await database.sql('DELETE FROM topics WHERE topic_id = $1', [existing.topicId]);
    expect(await database.sql('SELECT * FROM topics ORDER BY topic_id')).toEqual(before);
    stop.abort();
    expect(told.filter((change) => change === 'leases').length).toBeLessThanOrEqual(1);
  });
});

test('what a group has committed is shown beside what it owns', async () => {
  const topic = await metadata.topics.create(`t-${randomUUID()}`, 2, SETTINGS, soon());
  const groupId = `g-${randomUUID()}`;
  await database.sql('INSERT INTO groups (group_id, slot) VALUES ($1, 0)', [groupId]);
  await database.sql(
    'INSERT INTO group_offsets (group_id, topic_id, part, next_offset, generation) VALUES ($1, $2, 0, 4, 1)',
    [groupId, topic.topicId],
  );
  await database.sql('UPDATE partitions SET next_offset = 9 WHERE topic_id = $1', [topic.topicId]);
  const slice = { after: undefined, limit: 5, contains: groupId };
  expect(await metadata.catalogue.groups(slice, soon())).toMatchObject({
    items: [{ groupId, members: 0, topics: [topic.name], partitions: 1, lag: 5 }],
    total: 1,
  });
  const owned = [{ topicId: topic.topicId, partition: partitionIndex(1) }];
  const partitions = await metadata.catalogue.groupPartitions(groupId, owned, soon());
  expect(partitions).toMatchObject([
    { topic: topic.name, partition: 0, committed: 4, highWatermark: 9 },
    { topic: topic.name, partition: 1, committed: undefined, highWatermark: 9 },
  ]);
  const committed = await metadata.catalogue.committed(100, soon());
  expect(committed.find((group) => group.groupId === groupId)?.partitions).toEqual([partitions[0]]);
});
