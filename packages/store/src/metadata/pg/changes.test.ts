import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Change } from '../changes.ts';
import type { Metadata } from '../port.ts';
import { createTestDatabase, type TestDatabase } from './database.test-support.ts';
import { holdTopic, registerAgent, SETTINGS, soon } from './log.test-support.ts';

let database: TestDatabase;
let metadata: Metadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
});

afterAll(() => database[Symbol.asyncDispose]());

/** Changes as they come; `next` resolves with all that came since the last call, once there are `count`. */
async function listen(signal: AbortSignal): Promise<(count: number) => Promise<Change[]>> {
  const seen: Change[] = [];
  let wake = (): void => undefined;
  const onChange = (change: Change): void => {
    seen.push(change);
    wake();
  };
  await metadata.changes.listen(onChange, signal);
  return async (count) => {
    while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return seen.splice(0).toSorted();
  };
}

test('each kind of change is told', async () => {
  const stop = new AbortController();
  const { me, held } = await holdTopic(metadata, 1);
  const next = await listen(stop.signal);
  await metadata.topics.create('told', 1, SETTINGS, soon());
  expect(await next(1)).toEqual(['topics']);
  await metadata.agents.drain(me, soon());
  expect(await next(1)).toEqual(['agents']);
  await metadata.leases.release(me, [{ ...held[0]!, heir: undefined }], soon());
  expect(await next(1)).toEqual(['leases']);
  await metadata.leases.takeover(me, held, soon());
  expect(await next(1)).toEqual(['leases']);
  await metadata.agents.fence(me, undefined, soon());
  expect(await next(2)).toEqual(['agents', 'leases']);
  await registerAgent(metadata);
  expect(await next(1)).toEqual(['agents']);
  await metadata.topics.delete(held[0]!.topicId, soon());
  expect(await next(2)).toEqual(['leases', 'topics']);
  stop.abort();
});

test('after a lost connection it listens again and tells all three', async () => {
  const stop = new AbortController();
  const next = await listen(stop.signal);
  await database.sql(`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'LISTEN%'`);
  expect(await next(3)).toEqual(['agents', 'leases', 'topics']);
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
