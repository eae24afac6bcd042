import { createServer } from 'node:net';
import { StreamError } from '@streamhouse/core/errors.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Metadata } from '../port.ts';
import { createTestDatabase, type TestDatabase } from './database.test-support.ts';
import { registerAgent, SETTINGS, soon } from './log.test-support.ts';

let database: TestDatabase;
let metadata: Metadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
});

afterAll(() => database[Symbol.asyncDispose]());

async function failureOf(url: string): Promise<StreamError> {
  const unusable = await database.open({ url });
  const error = await unusable.check(soon()).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StreamError)) throw new Error('expected a StreamError', { cause: error });
  return error;
}

function changed(change: (url: URL) => void): string {
  const url = new URL(database.url);
  change(url);
  return url.href;
}

describe('B-18: a database that cannot be used is named with its cause, never with the password', () => {
  test('a wrong password', async () => {
    const error = await failureOf(changed((url) => void (url.password = 'canary-secret')));
    expect(error).toMatchObject({ kind: 'unauthorized', reason: 'POSTGRES_LOGIN' });
    expect(error.message).toContain(new URL(database.url).host);
    expect(error.message).not.toContain('canary-secret');
  });

  test('an unknown database', async () => {
    const error = await failureOf(changed((url) => void (url.pathname = 'nowhere')));
    expect(error).toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_DATABASE_MISSING' });
    expect(error.message).toContain('nowhere');
  });

  test('a port where nothing listens', async () => {
    const port = await freePort();
    const error = await failureOf(changed((url) => void (url.port = String(port))));
    expect(error).toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_UNREACHABLE' });
    expect(error.message).toContain(`:${port}`);
    expect(error.message).toContain('ECONNREFUSED');
  });

  test('a server that accepts and never answers', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address!.port : 0;
    const error = await failureOf(`postgres://a:b@127.0.0.1:${port}/c`);
    server.close();
    expect(error).toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_UNREACHABLE' });
  });

  test('a URL that is none', async () => {
    const opening = database.open({ url: 'postgres//user:canary-secret@host' });
    const error = await opening.then(
      () => undefined,
      (reason: unknown) => reason as StreamError,
    );
    expect(error).toMatchObject({ kind: 'invalid', reason: 'POSTGRES_URL' });
    expect(error!.message).not.toContain('canary-secret');
  });

  test('a read-only database', async () => {
    await using readOnly = await createTestDatabase();
    await readOnly.sql(
      `DO $$ BEGIN EXECUTE format(
        'ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$`,
    );
    const unusable = await readOnly.open();
    const reason = 'POSTGRES_READ_ONLY';
    await expect(unusable.check(soon())).rejects.toMatchObject({ kind: 'unavailable', reason });
    const creating = unusable.topics.create('t', 1, SETTINGS, soon());
    await expect(creating).rejects.toMatchObject({ kind: 'unavailable', reason });
  });

  test('a database without the schema', async () => {
    await using empty = await createTestDatabase('empty');
    const unusable = await empty.open();
    await expect(unusable.check(soon())).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'SCHEMA_OLDER',
    });
  });
});

test('a schema that became newer is no fault for a program that already runs', async () => {
  await using upgraded = await createTestDatabase();
  const running = await upgraded.open();
  await running.check(soon());
  await upgraded.sql(`INSERT INTO schema_migrations VALUES (9999, '9999-later.sql', 'x')`);
  await expect(running.check(soon())).resolves.toBeUndefined();
});

test('the cluster has one id, made with the schema', async () => {
  const id = await metadata.clusterId(soon());
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  const other = await database.open();
  expect(await other.clusterId(soon())).toBe(id);
});

test('I-40: after its connections were cut the next call works', async () => {
  const own = await database.open({ poolSize: 3 });
  const before = await Promise.all([1, 2, 3].map(() => own.topics.list(soon())));
  await database.sql(`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  await expect.poll(() => own.topics.list(soon()), { timeout: 2_000 }).toEqual(before[0]);
});

test('I-40: calls that are aborted while they wait give their connections back', async () => {
  const own = await database.open({ poolSize: 2 });
  const me = await registerAgent(own);
  const client = await database.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM agent_heartbeats WHERE incarnation = $1 FOR UPDATE', [me]);
  const caller = new AbortController();
  const renewals = [1, 2, 3, 4].map(() => own.agents.renew(me, caller.signal));
  caller.abort();
  for (const renewal of await Promise.allSettled(renewals)) {
    expect(renewal).toMatchObject({ status: 'rejected', reason: { reason: 'ABORTED' } });
  }
  await client.query('ROLLBACK');
  expect(await own.agents.renew(me, soon())).toBe(true);
});

test('after it was disposed of, once or twice, a call fails', async () => {
  const own = await database.open();
  await own.topics.list(soon());
  await own[Symbol.asyncDispose]();
  await own[Symbol.asyncDispose]();
  await expect(own.topics.list(soon())).rejects.toMatchObject({ kind: 'unavailable' });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? address!.port : 0;
}
