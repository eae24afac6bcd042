/**
 * Topics over REST, on a real database: pages, tags, conditions, rehearsals, owners.
 */
import type { Topic } from '@streamhouse/api/rest/topics.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { claimOne, wishFor } from '@streamhouse/store/metadata/pg/operator.test-support.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemOf, type RestApi, startRest } from '../harness/rest.ts';

let database: TestDatabase;
let metadata: OperatorMetadata;
let api: RestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
  api = await startRest(metadata);
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

function makeTopic(name: string, partitions = 2): Promise<unknown> {
  return api.call('POST /api/v1/topics', { body: { name, partitions } });
}

function getTopic(name: string, headers: Record<string, string> = {}) {
  return api.call('GET /api/v1/topics/{name}', { path: { name }, headers });
}

/** All that a client sees of the database. */
async function world(): Promise<unknown> {
  const rows = await database.sql('SELECT * FROM topics ORDER BY name');
  const partitions = await database.sql('SELECT * FROM partitions ORDER BY topic_id, part');
  return { rows, partitions };
}

describe('one topic', () => {
  test('C-151..155: is made, shown, changed and deleted', async () => {
    const body = { name: 'orders', partitions: 3, replicationFactor: 3 };
    const created = await api.call('POST /api/v1/topics', { body });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe('topics/orders');
    expect(created.data).toMatchObject({
      ...{ name: 'orders', partitions: 3, replication_factor: 1, messages: 0, bytes: 0 },
      ...{ durability: 'object', pool: 'default', retention_ms: 604_800_000 },
      ...{ retention_bytes: null, owner: { kind: 'api' } },
    });
    expect((await getTopic('orders')).data).toEqual(created.data);
    const changed = await api.call('PATCH /api/v1/topics/{name}', {
      path: { name: 'orders' },
      body: { partitions: 5, retentionMs: null, config: { maxRecordBytes: '1000' } },
    });
    expect(changed.data).toMatchObject({ partitions: 5, retention_ms: null, pool: 'default' });
    const path = { name: 'orders' };
    const partitions = await api.call('GET /api/v1/topics/{name}/partitions', { path });
    expect(partitions.data.map((partition) => partition.partition_id)).toEqual([0, 1, 2, 3, 4]);
    const one = await api.call('GET /api/v1/topics/{name}/partitions/{id}', {
      path: { name: 'orders', id: 4 },
    });
    expect(one.data).toEqual({
      ...{ topic: 'orders', partition_id: 4, low_watermark: 0, high_watermark: 0 },
      ...{ leader: null, epoch: 0, messages: 0, bytes: 0 },
    });
    const gone = await api.call('DELETE /api/v1/topics/{name}', { path });
    expect(gone.data).toEqual({ name: 'orders', partitions: 5, messages: 0, bytes: 0 });
    const missing = await problemOf(getTopic('orders'));
    expect(missing).toMatchObject({ status: 404, reason: 'TOPIC_NOT_FOUND', retryable: false });
  });

  test('that a Kubernetes resource owns is changed by nobody else, and the refusal names the resource', async () => {
    const epoch = await metadata.operator.lead('test', AbortSignal.timeout(5_000));
    await claimOne(metadata, epoch, wishFor('managed'));
    const path = { name: 'managed' };
    expect((await getTopic('managed')).data.owner).toEqual({
      kind: 'kubernetes',
      namespace: 'shop',
      name: 'managed',
    });
    for (const query of [{}, { dryRun: true }]) {
      const calls = [
        problemOf(
          api.call('PATCH /api/v1/topics/{name}', { path, query, body: { partitions: 9 } }),
        ),
        problemOf(api.call('DELETE /api/v1/topics/{name}', { path, query })),
      ];
      for (const call of calls) {
        expect(await call).toMatchObject({
          ...{ status: 409, reason: 'TOPIC_MANAGED' },
          details: { resource: 'shop/managed' },
        });
      }
    }
  });

  test('is refused by the rules, naming what is wrong', async () => {
    await makeTopic('taken.name');
    const cases = [
      [{ name: '../../etc', partitions: 1 }, 400, 'body.name'],
      [{ name: '__internal', partitions: 1 }, 400, 'body.name'],
      [{ name: 'a'.repeat(250), partitions: 1 }, 400, 'body.name'],
      [{ name: 'zero', partitions: 0 }, 400, 'body.partitions'],
      [{ name: 'many', partitions: 10_001 }, 400, 'body.partitions'],
      [{ name: 'half', partitions: 1.5 }, 400, 'body.partitions'],
      [{ name: 'odd', partitions: 1, config: { cleanup: 'x' } }, 400, 'body.config.cleanup'],
      [{ name: 'odd', partitions: 1, unknown: 1 }, 400, 'body'],
      [{ name: 'taken.name', partitions: 1 }, 409, undefined],
      [{ name: 'taken_name', partitions: 1 }, 409, undefined],
    ] as const;
    for (const [body, status, path] of cases) {
      const problem = await problemOf(api.call('POST /api/v1/topics', { body }));
      expect(problem).toMatchObject({ status });
      expect(problem.errors[0]?.path).toBe(path);
    }
    const collision = await problemOf(makeTopic('taken_name'));
    expect(collision).toMatchObject({ details: { topic: 'taken.name' } });
  });
});

