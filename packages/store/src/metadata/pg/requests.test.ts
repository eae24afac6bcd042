import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperatorMetadata } from '../port.ts';
import { createTestDatabase, type TestDatabase } from './database.test-support.ts';
import { soon } from './log.test-support.ts';

let database: TestDatabase;
let metadata: OperatorMetadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open({ poolSize: 8 });
});
afterAll(() => database?.[Symbol.asyncDispose]());

test('a request is begun by one of many who ask at once, and its answer is that of all who come later', async () => {
  const { requests } = metadata;
  const asked = Array.from({ length: 20 }, () => requests.begin('one', 'print', soon()));
  const kinds = (await Promise.all(asked)).map(({ kind }) => kind).toSorted();
  expect(kinds).toEqual(['begun', ...Array.from({ length: 19 }, () => 'running')]);
  await requests.finish('one', '{"status":200}', soon());
  expect(await requests.begin('one', 'print', soon())).toEqual({
    kind: 'done',
    answer: '{"status":200}',
  });
  expect(await requests.begin('one', 'another', soon())).toEqual({ kind: 'other' });
});

test('one that changed nothing can be begun again, and one of a day ago is forgotten', async () => {
  const { requests } = metadata;
  await requests.begin('refused', 'print', soon());
  await requests.forget('refused', soon());
  expect(await requests.begin('refused', 'other', soon())).toEqual({ kind: 'begun' });
  await database.sql(`UPDATE api_requests SET begun_at = begun_at - interval '25 hours'`);
  await requests.begin('today', 'print', soon());
  expect(await database.sql('SELECT name FROM api_requests')).toEqual([{ name: 'today' }]);
});

test('one whose doer is gone stays unknown: it may have been done', async () => {
  const { requests } = metadata;
  await requests.begin('lost', 'print', soon());
  await database.sql(`UPDATE api_requests SET begun_at = begun_at - interval '61 seconds'`);
  expect(await requests.begin('lost', 'print', soon())).toEqual({ kind: 'unknown' });
});
