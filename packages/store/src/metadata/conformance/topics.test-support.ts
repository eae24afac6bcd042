import { type TopicId, topicId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { describe, expect, test } from 'vitest';
import { holdTopic, requestFor, runFor, SETTINGS, soon } from '../pg/log.test-support.ts';
import type { Metadata } from '../port.ts';

const MISSING: TopicId = topicId('00000000-0000-4000-8000-000000000000');

export function topicConformance(metadata: () => Metadata): void {
  describe('create', () => {
    registerCreate(metadata);
  });
  describe('alter', () => {
    registerAlter(metadata);
  });
  describe('delete', () => {
    registerDelete(metadata);
  });
  test('topics are listed by name, in the order of their code points', async () => {
    for (const name of ['zz', 'Zz', 'z-z'])
      await metadata().topics.create(name, 1, SETTINGS, soon());
    const names = (await metadata().topics.list(soon())).map((topic) => topic.name);
    expect(names).toEqual(names.toSorted());
  });
}

function registerCreate(metadata: () => Metadata): void {
  test('makes the topic and its partitions', async () => {
    const settings = {
      ...SETTINGS,
      retentionMs: 86_400_000,
      config: { maxRecordBytes: '1000' },
    };
    const topic = await metadata().topics.create('orders', 3, settings, soon());
    expect(topic).toMatchObject({
      ...settings,
      ...{ name: 'orders', partitions: 3, owner: { kind: 'api' } },
    });
    expect(await metadata().topics.byName('orders', soon())).toEqual(topic);
    const partitions = await metadata().topics.partitions(topic.topicId, soon());
    expect(partitions).toEqual(
      [0, 1, 2].map((partition) => ({ partition, logStartOffset: 0, nextOffset: 0, bytes: 0 })),
    );
  });

  test('of a name that is there tells the topic id', async () => {
    const topic = await metadata().topics.create('present', 1, SETTINGS, soon());
    await expect(metadata().topics.create('present', 1, SETTINGS, soon())).rejects.toMatchObject({
      kind: 'alreadyExists',
      reason: 'TOPIC_EXISTS',
      details: { topicId: topic.topicId },
    });
  });

  test('B-01: of a name that differs only by . and _ tells the other name', async () => {
    await metadata().topics.create('a.b_c', 1, SETTINGS, soon());
    await expect(metadata().topics.create('a_b.c', 1, SETTINGS, soon())).rejects.toMatchObject({
      kind: 'conflict',
      reason: 'TOPIC_NAME_COLLISION',
      details: { topic: 'a.b_c' },
    });
  });

  test('past the bound of the cluster makes nothing', async () => {
    const count = LIMITS.clusterPartitionsMax;
    await expect(metadata().topics.create('huge', count, SETTINGS, soon())).rejects.toMatchObject({
      kind: 'overloaded',
      reason: 'PARTITIONS_LIMIT',
    });
    expect(await metadata().topics.byName('huge', soon())).toBeUndefined();
  });
}

function registerAlter(metadata: () => Metadata): void {
  test('sets what is given and leaves the rest', async () => {
    const settings = { ...SETTINGS, retentionMs: 1_000, retentionBytes: 2_000 };
    const topic = await metadata().topics.create('altered', 1, settings, soon());
    const change = { retentionMs: null, config: { a: 'b' } };
    const altered = await metadata().topics.alter(topic.topicId, change, soon());
    expect(altered).toEqual({ ...topic, ...change });
  });

  test('I-29: partitions only grow, and new ones start empty', async () => {
    const { me, topicId: id, held } = await holdTopic(metadata(), 2);
    await metadata().log.publish(requestFor(me, [runFor(held[1]!)]), soon());
    const grown = await metadata().topics.alter(id, { partitions: 4 }, soon());
    expect(grown.partitions).toBe(4);
    const shrink = metadata().topics.alter(id, { partitions: 3, pool: 'other' }, soon());
    await expect(shrink).rejects.toMatchObject({ kind: 'invalid', reason: 'PARTITIONS_SHRINK' });
    const partitions = await metadata().topics.partitions(id, soon());
    expect(partitions.map((one) => one.nextOffset)).toEqual([0, 10, 0, 0]);
    const topics = await metadata().topics.list(soon());
    expect(topics.find((topic) => topic.topicId === id)).toEqual(grown);
  });

  test('past the bound of the cluster changes nothing', async () => {
    const topic = await metadata().topics.create('growing', 1, SETTINGS, soon());
    const change = { partitions: LIMITS.clusterPartitionsMax };
    await expect(metadata().topics.alter(topic.topicId, change, soon())).rejects.toMatchObject({
      reason: 'PARTITIONS_LIMIT',
    });
    expect(await metadata().topics.byName('growing', soon())).toEqual(topic);
  });

  test('of a topic that is not there says so', async () => {
    await expect(metadata().topics.alter(MISSING, {}, soon())).rejects.toMatchObject({
      kind: 'notFound',
    });
  });
}

function registerDelete(metadata: () => Metadata): void {
  test('I-28: a name made again is another topic, which sees nothing old', async () => {
    const { me, topicId: old, held } = await holdTopic(metadata(), 1);
    const { name } = (await metadata().topics.list(soon())).find((topic) => topic.topicId === old)!;
    await metadata().log.publish(requestFor(me, [runFor(held[0]!)]), soon());
    await metadata().topics.delete(old, soon());
    expect(await metadata().topics.byName(name, soon())).toBeUndefined();
    const again = await metadata().topics.create(name, 1, SETTINGS, soon());
    expect(again.topicId).not.toBe(old);
    const partitions = await metadata().topics.partitions(again.topicId, soon());
    expect(partitions).toMatchObject([{ nextOffset: 0, bytes: 0 }]);
    const old0 = metadata().log.range(old, held[0]!.partition, soon());
    await expect(old0).rejects.toMatchObject({ kind: 'notFound' });
    expect(await metadata().topics.partitions(old, soon())).toEqual([]);
  });

  test('I-28: nothing is published to a deleted topic', async () => {
    const { me, topicId: id, held } = await holdTopic(metadata(), 1);
    await metadata().topics.delete(id, soon());
    const request = requestFor(me, [runFor(held[0]!)]);
    expect(await metadata().log.publish(request, soon())).toEqual({ accepted: [] });
    const leases = await metadata().leases.all(soon());
    expect(leases.filter((lease) => lease.topicId === id)).toEqual([]);
  });

  test('of a topic that is not there says so', async () => {
    await expect(metadata().topics.delete(MISSING, soon())).rejects.toMatchObject({
      kind: 'notFound',
      reason: 'TOPIC_MISSING',
    });
  });
}