describe('a dry run', () => {
  test('answers as the real one would and changes nothing', async () => {
    await makeTopic('rehearsed', 3);
    const path = { name: 'rehearsed' };
    const query = { dryRun: true };
    const before = await world();
    const body = { name: 'planned', partitions: 4 };
    const created = await api.call('POST /api/v1/topics', { query, body });
    expect(created).toMatchObject({ status: 200, data: { name: 'planned', partitions: 4 } });
    const altered = await api.call('PATCH /api/v1/topics/{name}', {
      ...{ path, query, body: { partitions: 8 } },
    });
    expect(altered.data).toMatchObject({ partitions: 8 });
    const deleted = await api.call('DELETE /api/v1/topics/{name}', { path, query });
    expect(deleted.data).toMatchObject({ name: 'rehearsed', partitions: 3 });
    expect(await world()).toEqual(before);
    const shrink = { path, query, body: { partitions: 1 } };
    expect(await problemOf(api.call('PATCH /api/v1/topics/{name}', shrink))).toMatchObject({
      ...{ status: 400, reason: 'PARTITIONS_SHRINK' },
    });
    const again = { query, body: { name: 'rehearsed', partitions: 1 } };
    expect(await problemOf(api.call('POST /api/v1/topics', again))).toMatchObject({
      ...{ status: 409, reason: 'TOPIC_EXISTS' },
    });
    expect(await world()).toEqual(before);
  });
});

