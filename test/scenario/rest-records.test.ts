/** Records over REST, through a real cluster: whatever bytes they have, they come back as they were. */
import type { Call } from '@streamhouse/api/rest/client.ts';
import { connectConsumer, connectProducer } from '@streamhouse/client/mod.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { problemOf, startRest, startRestOf } from '../harness/rest.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let cluster: Cluster;
let api: Awaited<ReturnType<typeof startRestOf>>;
let call: Call;

beforeAll(async () => {
  cluster = await startCluster({ agents: 2, objects: 'directory' });
  api = await startRestOf(cluster);
  ({ call } = api);
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

async function makeTopic(name: string, partitions = 1): Promise<void> {
  await call('POST /api/v1/topics', { body: { name, partitions } });
}

function consume(topic: string, query: object = {}) {
  return call('GET /api/v1/consume', { query: { topic, partition: 0, ...query } });
}

describe('a record', () => {
  test('C-157, C-158: goes where it is sent, comes back as it was, and is seen by the SDK', async () => {
    await makeTopic('orders', 4);
    const headers = [{ name: 'trace', value: 'abc' }];
    const body = {
      topic: 'orders',
      key: 'user-7',
      value: '{"price":1}',
      headers,
      timestamp: 1_700_000_000_000,
    };
    const { data } = await call('POST /api/v1/produce', { body });
    expect(data.offset).toBe(0);
    const read = await consume('orders', { partition: data.partition });
    expect(read.data).toEqual({
      records: [
        {
          ...{ partition: data.partition, offset: 0, timestamp: 1_700_000_000_000 },
          ...{ key: 'user-7', keyEncoding: 'utf8', value: '{"price":1}', valueEncoding: 'utf8' },
          headers: [{ name: 'trace', value: 'abc', encoding: 'utf8' }],
        },
      ],
      ...{ nextOffset: 1, lowWatermark: 0, highWatermark: 1 },
    });
    await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
    const sent = await producer.send({ topic: 'orders', key: 'user-7', value: 'two' });
    expect(sent.partition).toBe(data.partition);
    const again = await consume('orders', { partition: data.partition, offset: 1 });
    expect(again.data.records.map(({ value }) => value)).toEqual(['two']);
    await using consumer = await connectConsumer({ bootstrap: cluster.bootstrap });
    await consumer.assign([{ topic: 'orders', partition: data.partition!, offset: 0 }]);
    const [first] = await consumer.poll(10_000);
    expect(Buffer.from(first!.value!).toString()).toBe('{"price":1}');
  });

  test('B-14: keeps its bytes, whatever they are', async () => {
    await makeTopic('bytes');
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const base64 = Buffer.from(bytes).toString('base64');
    const values = [
      ...['<script>alert(1)</script>', '\u001b[31mred', '=cmd()', '\ufeffbom', '\u0000', '👾', ''],
    ];
    for (const value of values)
      await call('POST /api/v1/produce', { body: { topic: 'bytes', value } });
    const body = { topic: 'bytes', key: null, value: base64, valueEncoding: 'base64' as const };
    await call('POST /api/v1/produce', { body });
    await call('POST /api/v1/produce', { body: { topic: 'bytes', value: null } });
    const { data } = await consume('bytes');
    const read = data.records.map(({ value, valueEncoding }) => [value, valueEncoding]);
    expect(read).toEqual([
      ...values.map((value) => [value, 'utf8']),
      [base64, 'base64'],
      [null, 'utf8'],
    ]);
  });

  test('that cannot be is refused, naming what is wrong', async () => {
    await makeTopic('strict', 2);
    const rows = [
      [{ topic: 'missing', value: 'v' }, 404, 'TOPIC_NOT_FOUND'],
      [{ topic: 'strict', value: 'v', partition: 2 }, 400, 'PARTITION_OUT_OF_RANGE'],
      [{ topic: 'strict', value: 'v', partition: -1 }, 400, 'INVALID_REQUEST'],
      [{ topic: 'strict', value: '?', valueEncoding: 'base64' as const }, 400, 'INVALID_REQUEST'],
      [{ topic: 'strict', value: '\ud800' }, 400, 'INVALID_REQUEST'],
      [{ topic: 'strict', value: 'v'.repeat(LIMITS.recordBytesMax + 1) }, 413, 'RECORD_TOO_LARGE'],
      [{ topic: 'strict', value: 'v'.repeat(LIMITS.apiRecordBodyBytesMax) }, 413, 'BODY_TOO_LARGE'],
    ] as const;
    for (const [body, status, reason] of rows) {
      const problem = await problemOf(call('POST /api/v1/produce', { body }));
      expect(problem).toMatchObject({ status, reason });
    }
    const largest = {
      topic: 'strict',
      value: 'v'.repeat(LIMITS.recordBytesMax - 100),
      partition: 0,
    };
    expect((await call('POST /api/v1/produce', { body: largest })).data.offset).toBe(0);
  });

  test('is sent once for one Idempotency-Key, and never by a dry run', async () => {
    await makeTopic('once');
    const headers = { 'idempotency-key': 'one' };
    const body = { topic: 'once', value: 'v' };
    const sends = [1, 2, 3].map(() => call('POST /api/v1/produce', { body, headers }));
    for (const { data } of await Promise.all(sends))
      expect(data).toEqual({ partition: 0, offset: 0 });
    const query = { dryRun: true };
    const planned = await call('POST /api/v1/produce', { query, body: { ...body, partition: 0 } });
    expect(planned.data).toEqual({ partition: 0, offset: null });
    expect((await consume('once')).data.highWatermark).toBe(1);
  });
});

describe('many records', () => {
  test('have each their result, in their order', async () => {
    await makeTopic('bulk', 3);
    const records = Array.from({ length: 500 }, (_, index) => ({
      value: `v${index}`,
      partition: index % 3,
    }));
    const tooLarge = { value: 'x'.repeat(LIMITS.recordBytesMax + 1), partition: 0 };
    const body = { topic: 'bulk', records: [...records, tooLarge] };
    const { data } = await call('POST /api/v1/produce/batch', { body });
    expect([data.produced, data.failed]).toEqual([500, 1]);
    expect(data.results.slice(0, 6)).toEqual([
      ...[0, 1, 2].map((partition) => ({ partition, offset: 0 })),
      ...[0, 1, 2].map((partition) => ({ partition, offset: 1 })),
    ]);
    expect(data.results[500]?.error).toMatchObject({
      reason: 'RECORD_TOO_LARGE',
      retryable: false,
    });
  });
});

describe('reading', () => {
  const topic = 'reading';

  beforeAll(async () => {
    await makeTopic(topic);
    const records = Array.from({ length: 30 }, (_, index) => ({
      value: `v${index}`,
      timestamp: 1_000 * (index + 1),
    }));
    // One after the other: each its own batch, so that times are found by offset.
    for (const record of records)
      await call('POST /api/v1/produce', { body: { topic, ...record } });
  });

  const values = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => `v${from + index}`);

  test('begins and ends where it is asked to', async () => {
    const rows = [
      [{}, values(0, 30), 30],
      [{ offset: 25 }, values(25, 30), 30],
      [{ offset: 5, maxRecords: 10 }, values(5, 15), 15],
      [{ offset: 30 }, [], 30],
      [{ timestamp: 10_000, maxRecords: 2 }, values(9, 11), 11],
      [{ timestamp: 0, maxRecords: 1 }, values(0, 1), 1],
      [{ timestamp: 1_000_000 }, [], 30],
    ] as const;
    for (const [query, expected, next] of rows) {
      const { data } = await consume(topic, query);
      expect(data.records.map(({ value }) => value)).toEqual(expected);
      expect([data.nextOffset, data.highWatermark]).toEqual([next, 30]);
    }
  });

  test('B-05: outside of what can be read is refused with the range', async () => {
    const range = { earliest: '0', latest: '30' };
    for (const offset of [31, 2 ** 53 - 1]) {
      const problem = await problemOf(consume(topic, { offset }));
      expect(problem).toMatchObject({ status: 400, reason: 'OFFSET_OUT_OF_RANGE', details: range });
    }
    const partition = await problemOf(consume(topic, { partition: 1 }));
    expect(partition).toMatchObject({ status: 400, reason: 'PARTITION_OUT_OF_RANGE' });
    for (const query of [
      ...[
        { offset: -1 },
        { offset: '1e3' },
        { offset: 2 ** 53 },
        { offset: 'NaN' },
        { partition: -1 },
      ],
      ...[
        { partition: 2 ** 31 },
        { maxRecords: 0 },
        { maxRecords: 1_001 },
        { offset: 1, timestamp: 1 },
      ],
    ])
      expect((await problemOf(consume(topic, query))).status).toBe(400);
  });

  test('gives up when there is nobody to read from, and says that it can be tried again', async () => {
    await using lonely = await startRest({
      ...api.metadata,
      agents: { ...api.metadata.agents, live: () => Promise.resolve([]) },
    });
    const asked = lonely.call('GET /api/v1/consume', { query: { topic, partition: 0 } });
    expect(await problemOf(asked)).toMatchObject({
      status: 503,
      reason: 'NO_AGENTS',
      retryable: true,
    });
  });
});

describe('agents', () => {
  test('C-156: are shown with their heartbeats and partitions, and one that is killed goes stale', async () => {
    await makeTopic('spread', 8);
    const seen = async () => (await call('GET /api/v1/agents', {})).data;
    await until(
      async () =>
        (await seen()).every((agent) => agent.last_heartbeat !== null && agent.active_leases > 3),
      AbortSignal.timeout(20_000),
    );
    const [first] = await seen();
    expect(first).toMatchObject({ status: 'healthy', agent_group: 'default' });
    expect(Math.abs(Date.now() - first!.last_heartbeat!)).toBeLessThan(15_000);
    const path = { id: first!.agent_id };
    // Partitions of the new topic may still move between two of these calls.
    await until(async () => {
      const agent = await call('GET /api/v1/agents/{id}', { path });
      const query = { limit: 1_000 };
      const held = await call('GET /api/v1/agents/{id}/partitions', { path, query });
      const spread = await call('GET /api/v1/topics/{name}/partitions', {
        path: { name: 'spread' },
      });
      const led = spread.data.filter(({ leader }) => leader === first!.agent_id);
      return (
        held.data.length === agent.data.active_leases &&
        held.data.filter(({ topic }) => topic === 'spread').length === led.length &&
        led.length > 0
      );
    }, AbortSignal.timeout(20_000));
    await api.metadata.agents.register(
      {
        agentId: 'ghost',
        pool: 'default',
        zone: 'z',
        address: '127.0.0.1:1',
        managedTopics: ['none'],
      },
      AbortSignal.timeout(5_000),
    );
    const ghost = async () => (await seen()).find((agent) => agent.agent_id === 'ghost');
    expect((await ghost())?.status).toBe('healthy');
    await until(async () => (await ghost())?.status === 'stale', AbortSignal.timeout(30_000));
    expect((await ghost())?.last_heartbeat).toBeNull();
  });
});
