/** Search in the records of a partition: what is found, what it may cost, and whose expressions they are. */
import type { Call } from '@streamhouse/api/rest/client.ts';
import type { SearchQuery } from '@streamhouse/api/rest/records.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { watchTurns } from '@streamhouse/operator/http/search/turns.test-support.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { problemOf, startRest, startRestOf } from '../harness/rest.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const ORDERS = 2_000;
const TURN_MS_MAX = 100;
const ANY = { topic: 'numbers', partition: 0, text: 'x' } as const;
/** An expression that is true of nothing and does not come to an end. */
const ENDLESS = 'json.exists(a, json.exists(b, json.exists(c, a + b + c < 0.0)))';

let cluster: Cluster;
let api: Awaited<ReturnType<typeof startRestOf>>;
let call: Call;

beforeAll(async () => {
  cluster = await startCluster({ agents: 1, objects: 'directory' });
  api = await startRestOf(cluster);
  ({ call } = api);
  await send(
    'orders',
    Array.from({ length: ORDERS }, (_, order) => ({
      key: `customer-${order % 7}`,
      value: order === 1_500 ? 'no JSON' : JSON.stringify({ order, total: order * 1.5 }),
      headers: [{ name: 'trace', value: `t-${order}` }],
      timestamp: 1_000 * (order + 1),
    })),
  );
  const numbers = JSON.stringify(Array.from({ length: 10_000 }, (_, index) => index));
  await send('numbers', [{ value: '[]' }, { value: numbers }, { value: '[-1]' }]);
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

async function send(topic: string, records: readonly { readonly value: string }[]): Promise<void> {
  await call('POST /api/v1/topics', { body: { name: topic, partitions: 1 } });
  const { data } = await call('POST /api/v1/produce/batch', { body: { topic, records } });
  expect(data.failed).toBe(0);
}

type Criteria = Omit<SearchQuery, 'topic' | 'partition'>;

async function search(query: Criteria, topic = 'orders') {
  return (await call('GET /api/v1/search', { query: { topic, partition: 0, ...query } })).data;
}

async function offsetsOf(query: Criteria): Promise<readonly number[]> {
  return (await search(query)).records.map(({ offset }) => offset);
}

describe('a search', () => {
  test('finds records by a text in any part of them', async () => {
    expect(await offsetsOf({ text: 'T-1234' })).toEqual([1_234]);
    expect(await offsetsOf({ text: '"order":77,' })).toEqual([77]);
    expect(await offsetsOf({ text: 'CUSTOMER-3', maxRecords: 3 })).toEqual([3, 10, 17]);
    const { records, ...rest } = await search({ text: 'no json' });
    expect(records).toEqual([
      {
        ...{ partition: 0, offset: 1_500, timestamp: 1_501_000 },
        ...{ key: 'customer-2', keyEncoding: 'utf8', value: 'no JSON', valueEncoding: 'utf8' },
        headers: [{ name: 'trace', value: 't-1500', encoding: 'utf8' }],
      },
    ]);
    expect(rest).toEqual({
      ...{ scanned: ORDERS, failed: 0, firstFailure: null, endedBy: 'end' },
      ...{ nextOffset: ORDERS, lowWatermark: 0, highWatermark: ORDERS },
    });
  });

  test('finds records of which an expression is true, and tells of how many it could not say', async () => {
    expect(await offsetsOf({ filter: 'has(json.total) && json.total == 150.0' })).toEqual([100]);
    expect(await offsetsOf({ filter: 'headers.trace == "t-9" || offset == 12' })).toEqual([9, 12]);
    expect(await offsetsOf({ filter: 'json == null', text: 'customer-2' })).toEqual([1_500]);
    const { records, failed, firstFailure } = await search({ filter: 'json.total > 2990.0' });
    expect(records).toHaveLength(6);
    expect([failed, firstFailure]).toEqual([
      1,
      { offset: 1_500, message: 'No such key: total (at character 6)' },
    ]);
  });

  test('begins where it is asked to, and goes on where it ended', async () => {
    const one = await search({ text: 'customer-5', offset: 100, maxRecords: 2 });
    expect(one.records.map(({ offset }) => offset)).toEqual([103, 110]);
    expect(one).toMatchObject({ endedBy: 'found', nextOffset: 111, scanned: 11 });
    expect(await offsetsOf({ text: 'customer-5', offset: 111, maxRecords: 1 })).toEqual([117]);
    const timestamp = 1_000 * (ORDERS - 7);
    expect(await offsetsOf({ text: 'customer-5', timestamp })).toEqual([
      1_993 + ((5 - (1_993 % 7) + 7) % 7),
    ]);
    expect(await search({ text: 'x', offset: ORDERS })).toMatchObject({
      endedBy: 'end',
      scanned: 0,
    });
  });

  test('ends with its budget of records', async () => {
    const values = Array.from({ length: LIMITS.apiBatchRecordsMax }, () => ({ value: 'x' }));
    await send('many', values);
    for (let sent = values.length; sent <= LIMITS.apiSearchRecordsMax; sent += values.length)
      await call('POST /api/v1/produce/batch', { body: { topic: 'many', records: values } });
    expect(await search({ text: 'y' }, 'many')).toMatchObject({
      ...{ endedBy: 'records', scanned: LIMITS.apiSearchRecordsMax },
      nextOffset: LIMITS.apiSearchRecordsMax,
    });
  });

  test('ends with its budget of bytes, and with an answer that is full', async () => {
    const value = 'x'.repeat(1_000_000);
    await call('POST /api/v1/topics', { body: { name: 'large', partitions: 1 } });
    for (let count = 0; count < 35; count++)
      await call('POST /api/v1/produce', { body: { topic: 'large', value } });
    const scanned = Math.ceil(LIMITS.apiSearchBytesMax / value.length);
    const longest: number[] = [];
    for (let run = 0; run < 3; run++) {
      using turns = watchTurns();
      expect(await search({ text: 'y' }, 'large')).toMatchObject({ endedBy: 'bytes', scanned });
      longest.push(turns.longestMs());
    }
    // The collection of garbage that others have left counts for one of them.
    expect(Math.min(...longest)).toBeLessThan(TURN_MS_MAX);
    const full = await search({ text: 'x' }, 'large');
    const count = Math.floor(LIMITS.apiAnswerBytesMax / value.length);
    expect(full).toMatchObject({ endedBy: 'found', scanned: count, nextOffset: count });
    expect(full.records).toHaveLength(count);
  });
});

describe('a request', () => {
  test('without anything to look for is refused', async () => {
    const problem = await problemOf(search({}));
    expect(problem).toMatchObject({ status: 400, errors: [{ path: 'query.text' }] });
  });

  test.each([
    ['json.total >', 'Unexpected token: EOF (at character 13)'],
    ['total > 1', 'Unknown variable: total (at character 1)'],
    ['offset + 1', 'has to be true or false, but is of the type int'],
  ])('with the expression %s is refused, and told why', async (filter, message) => {
    const problem = await problemOf(search({ filter }));
    expect(problem.status).toBe(400);
    expect(problem.errors).toEqual([{ path: 'query.filter', message }]);
  });

  test('with too long a text or expression is refused', async () => {
    const long = 'x'.repeat(LIMITS.apiSearchCharsMax + 1);
    const problem = await problemOf(search({ text: long, filter: long }));
    expect(problem.errors.map(({ path }) => path)).toEqual(['query.text', 'query.filter']);
  });

  test('leaves a line with who and what, and nothing of what was looked for', async () => {
    await search({ text: 'secret-text', filter: '"secret-literal" == key' });
    await problemOf(search({ filter: '"secret-literal" ==' }));
    const lines = api.lines.filter(({ audit }) => audit?.['operation'] === 'GET /api/v1/search');
    expect(lines.at(-2)?.audit).toMatchObject({ name: 'orders', status: 200 });
    expect(lines.at(-1)?.audit).toMatchObject({ name: 'orders', status: 400 });
    expect(JSON.stringify(api.lines)).not.toContain('secret-');
  });
});

describe('an expression without an end', () => {
  test('I-41: holds up nobody but its own search, which ends before the record', async () => {
    using turns = watchTurns();
    expect(await search({ filter: ENDLESS }, 'numbers')).toMatchObject({
      ...{ scanned: 1, nextOffset: 1, endedBy: 'time', records: [] },
    });
    expect(turns.longestMs()).toBeLessThan(TURN_MS_MAX);
    const problem = await problemOf(search({ filter: ENDLESS, offset: 1 }, 'numbers'));
    const message = 'takes too long, or too much memory, at offset 1';
    expect(problem.errors).toEqual([{ path: 'query.filter', message }]);
    expect(await search({ filter: ENDLESS, offset: 2 }, 'numbers')).toMatchObject({
      ...{ scanned: 1, nextOffset: 3, endedBy: 'end', records: [{ offset: 2 }] },
    });
  });
});

test('a search ends with those who asked for it, and leaves room for others', async () => {
  const { metadata } = api;
  let waiting = 0;
  // Whoever looks for an agent waits for as long as they like.
  const live = (signal: AbortSignal): Promise<never> => {
    waiting += 1;
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  };
  await using slow = await startRest({ ...metadata, agents: { ...metadata.agents, live } });
  const begin = async (): Promise<readonly AbortController[]> => {
    waiting = 0;
    const callers = Array.from({ length: LIMITS.apiSearchesMax }, () => new AbortController());
    for (const { signal } of callers)
      slow.call('GET /api/v1/search', { query: ANY, signal }).catch(() => undefined);
    await until(() => waiting === callers.length, AbortSignal.timeout(15_000));
    return callers;
  };
  const gone = () => slow.lines.filter(({ audit }) => audit?.['reason'] === 'CALLER_GONE').length;
  for (const round of [1, 2]) {
    const callers = await begin();
    const turnedAway = await problemOf(slow.call('GET /api/v1/search', { query: ANY }));
    expect(turnedAway).toMatchObject({ status: 429, reason: 'SEARCHES_BUSY', retryable: true });
    for (const caller of callers) caller.abort();
    await until(() => gone() === round * callers.length, AbortSignal.timeout(15_000));
  }
});
