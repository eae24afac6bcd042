/**
 * Topics as resources, on a real API server with the rights that the chart gives: what users see of a topic that is applied,
 * taken over, changed behind the operator's back, lost, and deleted.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openProxy, type Proxy } from '@streamhouse/store/metadata/pg/proxy.test-support.ts';
import type { TopicSettings } from '@streamhouse/store/metadata/topics.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { controlPlane, type TestNamespace } from '../harness/control-plane.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { conditionsOf, OperatorStage, soon } from '../harness/operator-stage.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

const SAMPLE = join(import.meta.dirname, '../../manifests/samples/topic.yaml');
const SETTINGS: TopicSettings = {
  pool: 'default',
  durability: 'object',
  retentionMs: 604_800_000,
  retentionBytes: null,
  config: {},
};
const plane = await controlPlane();

describe.skipIf(plane === undefined)('topics as resources', () => {
  let stage: OperatorStage;
  let other: TestNamespace;
  let link: Proxy;
  let operator: OperatorProcess;

  beforeAll(async () => {
    await plane!.installCrds();
    other = await plane!.namespace();
    stage = await OperatorStage.open(plane!, { alsoWatched: [other.name] });
    link = await openProxy(stage.database.url);
    operator = await stage.start('operator-0', {
      METADATA_STORE: link.url,
      RESYNC_INTERVAL: '10s',
      LOG_LEVEL: 'debug',
    });
    await until(() => operator.isLeader(), soon());
  });
  afterAll(async () => {
    await stage?.[Symbol.asyncDispose]();
    await link?.[Symbol.asyncDispose]();
    await other?.[Symbol.asyncDispose]();
  });

  const row = (name: string) => stage.metadata.topics.byName(name, soon());
  const ready = (name: string) => stage.untilIs('Topic', name, 'Ready=True/Ready');
  const notify = () => stage.database.sql(`SELECT pg_notify('streamhouse', 'topics')`);

  describe('applied', () => {
    test('the sample becomes Ready, and kubectl shows it in one line', async () => {
      const sample = await readFile(SAMPLE, 'utf8');
      await stage.kubectl(['apply', '-f', '-'], sample);
      await stage.kubectl(['wait', '--for=condition=Ready', 'topic/orders', '--timeout=30s']);
      const shown = await stage.kubectl(['get', 'sht', 'orders', '--no-headers']);
      expect(shown.trim().split(/ {2,}/).slice(0, 7)).toEqual([
        ...['orders', 'orders', '12', '168h', 'Retain', 'True', 'Ready'],
      ]);
      const topic = await stage.get('Topic', 'orders');
      expect(topic?.metadata.finalizers).toBeUndefined();
      expect(await row('orders')).toMatchObject({
        topicId: topic?.status?.topicId,
        partitions: 12,
        owner: { kind: 'kubernetes', namespace: stage.namespace, name: 'orders' },
      });
      expect(await stage.untilEvent('orders', 'Created')).toContain('orders');
    });

    test('again as it is, nothing is written', async () => {
      await stage.apply('Topic', 'idle', { partitions: 2 });
      const before = await ready('idle');
      const resyncs = await operator.metric('streamhouse_operator_resyncs_total');
      await until(
        async () => (await operator.metric('streamhouse_operator_resyncs_total')) > resyncs + 1,
        soon(),
      );
      const after = await stage.get('Topic', 'idle');
      expect(after?.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    });

    test('with more partitions and other values, the topic follows', async () => {
      await stage.apply('Topic', 'growing', { partitions: 2 });
      await ready('growing');
      const spec = { partitions: 5, retention: { bytes: '1Gi' }, config: { compression: 'lz4' } };
      await stage.apply('Topic', 'growing', spec);
      await until(
        async () => (await stage.get('Topic', 'growing'))?.status?.partitions === 5,
        soon(),
      );
      expect(await row('growing')).toMatchObject({
        partitions: 5,
        retentionBytes: 2 ** 30,
        config: { compression: 'lz4' },
      });
    });

    test('in two namespaces under one name, the first one has it and the other one waits', async () => {
      await stage.apply('Topic', 'shared', { topicName: 'everybodys' });
      const { status } = await ready('shared');
      const inOther = { namespace: other.name };
      const spec = { topicName: 'everybodys', deletionPolicy: 'Delete' };
      await stage.apply('Topic', 'shared', spec, inOther);
      const conflict = 'Accepted=False/NameConflict';
      const loser = await stage.untilIs('Topic', 'shared', conflict, other.name);
      expect(loser.metadata.finalizers).toBeUndefined();
      const said = loser.status?.conditions?.find(({ type }) => type === 'Accepted')?.message;
      expect(said).toContain(`${stage.namespace}/shared`);
      expect(await row('everybodys')).toMatchObject({
        topicId: status?.topicId,
        owner: { namespace: stage.namespace },
      });
      await stage.delete('Topic', 'shared');
      const winner = await stage.untilIs('Topic', 'shared', 'Ready=True/Ready', other.name);
      expect(winner.status?.topicId).toBe(status?.topicId);
    });

    test('and deleted by the one that lost the name, the topic of the other one stays', async () => {
      await stage.apply('Topic', 'kept', { topicName: 'kept' });
      const { status } = await ready('kept');
      const inOther = { namespace: other.name };
      await stage.apply('Topic', 'thief', { topicName: 'kept', deletionPolicy: 'Delete' }, inOther);
      await stage.untilIs('Topic', 'thief', 'Accepted=False/NameConflict', other.name);
      await stage.delete('Topic', 'thief', other.name);
      await until(
        async () => (await stage.get('Topic', 'thief', other.name)) === undefined,
        soon(),
      );
      expect(await row('kept')).toMatchObject({ topicId: status?.topicId });
    });
  });

  describe('that exist through the API', () => {
    test('are adopted with their records, and say so', async () => {
      const { topicId } = await stage.metadata.topics.create('old', 2, SETTINGS, soon());
      await stage.apply('Topic', 'old', { partitions: 3 });
      expect((await ready('old')).status).toMatchObject({ topicId, partitions: 3 });
      expect(await stage.untilEvent('old', 'Adopted')).toContain('partitions');
    });

    test('stay there with adoptionPolicy Fail', async () => {
      await stage.metadata.topics.create('theirs', 2, SETTINGS, soon());
      await stage.apply('Topic', 'theirs', { adoptionPolicy: 'Fail', deletionPolicy: 'Delete' });
      const topic = await stage.untilIs('Topic', 'theirs', 'Accepted=False/NameConflict');
      expect(topic.metadata.finalizers).toBeUndefined();
      await stage.delete('Topic', 'theirs');
      await stage.untilGone('Topic', 'theirs');
      expect(await row('theirs')).toMatchObject({ owner: { kind: 'api' } });
    });

    test('with more partitions than the spec are left as they are', async () => {
      await stage.metadata.topics.create('wide', 8, { ...SETTINGS, retentionMs: 1_000 }, soon());
      await stage.apply('Topic', 'wide', { partitions: 4 });
      await stage.untilIs('Topic', 'wide', 'Ready=False/AdoptionConflict');
      expect(await row('wide')).toMatchObject({
        partitions: 8,
        retentionMs: 1_000,
        owner: { kind: 'api' },
      });
      await stage.apply('Topic', 'wide', { partitions: 8 });
      await ready('wide');
    });

    test('have no resource unless somebody writes one', async () => {
      await stage.metadata.topics.create('by-hand', 1, SETTINGS, soon());
      await stage.apply('Topic', 'after-it');
      await ready('after-it');
      expect(await stage.get('Topic', 'by-hand')).toBeUndefined();
    });
  });

  describe('changed elsewhere', () => {
    test('cannot be, by the API: it names the resource', async () => {
      await stage.apply('Topic', 'managed', { partitions: 2 });
      const { status } = await ready('managed');
      const { topicId } = (await row('managed'))!;
      expect(topicId).toBe(status?.topicId);
      const refusal = {
        kind: 'conflict',
        reason: 'TOPIC_MANAGED',
        message: expect.stringContaining(`${stage.namespace}/managed`) as unknown,
      };
      const alter = stage.metadata.topics.alter(topicId, { partitions: 9 }, soon());
      await expect(alter).rejects.toMatchObject(refusal);
      await expect(stage.metadata.topics.delete(topicId, soon())).rejects.toMatchObject(refusal);
    });

    test('in Postgres, they are changed back within 5 s, and the fields are told', async () => {
      await stage.apply('Topic', 'drifting', { partitions: 2 });
      await ready('drifting');
      const change = `UPDATE topics SET retention_ms = 1, pool = 'other' WHERE name = 'drifting'`;
      await stage.database.sql(change);
      await notify();
      const beganMs = performance.now();
      await until(async () => (await row('drifting'))?.retentionMs === 604_800_000, soon());
      expect(performance.now() - beganMs).toBeLessThan(5_000);
      expect(await row('drifting')).toMatchObject({ pool: 'default' });
      const note = await stage.untilEvent('drifting', 'DriftCorrected');
      expect(note).toContain('retentionMs');
      expect(note).toContain('pool');
    });

    test('in Postgres without a word, they are changed back at the next look', async () => {
      await stage.apply('Topic', 'silent', { partitions: 2 });
      await ready('silent');
      await stage.database.sql(`UPDATE topics SET retention_ms = 1 WHERE name = 'silent'`);
      expect(await stage.untilEvent('silent', 'DriftCorrected')).toContain('retentionMs');
      expect(await row('silent')).toMatchObject({ retentionMs: 604_800_000 });
    });

    test('with more partitions, they never shrink: the status shows the real number', async () => {
      await stage.apply('Topic', 'ahead', { partitions: 2 });
      await ready('ahead');
      await stage.database.sql(`
        WITH grown AS (UPDATE topics SET partitions = 4 WHERE name = 'ahead' RETURNING topic_id)
        INSERT INTO partitions (topic_id, part) SELECT topic_id, part FROM grown, generate_series(2, 3) part`);
      await notify();
      const topic = await stage.untilIs('Topic', 'ahead', 'Drifted=True/PartitionsAhead');
      expect(topic.status?.partitions).toBe(4);
      expect(conditionsOf(topic)).toContain('Ready=True/Ready');
      await stage.apply('Topic', 'ahead', { partitions: 4 });
      await stage.untilIs('Topic', 'ahead', 'Drifted=False/InSync');
    });

    test('deleted in Postgres, they are restored with their records', async () => {
      await stage.apply('Topic', 'restored', { partitions: 2 });
      const { status } = await ready('restored');
      await stage.database.sql(
        `SELECT hide_topic(topic_id, NULL) FROM topics WHERE name = 'restored'`,
      );
      await notify();
      await stage.untilEvent('restored', 'Restored');
      expect(await row('restored')).toMatchObject({ topicId: status?.topicId, partitions: 2 });
    });

    test('lost with their records, they are made anew only where the resource says so', async () => {
      await stage.apply('Topic', 'lost', { partitions: 2 });
      const { status } = await ready('lost');
      await stage.database.sql(`
        WITH gone AS (DELETE FROM partitions WHERE topic_id = '${status?.topicId}')
        DELETE FROM topics WHERE topic_id = '${status?.topicId}'`);
      await notify();
      const lost = await stage.untilIs('Topic', 'lost', 'Ready=False/DataLost');
      expect(await row('lost')).toBeUndefined();
      const message = lost.status?.conditions?.find(({ type }) => type === 'Ready')?.message;
      expect(message).toContain('streamhouse.io/recreate: "true"');
      const key = 'streamhouse.io/recreate';
      await stage.kubectl(['annotate', 'topic/lost', `${key}=true`]);
      const anew = await ready('lost');
      expect(anew.status?.topicId).not.toBe(status?.topicId);
      expect(await row('lost')).toMatchObject({ topicId: anew.status?.topicId, partitions: 2 });
    });
  });

  describe('paused', () => {
    test('are left alone until they are not', async () => {
      await stage.apply('Topic', 'resting', { partitions: 2 });
      await ready('resting');
      await stage.apply('Topic', 'resting', { partitions: 4, paused: true });
      await stage.untilIs('Topic', 'resting', 'Paused=True/Paused');
      expect(await row('resting')).toMatchObject({ partitions: 2 });
      await stage.apply('Topic', 'resting', { partitions: 4, paused: false });
      await stage.untilIs('Topic', 'resting', 'Paused=False/NotPaused');
      await until(async () => (await row('resting'))?.partitions === 4, soon());
    });

    test('are not deleted either', async () => {
      const spec = { deletionPolicy: 'Delete' };
      await stage.apply('Topic', 'frozen', spec);
      await ready('frozen');
      await stage.apply('Topic', 'frozen', { ...spec, paused: true });
      await stage.untilIs('Topic', 'frozen', 'Paused=True/Paused');
      await stage.delete('Topic', 'frozen');
      await stage.apply('Topic', 'after-frozen');
      await ready('after-frozen');
      expect((await stage.get('Topic', 'frozen'))?.metadata.deletionTimestamp).toBeDefined();
      expect(await row('frozen')).toBeDefined();
      await stage.apply('Topic', 'frozen', { ...spec, paused: false });
      await stage.untilGone('Topic', 'frozen');
      expect(await row('frozen')).toBeUndefined();
    });
  });

  describe('deleted', () => {
    test('keep their records, belong to nobody, and hold nothing up', async () => {
      await stage.apply('Topic', 'retained', { partitions: 2 });
      const { status, metadata } = await ready('retained');
      expect(metadata.finalizers).toBeUndefined();
      await stage.kubectl(['delete', 'topic/retained', '--timeout=10s']);
      await until(async () => (await row('retained'))?.owner.kind === 'api', soon());
      expect(await row('retained')).toMatchObject({ topicId: status?.topicId, partitions: 2 });
      await stage.untilEvent('retained', 'Retained');
      const { topicId } = (await row('retained'))!;
      await stage.metadata.topics.delete(topicId, soon());
    });

    test('and applied again, they are the same topic', async () => {
      await stage.apply('Topic', 'returning', { partitions: 2 });
      const { status } = await ready('returning');
      await stage.delete('Topic', 'returning');
      await until(async () => (await row('returning'))?.owner.kind === 'api', soon());
      await stage.apply('Topic', 'returning', { partitions: 2 });
      expect((await ready('returning')).status?.topicId).toBe(status?.topicId);
    });

    test('with policy Delete they go at once, and come back within their grace', async () => {
      const spec = { partitions: 2, deletionPolicy: 'Delete', deletionGracePeriod: '1h' };
      await stage.apply('Topic', 'mortal', spec);
      const { status, metadata } = await ready('mortal');
      expect(metadata.finalizers).toHaveLength(1);
      await stage.kubectl(['delete', 'topic/mortal', '--timeout=20s']);
      expect(await row('mortal')).toBeUndefined();
      await stage.untilEvent('mortal', 'Deleted');
      await stage.apply('Topic', 'mortal', spec);
      expect((await ready('mortal')).status?.topicId).toBe(status?.topicId);
      expect(await row('mortal')).toMatchObject({ partitions: 2 });
    });

    test('with policy Delete and no grace, nothing of them is left', async () => {
      const spec = { partitions: 2, deletionPolicy: 'Delete', deletionGracePeriod: '0s' };
      await stage.apply('Topic', 'brief', spec);
      const { status } = await ready('brief');
      await stage.delete('Topic', 'brief');
      await stage.untilGone('Topic', 'brief');
      const count = `SELECT FROM topics WHERE topic_id = '${status?.topicId}'`;
      await until(async () => (await stage.database.sql(count)).length === 0, soon());
      await stage.apply('Topic', 'brief', spec);
      expect((await ready('brief')).status?.topicId).not.toBe(status?.topicId);
    });

    test('by name of another resource, a topic stays', async () => {
      const spec = { topicName: 'the-name', deletionPolicy: 'Delete', deletionGracePeriod: '0s' };
      await stage.apply('Topic', 'first', spec);
      const first = await ready('first');
      await stage.delete('Topic', 'first');
      await stage.untilGone('Topic', 'first');
      await stage.apply('Topic', 'second', { topicName: 'the-name' });
      const second = await ready('second');
      expect(second.status?.topicId).not.toBe(first.status?.topicId);
      expect(await row('the-name')).toMatchObject({ topicId: second.status?.topicId });
    });
  });

  describe('while Postgres is away', () => {
    test('keep what they say, new ones say why they wait, deletions wait, and nothing runs hot', async () => {
      await stage.apply('Topic', 'known', { partitions: 2 });
      const before = await ready('known');
      const mortal = { deletionPolicy: 'Delete' };
      await stage.apply('Topic', 'waiting', mortal);
      await ready('waiting');
      link.cut();
      await until(async () => (await operator.probe('/readyz')) === 503, soon());
      await stage.apply('Topic', 'unknown', { partitions: 2 });
      await stage.delete('Topic', 'waiting');
      await stage.untilIs('Topic', 'unknown', 'Ready=Unknown/MetadataUnreachable');
      const stuck = await stage.untilIs('Topic', 'waiting', 'Ready=Unknown/MetadataUnreachable');
      const message = stuck.status?.conditions?.find(({ type }) => type === 'Ready')?.message;
      expect(message).toContain('finalizer');
      expect(await operator.probe('/healthz')).toBe(200);
      const requests = await operator.metric('rest_client_requests_total', 'method="PATCH"');
      const errors = await operator.metric('controller_runtime_reconcile_errors_total');
      await until(
        async () => (await operator.metric('controller_runtime_reconcile_errors_total')) > errors,
        soon(),
      );
      const after = await operator.metric('rest_client_requests_total', 'method="PATCH"');
      expect(after).toBe(requests);
      const known = await stage.get('Topic', 'known');
      expect(known?.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
      link.mend();
      await ready('unknown');
      await stage.untilGone('Topic', 'waiting');
      await until(async () => (await operator.probe('/readyz')) === 200, soon());
    });
  });
});

describe.skipIf(plane === undefined)('topics as resources, in drift mode Report', () => {
  test('that were changed in Postgres stay so, and say what differs until it is undone', async () => {
    await using stage = await OperatorStage.open(plane!, {
      values: { topics: { driftMode: 'Report' } },
    });
    await stage.start('operator-0');
    await stage.apply('Topic', 'drifting', { retention: { time: '168h' } });
    await stage.untilIs('Topic', 'drifting', 'Ready=True/Ready');
    const change = (retentionMs: number) =>
      stage.database.sql(`UPDATE topics SET retention_ms = ${retentionMs}`);
    await change(1);
    const drifted = await stage.untilIs('Topic', 'drifting', 'Drifted=True/DriftReported');
    const said = drifted.status?.conditions?.find(({ type }) => type === 'Drifted')?.message;
    expect(said).toContain('retentionMs');
    expect(conditionsOf(drifted)).toContain('Ready=True/Ready');
    await stage.untilEvent('drifting', 'DriftReported');
    expect(await stage.metadata.topics.byName('drifting', soon())).toMatchObject({
      retentionMs: 1,
    });
    await change(604_800_000);
    await stage.untilIs('Topic', 'drifting', 'Drifted=False/InSync');
    // A new spec is applied all the same.
    await stage.apply('Topic', 'drifting', { retention: { time: '1h' } });
    await until(async () => {
      const topic = await stage.metadata.topics.byName('drifting', soon());
      return topic?.retentionMs === 3_600_000;
    }, soon());
  });
});
