import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Metadata } from '../port.ts';
import { createTestDatabase, type TestDatabase } from './database.test-support.ts';
import { registerAgent, soon } from './log.test-support.ts';
import { openProxy } from './proxy.test-support.ts';
import { openRenewer } from './renewer.ts';

let database: TestDatabase;
let metadata: Metadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
});

afterAll(() => database[Symbol.asyncDispose]());

test('renews until the session is fenced', async () => {
  await using renewer = openRenewer({ url: database.url, applicationName: 'renewer' });
  const me = await registerAgent(metadata);
  expect(await renewer.renew(me)).toBe(true);
  await metadata.agents.fence(me, undefined, soon());
  expect(await renewer.renew(me)).toBe(false);
});

test('fails in less than a second when a statement waits, then goes on', async () => {
  await using renewer = openRenewer({ url: database.url, applicationName: 'renewer' });
  const me = await registerAgent(metadata);
  await renewer.renew(me);
  const client = await database.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM agent_heartbeats WHERE incarnation = $1 FOR UPDATE', [me]);
  await expect(renewer.renew(me)).rejects.toMatchObject({ kind: 'unavailable' });
  await client.query('ROLLBACK');
  expect(await renewer.renew(me)).toBe(true);
});

test('fails in less than a second when the connection hangs, then uses another one', async () => {
  await using proxy = await openProxy(database.url);
  await using renewer = openRenewer({ url: proxy.url, applicationName: 'renewer' });
  const me = await registerAgent(metadata);
  await renewer.renew(me);
  proxy.holdAnswers();
  await expect(renewer.renew(me)).rejects.toMatchObject({ kind: 'indefinite' });
  expect(await renewer.renew(me)).toBe(true);
});

test('connects again when its connection was cut between two renewals', async () => {
  await using renewer = openRenewer({ url: database.url, applicationName: 'cut-renewer' });
  const me = await registerAgent(metadata);
  await renewer.renew(me);
  const mine = `FROM pg_stat_activity WHERE application_name = 'cut-renewer'`;
  await database.sql(`SELECT pg_terminate_backend(pid) ${mine}`);
  await expect.poll(() => database.sql(`SELECT ${mine}`)).toEqual([]);
  // The first one may still be sent on the old connection, before this process has read that it is over.
  const first = await renewer.renew(me).catch((error: unknown) => error);
  if (first !== true) expect(first).toMatchObject({ kind: 'indefinite' });
  expect(await renewer.renew(me)).toBe(true);
});

test('B-18: names a server that cannot be reached', async () => {
  const url = new URL(database.url);
  url.password = 'canary-secret';
  await using renewer = openRenewer({ url: url.href, applicationName: 'renewer' });
  const me = await registerAgent(metadata);
  await expect(renewer.renew(me)).rejects.toMatchObject({
    kind: 'unauthorized',
    message: expect.not.stringContaining('canary-secret'),
  });
});
