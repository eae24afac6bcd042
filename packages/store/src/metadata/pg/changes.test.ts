import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenTo } from '../conformance/changes.test-support.ts';
import type { Metadata } from '../port.ts';
import { createTestDatabase, type TestDatabase } from './database.test-support.ts';
import { registerAgent } from './log.test-support.ts';

let database: TestDatabase;
let metadata: Metadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
});

afterAll(() => database[Symbol.asyncDispose]());

test('after a lost connection it listens again and tells all of them', async () => {
  const stop = new AbortController();
  const next = await listenTo(metadata, stop.signal);
  await database.sql(`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'LISTEN%'`);
  expect(await next(4)).toEqual(['agents', 'groups', 'leases', 'topics']);
  await registerAgent(metadata);
  expect(await next(1)).toEqual(['agents']);
  stop.abort();
});

test('it keeps trying to connect until the signal aborts', async () => {
  const url = new URL(database.url);
  url.password = 'wrong';
  const unusable = await database.open({ url: url.href });
  const stop = new AbortController();
  const listening = unusable.changes.listen(() => undefined, stop.signal);
  stop.abort(new Error('enough'));
  await expect(listening).rejects.toThrow('enough');
});
