/** Consumer groups over REST: who is in them, how far they are, and where they read on. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { problemOf, startRest, startRestOf } from '../harness/rest.ts';
import { RestContract } from '../harness/rest-contract.ts';
import {
  eventually,
  type GroupStage,
  openGroupStage,
  PARTITIONS,
  pollUntil,
} from './groups/stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const RECORDS = 10;

let stage: GroupStage;
let api: Awaited<ReturnType<typeof startRestOf>>;

beforeAll(async () => {
  stage = await openGroupStage();
  api = await startRestOf(stage.cluster);
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

test('what a lag is called is said by the server, alike to all who ask', async () => {
  const lagThresholds = { caughtUpMax: 5, normalMax: 50_000 };
  await using server = await startRest(api.metadata, { lagThresholds });
  const session = await server.call('GET /api/v1/session', {});
  expect(session.data.lagThresholds).toEqual(lagThresholds);
});

async function groupOf(id: string) {
  return (await api.call('GET /api/v1/consumer-groups/{id}', { path: { id } })).data;
}

test('C-159: a group is shown with its members, its assignment and its lag, which rises and falls', async () => {
  const topic = await stage.createTopic('seen', RECORDS);
  await using consumer = await stage.connect('seen-group');
  await consumer.subscribe([topic]);
  await pollUntil([consumer], ({ length }) => length === PARTITIONS * RECORDS);
  await consumer.commit();
  const group = await groupOf('seen-group');
  expect(group).toMatchObject({
    ...{ groupId: 'seen-group', topics: ['seen'], totalLag: 0, partitionCount: PARTITIONS },
    ...{ state: 'stable', generation: consumer.membership()?.generation },
  });
  const [member] = group.members;
  expect(member).toMatchObject({ memberId: consumer.membership()?.memberId, topics: ['seen'] });
  expect(member?.partitions).toHaveLength(PARTITIONS);
  for (const offset of group.offsets)
    expect(offset).toMatchObject({ committedOffset: RECORDS, lag: 0, memberId: member?.memberId });
  await stage.fill(topic, 3, [0, 1]);
  const path = { id: 'seen-group' };
  const lag = await api.call('GET /api/v1/consumer-groups/{id}/lag', { path });
  expect(lag.data).toMatchObject({ groupId: 'seen-group', totalLag: 6 });
  expect(lag.data.topicLags[0]?.partitionLags.map((partition) => partition.lag)).toEqual([
    3, 3, 0, 0,
  ]);
  const { data: all } = await api.call('GET /api/v1/consumer-groups', { query: { q: 'SEEN' } });
  expect(all).toEqual([
    {
      ...{ groupId: 'seen-group', topics: ['seen'], totalLag: 6, partitionCount: PARTITIONS },
      ...{ state: 'stable', members: 1 },
    },
  ]);
  const monitoring = await api.call('GET /api/monitoring/metrics', {});
  const [told] = monitoring.data.consumerLags;
  expect(told).toMatchObject({ groupId: lag.data.groupId, totalLag: lag.data.totalLag });
  // The oldest unread record waits, and for longer with each look.
  expect(lag.data.lagSeconds).toBeGreaterThan(0);
  expect(told?.lagSeconds).toBeGreaterThan(lag.data.lagSeconds ?? Number.NaN);
  expect(monitoring.data.clusterHealth.totalConsumers).toBe(1);
  await pollUntil([consumer], ({ length }) => length === 6);
  await consumer.commit();
  expect((await groupOf('seen-group')).totalLag).toBe(0);
});

test('C-160: offsets are reset while members read: a dry run tells, the real one expels them and they go on from there', async () => {
  const topic = await stage.createTopic('reset', RECORDS);
  const path = { id: 'reset-group' };
  await using consumer = await stage.connect('reset-group');
  await consumer.subscribe([topic]);
  await pollUntil([consumer], ({ length }) => length === PARTITIONS * RECORDS);
  await consumer.commit();
  const body = { topic, to: 'offset', value: 7, partitions: [0, 1] } as const;
  const key = 'POST /api/v1/consumer-groups/{id}/reset-offsets';
  const expected = [0, 1].map((partition) => ({ topic, partition, before: RECORDS, after: 7 }));
  const planned = await api.call(key, { path, body, query: { dryRun: true } });
  expect(planned.data).toEqual({ groupId: 'reset-group', expelledMembers: 1, changes: expected });
  expect(await stage.committed('reset-group')).toEqual({ 0: 10, 1: 10, 2: 10, 3: 10 });
  const headers = { 'idempotency-key': 'reset-once' };
  const [done, again] = [
    await api.call(key, { path, body, headers }),
    await api.call(key, { path, body, headers }),
  ];
  expect(done.data).toEqual(planned.data);
  expect(again.data).toEqual(done.data);
  const reread = await pollUntil([consumer], ({ length }) => length === 6);
  expect(new Set(reread.map(({ offset }) => offset))).toEqual(new Set([7, 8, 9]));
  await eventually(async () => (await groupOf('reset-group')).state === 'stable');
});

test('what cannot be is refused', async () => {
  const topic = await stage.createTopic('refused');
  const reset = (body: object, id = 'nobody') =>
    problemOf(
      api.call('POST /api/v1/consumer-groups/{id}/reset-offsets', {
        path: { id },
        body: { topic, to: 'earliest', ...body },
      }),
    );
  const rows = [
    [await reset({ topic: 'missing' }), 404, 'TOPIC_NOT_FOUND'],
    [await reset({ partitions: [4] }), 400, 'PARTITION_OUT_OF_RANGE'],
    [await reset({ to: 'offset' }), 400, 'INVALID_REQUEST'],
    [await reset({ to: 'timestamp', value: -1 }), 400, 'INVALID_REQUEST'],
    [await reset({ to: 'sideways' }), 400, 'INVALID_REQUEST'],
    [await reset({}, 'x'.repeat(256)), 400, 'INVALID_REQUEST'],
    [await problemOf(groupOf('nobody')), 404, 'GROUP_NOT_FOUND'],
    [await problemOf(groupOf('line\nbreak')), 400, 'INVALID_REQUEST'],
  ] as const;
  for (const [problem, status, reason] of rows) expect(problem).toMatchObject({ status, reason });
});

test('answers are those of the document', async () => {
  const contract = await RestContract.of(api.url);
  for (const path of ['', '/{id}', '/{id}/lag']) {
    const template = `/api/v1/consumer-groups${path}`;
    const response = await fetch(`${api.url}${template.replace('{id}', 'seen-group')}`);
    expect(response.status).toBe(200);
    contract.check('GET', template, response, await response.text());
  }
});
