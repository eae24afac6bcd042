/**
 * Topics of an operator, as those who apply them see them: the situations and the deletion rules, on an API server in this
 * process and on Postgres as it is.
 */
import type { TopicId } from '@streamhouse/core/ids.ts';
import type { KubeApi } from '@streamhouse/operator/kube/kube-api.ts';
import { temporaryFolder } from '@streamhouse/standalone/testing/temporary-folder.test-support.ts';
import {
  registerAgent,
  requestFor,
  runFor,
} from '@streamhouse/store/metadata/pg/log.test-support.ts';
import { openDirectoryStore } from '@streamhouse/store/objects/directory.ts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { forwarded, OperatorWorld, type RunningOperator, signal } from '../harness/operators.ts';
import { until } from '../harness/until.ts';

// Some wait for notifications and for the pause between two looks.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const SETTINGS = {
  pool: 'default',
  durability: 'object',
  retentionMs: 3_600_000,
  retentionBytes: null,
  config: {},
} as const;

let world: OperatorWorld;

beforeEach(async () => {
  world = await OperatorWorld.open();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

describe('a topic of a resource', () => {
  test('is made as the spec says, and follows it', async () => {
    await world.start();
    await world.apply('orders', { partitions: 3, retention: { time: '1h' } });
    const ready = await world.untilReady('orders');
    const topic = await world.metadata.topics.byName('orders', signal());
    expect(topic).toMatchObject({
      partitions: 3,
      retentionMs: 3_600_000,
      owner: { kind: 'kubernetes', uid: ready.metadata.uid },
    });
    expect(ready.status).toMatchObject({
      topicId: topic?.topicId,
      topicName: 'orders',
      partitions: 3,
    });
    expect(ready.metadata.finalizers ?? []).toEqual([]);
    await world.apply('orders', { partitions: 5, retention: { bytes: '1Gi' } });
    await until(async () => (await world.topic('orders'))?.status?.partitions === 5, signal());
    expect(await world.metadata.topics.byName('orders', signal())).toMatchObject({
      partitions: 5,
      retentionMs: null,
      retentionBytes: 1_073_741_824,
    });
  });

  test('that exists through the API is adopted, and says so', async () => {
    const { topicId } = await world.metadata.topics.create('orders', 2, SETTINGS, signal());
    await world.start();
    await world.apply('orders', { partitions: 4 });
    expect((await world.untilReady('orders')).status).toMatchObject({ topicId, partitions: 4 });
    await world.untilEvent('orders', 'Adopted');
  });

  test('that exists through the API stays there with adoptionPolicy Fail', async () => {
    await world.metadata.topics.create('orders', 2, SETTINGS, signal());
    await world.start();
    await world.apply('orders', { adoptionPolicy: 'Fail', deletionPolicy: 'Delete' });
    const topic = await world.untilTopic('orders', 'Accepted=False/NameConflict');
    expect(topic.metadata.finalizers ?? []).toEqual([]);
    expect(await world.metadata.topics.byName('orders', signal())).toMatchObject({
      owner: { kind: 'api' },
    });
  });

  test('with more partitions than the spec is not adopted, and nothing is changed', async () => {
    await world.metadata.topics.create('orders', 8, SETTINGS, signal());
    await world.start();
    await world.apply('orders', { partitions: 4 });
    await world.untilTopic('orders', 'Ready=False/AdoptionConflict');
    expect(await world.metadata.topics.byName('orders', signal())).toMatchObject({
      partitions: 8,
      retentionMs: 3_600_000,
      owner: { kind: 'api' },
    });
    await world.apply('orders', { partitions: 8 });
    await world.untilReady('orders');
  });
});

describe('what was changed elsewhere', () => {
  const change = (sql: string) => world.database.sql(sql);
  const retentionMs = async () =>
    (await world.metadata.topics.byName('orders', signal()))?.retentionMs;

  test('is changed back soon, and an event names the fields', async () => {
    await world.start();
    await world.apply('orders', { retention: { time: '1h' } });
    await world.untilReady('orders');
    await change(`UPDATE topics SET retention_ms = 1, pool = 'other'`);
    await until(async () => (await retentionMs()) === 3_600_000, signal());
    expect(await world.untilEvent('orders', 'DriftCorrected')).toContain('pool, retentionMs');
  });

  test('is told and left with drift mode Report, until it is undone', async () => {
    await world.start({ settings: { drift: 'Report' } });
    await world.apply('orders', { retention: { time: '1h' } });
    await world.untilReady('orders');
    await change('UPDATE topics SET retention_ms = 1');
    await world.untilTopic('orders', 'Drifted=True/DriftReported');
    expect(await retentionMs()).toBe(1);
    await change('UPDATE topics SET retention_ms = 3600000');
    await world.untilTopic('orders', 'Drifted=False/InSync');
  });

  test('never shrinks: the status shows the partitions that there are', async () => {
    await world.start();
    await world.apply('orders', { partitions: 2 });
    const { status } = await world.untilReady('orders');
    await change(`INSERT INTO partitions (topic_id, part) VALUES ('${status?.topicId}', 2)`);
    await change('UPDATE topics SET partitions = 3');
    const topic = await world.untilTopic('orders', 'Drifted=True/PartitionsAhead');
    expect(topic.status?.partitions).toBe(3);
  });

  test('comes back when it was deleted, and is lost once its records are gone', async () => {
    await world.start();
    await world.apply('orders');
    const { status } = await world.untilReady('orders');
    await change('UPDATE topics SET deleted_at = clock_timestamp()');
    await world.untilEvent('orders', 'Restored');
    expect(await world.metadata.topics.byName('orders', signal())).toMatchObject({
      topicId: status?.topicId,
    });
    await change('DELETE FROM partitions');
    await change('DELETE FROM topics');
    await world.untilTopic('orders', 'Ready=False/DataLost');
    expect(await world.metadata.topics.list(signal())).toEqual([]);
    await world.apply('orders', {}, { annotations: { 'streamhouse.io/recreate': 'true' } });
    const anew = await world.untilReady('orders');
    expect(anew.status?.topicId).not.toBe(status?.topicId);
  });
});

describe('a name', () => {
  test('is of one resource; the other one waits without holding anything, and gets it when it is free', async () => {
    await world.start();
    await world.apply('first', { topicName: 'orders' });
    const { status } = await world.untilReady('first');
    await world.apply('second', { topicName: 'orders', deletionPolicy: 'Delete' });
    const second = await world.untilTopic('second', 'Accepted=False/NameConflict');
    expect(second.metadata.finalizers ?? []).toEqual([]);
    await world.delete('first');
    const winner = await world.untilReady('second');
    expect(winner.status?.topicId).toBe(status?.topicId);
    expect(winner.metadata.finalizers).toEqual(['streamhouse.io/topic']);
    await world.untilEvent('first', 'Retained');
  });

  test('is won by a resource that goes before anything holds it: its policy is kept', async () => {
    let isGoing = false;
    const kube: KubeApi = {
      ...forwarded(world.kube),
      mergePatch: async (type, ref, patch, options, until) => {
        // The topic is its own by now, and the next thing would have been the finalizer.
        if (isGoing && ref.name === 'second') await world.delete('second');
        return await world.kube.mergePatch(type, ref, patch, options, until);
      },
    };
    await world.start({ kube });
    await world.apply('first', { topicName: 'orders' });
    const { status } = await world.untilReady('first');
    await world.apply('second', { topicName: 'orders', deletionPolicy: 'Delete' });
    await world.untilTopic('second', 'Accepted=False/NameConflict');
    isGoing = true;
    await world.delete('first');
    await world.untilEvent('second', 'Deleted');
    isGoing = false;
    expect(await world.metadata.topics.byName('orders', signal())).toBeUndefined();
    await world.apply('second', { topicName: 'orders' });
    expect((await world.untilReady('second')).status?.topicId).toBe(status?.topicId);
  });

  test('that another one has is not touched by the deletion of who lost it', async () => {
    await world.start();
    await world.apply('first', { topicName: 'orders' });
    const first = await world.untilReady('first');
    await world.apply('second', { topicName: 'orders', deletionPolicy: 'Delete' });
    await world.untilTopic('second', 'Accepted=False/NameConflict');
    await world.delete('second');
    await world.untilGone('second');
    await world.apply('third');
    await world.untilReady('third');
    expect(await world.metadata.topics.byName('orders', signal())).toMatchObject({
      topicId: first.status?.topicId,
      owner: { uid: first.metadata.uid },
    });
  });
});

describe('the deletion of a resource', () => {
  test('keeps the topic, managed by nobody, unless it says otherwise', async () => {
    await world.start();
    await world.apply('orders');
    const { status } = await world.untilReady('orders');
    await world.delete('orders');
    await world.untilEvent('orders', 'Retained');
    expect(await world.metadata.topics.byName('orders', signal())).toMatchObject({
      topicId: status?.topicId,
      owner: { kind: 'api' },
    });
  });

  test('with deletionPolicy Delete hides the topic; applied again within the grace it is back', async () => {
    await world.start();
    await world.apply('orders', { deletionPolicy: 'Delete' });
    const { status, metadata } = await world.untilReady('orders');
    expect(metadata.finalizers).toEqual(['streamhouse.io/topic']);
    await world.delete('orders');
    await world.untilGone('orders');
    expect(await world.metadata.topics.byName('orders', signal())).toBeUndefined();
    await world.untilEvent('orders', 'Deleted');
    await world.apply('orders', { deletionPolicy: 'Delete' });
    const again = await world.untilReady('orders');
    expect(again.status?.topicId).toBe(status?.topicId);
    expect(again.metadata.uid).not.toBe(metadata.uid);
  });

  test('leaves nothing once its grace is over, and of others everything: rows first, then objects', async () => {
    await using folder = await temporaryFolder();
    await using objects = await openDirectoryStore({ root: folder.path });
    const ids: (TopicId | undefined)[] = [];
    const first = await world.start({ objects });
    for (const name of ['doomed', 'kept']) {
      await world.apply(name, { deletionPolicy: 'Delete', deletionGracePeriod: '0s' });
      ids.push((await world.untilReady(name)).status?.topicId as TopicId | undefined);
    }
    const [doomed, kept] = ids;
    const me = await registerAgent(world.metadata);
    const held = await world.metadata.leases.takeover(
      me,
      await world.metadata.leases.all(signal()),
      signal(),
    );
    const write = async (...topics: readonly (TopicId | undefined)[]): Promise<string> => {
      const runs = held.filter(({ topicId }) => topics.includes(topicId)).map((one) => runFor(one));
      const request = requestFor(me, runs);
      await objects.put(request.objectKey, new Uint8Array(1_000), { signal: signal() });
      const { accepted } = await world.metadata.log.publish(request, signal());
      expect(accepted).toHaveLength(topics.length);
      return request.objectKey;
    };
    const own = await write(doomed);
    await world.delete('doomed');
    await world.untilGone('doomed');
    // A purge begins with a term, and once a minute.
    const anew = async (last: RunningOperator): Promise<RunningOperator> => {
      await last.operator[Symbol.asyncDispose]();
      return await world.start({ objects });
    };
    const second = await anew(first);
    const rows = () => world.database.sql('SELECT FROM topics WHERE topic_id = $1', [doomed]);
    await until(async () => (await rows()).length === 0, signal());
    // Whoever reads has time to end.
    expect(await objects.size(own, { signal: signal() })).toBe(1_000);
    const other = await write(kept);
    await world.database.sql(`UPDATE objects SET unreferenced_at = now() - interval '1 hour'
      WHERE unreferenced_at IS NOT NULL`);
    await anew(second);
    const left = () => world.database.sql<{ key: string }>('SELECT object_key AS key FROM objects');
    await until(async () => (await left()).length === 1, signal());
    expect(await left()).toEqual([{ key: other }]);
    expect(await objects.size(own, { signal: signal() })).toBeUndefined();
    expect(await objects.size(other, { signal: signal() })).toBe(1_000);
  });

  test('waits while the spec says paused', async () => {
    await world.start();
    await world.apply('orders', { deletionPolicy: 'Delete' });
    await world.untilReady('orders');
    await world.apply('orders', { deletionPolicy: 'Delete', paused: true });
    await world.untilTopic('orders', 'Paused=True/Paused');
    await world.delete('orders');
    // Whatever was to be done about the deletion is done before what comes after it.
    await world.apply('later');
    await world.untilReady('later');
    expect(await world.metadata.topics.byName('orders', signal())).toBeDefined();
    await world.apply('orders', { deletionPolicy: 'Delete', paused: false });
    await world.untilGone('orders');
    expect(await world.metadata.topics.byName('orders', signal())).toBeUndefined();
  });

  test('that no operator saw releases the topic later', async () => {
    const first = await world.start();
    await world.apply('orders');
    await world.apply('bills');
    await world.untilReady('orders');
    await world.untilReady('bills');
    await first.operator[Symbol.asyncDispose]();
    await world.delete('orders');
    await world.start();
    await world.untilEvent('orders', 'Retained');
    const owners = (await world.metadata.topics.list(signal())).map(({ owner }) => owner.kind);
    expect(owners).toEqual(['kubernetes', 'api']);
  });
});