describe('lists', () => {
  const names = Array.from({ length: 25 }, (_, index) => `page-${String(index).padStart(2, '0')}`);

  beforeAll(async () => {
    for (const [index, name] of names.entries()) await makeTopic(name, 1 + (index % 3));
  });

  async function pages(query: object): Promise<readonly (readonly Topic[])[]> {
    const all: (readonly Topic[])[] = [];
    let url: string | undefined =
      `${api.url}/api/v1/topics?${new URLSearchParams({ ...query }).toString()}`;
    while (url !== undefined) {
      const response: Response = await fetch(url);
      all.push((await response.json()) as Topic[]);
      expect(response.headers.get('x-total-count')).toBe('25');
      const next: string | undefined = /^<(.+)>; rel="next"$/.exec(
        response.headers.get('link') ?? '',
      )?.[1];
      url = next === undefined ? undefined : `${api.url}${next}`;
    }
    return all;
  }

  test('come by pages that have each topic once, in every order', async () => {
    const byPartitions = (one: string, other: string): number =>
      (names.indexOf(one) % 3) - (names.indexOf(other) % 3) || (one < other ? -1 : 1);
    const orders = {
      name: names,
      '-name': names.toReversed(),
      created_at: names,
      '-created_at': names.toReversed(),
      partitions: names.toSorted(byPartitions),
      '-partitions': names.toSorted(byPartitions).toReversed(),
    };
    for (const [sort, expected] of Object.entries(orders)) {
      const found = await pages({ q: 'PAGE-', sort, limit: '7' });
      expect(found.map((page) => page.length).slice(0, 3)).toEqual([7, 7, 7]);
      expect(found.flat().map((topic) => topic.name)).toEqual(expected);
    }
  });

  test('go on where they were when topics come and go between two pages', async () => {
    const first = await api.call('GET /api/v1/topics', { query: { q: 'page-', limit: 10 } });
    await api.call('DELETE /api/v1/topics/{name}', { path: { name: 'page-09' } });
    await makeTopic('page-09a');
    const url = /^<(.+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = (await (await fetch(`${api.url}${url}`)).json()) as Topic[];
    expect(second.map((topic) => topic.name).slice(0, 2)).toEqual(['page-09a', 'page-10']);
    await api.call('DELETE /api/v1/topics/{name}', { path: { name: 'page-09a' } });
    await makeTopic('page-09');
  });

  test('B-11: refuse a cursor that was changed, or that another list gave', async () => {
    const query = { q: 'page-', limit: 5 };
    const { headers } = await api.call('GET /api/v1/topics', { query });
    const cursor = new URLSearchParams(/\?(.+)>/.exec(headers.get('link') ?? '')?.[1]).get(
      'cursor',
    )!;
    await api.call('GET /api/v1/topics', { query: { ...query, cursor } });
    const changed = Array.from(cursor, (character, index) => {
      const other = character === 'A' ? 'B' : 'A';
      return cursor.slice(0, index) + other + cursor.slice(index + 1);
    });
    for (const wrong of [...changed, 'x', '__proto__', cursor.slice(1), `${cursor}A`]) {
      const problem = await problemOf(
        api.call('GET /api/v1/topics', { query: { ...query, cursor: wrong } }),
      );
      expect(problem.errors[0]?.path).toBe('query.cursor');
    }
    for (const other of [{ q: 'page' }, { q: 'page-', sort: '-name' as const }]) {
      expect(
        (await problemOf(api.call('GET /api/v1/topics', { query: { ...other, cursor } }))).status,
      ).toBe(400);
    }
  });
});

describe('tags', () => {
  test('an answer that is known already is 304 without a body, until something changes', async () => {
    await makeTopic('tagged');
    const first = await getTopic('tagged');
    const etag = first.headers.get('etag')!;
    const again = await getTopic('tagged', { 'if-none-match': `"other", W/${etag}` });
    expect(again).toMatchObject({ status: 304, data: undefined });
    await database.sql(`
      UPDATE partitions SET next_offset = 5 FROM topics t
      WHERE t.topic_id = partitions.topic_id AND t.name = 'tagged' AND part = 0`);
    const moved = await getTopic('tagged', { 'if-none-match': etag });
    expect(moved).toMatchObject({ status: 200, data: { messages: 5 } });
    const list = await api.call('GET /api/v1/topics', { query: { q: 'tagged' } });
    const known = { 'if-none-match': list.headers.get('etag')! };
    const same = await api.call('GET /api/v1/topics', { query: { q: 'tagged' }, headers: known });
    expect(same.status).toBe(304);
  });

  test('a change asks for the settings that were read: figures that move are no conflict', async () => {
    await makeTopic('conditional');
    const path = { name: 'conditional' };
    const etag = (await getTopic('conditional')).headers.get('etag')!;
    await database.sql(`
      UPDATE partitions SET next_offset = 9 FROM topics t
      WHERE t.topic_id = partitions.topic_id AND t.name = 'conditional' AND part = 0`);
    const grow = { path, headers: { 'if-match': etag }, body: { partitions: 3 } };
    expect((await api.call('PATCH /api/v1/topics/{name}', grow)).data.partitions).toBe(3);
    const stale = await problemOf(api.call('PATCH /api/v1/topics/{name}', grow));
    expect(stale).toMatchObject({ status: 412, reason: 'PRECONDITION_FAILED' });
    const remove = { path, headers: { 'if-match': etag } };
    expect((await problemOf(api.call('DELETE /api/v1/topics/{name}', remove))).status).toBe(412);
    const any = { path, headers: { 'if-match': '*' } };
    expect((await api.call('DELETE /api/v1/topics/{name}', any)).status).toBe(200);
  });
});

describe('a key of the caller', () => {
  test('gives the same request the same answer, once done', async () => {
    const headers = { 'idempotency-key': 'make-it-once' };
    const body = { name: 'once', partitions: 1 };
    const [first, second] = await Promise.all([
      api.call('POST /api/v1/topics', { body, headers }),
      api.call('POST /api/v1/topics', { body, headers }),
    ]);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.data).toEqual(first.data);
    const replayed = [first, second].filter(({ headers: h }) => h.has('idempotency-replayed'));
    expect(replayed).toHaveLength(1);
    const other = { body: { ...body, partitions: 2 }, headers };
    expect(await problemOf(api.call('POST /api/v1/topics', other))).toMatchObject({
      ...{ status: 422, reason: 'IDEMPOTENCY_KEY_REUSED' },
    });
    const wrong = { body, headers: { 'idempotency-key': 'two words' } };
    expect((await problemOf(api.call('POST /api/v1/topics', wrong))).status).toBe(400);
  });

  test('is known to every operator, also when the one that began it is gone', async () => {
    const headers = { 'idempotency-key': 'on-another-one' };
    const body = { name: 'elsewhere', partitions: 1 };
    const first = await api.call('POST /api/v1/topics', { body, headers });
    await using other = await startRest(metadata);
    const second = await other.call('POST /api/v1/topics', { body, headers });
    expect([second.status, second.data]).toEqual([201, first.data]);
    expect(second.headers.get('location')).toBe('topics/elsewhere');
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    const changed = { body: { ...body, partitions: 2 }, headers };
    expect((await problemOf(other.call('POST /api/v1/topics', changed))).status).toBe(422);
    await database.sql('UPDATE api_requests SET answer = NULL');
    expect(await problemOf(other.call('POST /api/v1/topics', { body, headers }))).toMatchObject({
      ...{ status: 503, reason: 'REQUEST_RUNNING', retryable: true },
    });
    await database.sql(`UPDATE api_requests SET begun_at = begun_at - interval '2 minutes'`);
    expect(await problemOf(other.call('POST /api/v1/topics', { body, headers }))).toMatchObject({
      ...{ status: 504, reason: 'OUTCOME_UNKNOWN' },
    });
    await database.sql(`UPDATE api_requests SET begun_at = begun_at - interval '2 days'`);
    await problemOf(other.call('POST /api/v1/topics', { body, headers }));
    expect(await database.sql('SELECT * FROM api_requests')).toEqual([]);
  });

  test('is free again after a refusal that changed nothing', async () => {
    const headers = { 'idempotency-key': 'after-a-refusal' };
    await makeTopic('in-the-way');
    const body = { name: 'in-the-way', partitions: 1 };
    expect((await problemOf(api.call('POST /api/v1/topics', { body, headers }))).status).toBe(409);
    await api.call('DELETE /api/v1/topics/{name}', { path: { name: 'in-the-way' } });
    expect((await api.call('POST /api/v1/topics', { body, headers })).status).toBe(201);
  });
});
