/** B-13: a ticket for a socket, given by one operator and taken by another, each with connections of its own to Postgres. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MONITORING_PATH } from '@streamhouse/api/live.ts';
import { newApiKey, SCOPES } from '@streamhouse/operator/http/identity/api-keys.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RestApi, startRest } from '../harness/rest.ts';
import { upgrade } from '../harness/upgrade.ts';

vi.setConfig({ testTimeout: 60_000 });

const HMAC_KEY = randomBytes(32).toString('base64url');
const { key, entry } = newApiKey(HMAC_KEY, { name: 'jane', scopes: SCOPES, expiresAt: null });

const parts = new AsyncDisposableStack();
let keysFile: string;
let database: TestDatabase;
let giver: RestApi;
let taker: RestApi;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'));
  parts.defer(() => rm(folder, { recursive: true }));
  keysFile = join(folder, 'keys.json');
  await writeFile(keysFile, JSON.stringify({ hmacKey: HMAC_KEY, keys: [entry] }));
  database = parts.use(await createTestDatabase());
  giver = parts.use(await startRest(await database.open(), { keysFile }));
  taker = parts.use(await startRest(await database.open(), { keysFile }));
});
afterAll(() => parts.disposeAsync());

async function give(): Promise<{ ticket: string; expiresAt: number }> {
  const headers = { authorization: `Bearer ${key}` };
  return (await giver.call('POST /api/v1/session/tickets', { headers })).data;
}

/** 101 when it is let in. */
async function statusOf(api: RestApi, ticket: string): Promise<number | undefined> {
  const { status, socket } = await upgrade(`${api.url}${MONITORING_PATH}?ticket=${ticket}`);
  socket?.destroy();
  return status;
}

test('is taken once, by whichever comes first', async () => {
  const { ticket } = await give();
  expect(await statusOf(taker, ticket)).toBe(101);
  expect(await statusOf(taker, ticket)).toBe(401);
  expect(await statusOf(giver, ticket)).toBe(401);
});

test('is taken for half a minute by the clock of Postgres', async () => {
  const [{ now } = { now: 0 }] = await database.sql<{ now: number }>(
    'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now',
  );
  const { ticket, expiresAt } = await give();
  expect(expiresAt - now).toBeGreaterThan(29_999);
  expect(expiresAt - now).toBeLessThan(60_000);
  await database.sql(`UPDATE live_tickets SET expires_at = expires_at - interval '30 seconds'`);
  expect(await statusOf(taker, ticket)).toBe(401);
});

test('leaves nothing in Postgres that lets anybody in', async () => {
  const { ticket } = await give();
  const rows = await database.sql<{ name: string; sealed: string }>('SELECT * FROM live_tickets');
  expect(rows).toHaveLength(1);
  const { name = '', sealed = '' } = rows[0] ?? {};
  const bytes = Buffer.from(sealed, 'base64url').toString('latin1');
  const secret = key.slice(key.lastIndexOf('_') + 1);
  for (const kept of [JSON.stringify(rows), bytes])
    for (const told of [ticket, key, secret, 'Bearer']) expect(kept).not.toContain(told);
  for (const guess of [name, name.slice(0, 43), Buffer.from(name, 'hex').toString('base64url')])
    expect(await statusOf(taker, guess)).toBe(401);
  // What was sealed for one ticket is no use under another's name: the key is in the ticket.
  const other = await give();
  await database.sql(`DELETE FROM live_tickets WHERE name = $1`, [name]);
  await database.sql('UPDATE live_tickets SET sealed = $1', [sealed]);
  expect(await statusOf(taker, other.ticket)).toBe(500);
});
