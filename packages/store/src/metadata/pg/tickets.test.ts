import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperatorMetadata } from '../port.ts';
import { createTestDatabase, type TestDatabase } from './database.test-support.ts';
import { soon } from './log.test-support.ts';

const BOUNDS = { liveMs: 30_000, ticketsMax: 100 };

let database: TestDatabase;
let metadata: OperatorMetadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open({ poolSize: 8 });
});
afterAll(() => database?.[Symbol.asyncDispose]());

async function give(name: string, bounds = BOUNDS): Promise<number> {
  return await metadata.tickets.give({ name, sealed: `sealed ${name}` }, bounds, soon());
}

async function names(): Promise<string[]> {
  const rows = await database.sql<{ name: string }>('SELECT name FROM live_tickets ORDER BY name');
  return rows.map(({ name }) => name);
}

test('a ticket is taken by one of many who ask at once, and by nobody after', async () => {
  const [{ now } = { now: 0 }] = await database.sql<{ now: number }>(
    'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
  );
  const expiresAtMs = await give('one');
  expect(expiresAtMs - now).toBeGreaterThanOrEqual(30_000);
  expect(expiresAtMs - now).toBeLessThan(40_000);
  const asked = Array.from({ length: 20 }, () => metadata.tickets.take('one', soon()));
  const found = (await Promise.all(asked)).filter((sealed) => sealed !== undefined);
  expect(found).toEqual(['sealed one']);
  expect(await metadata.tickets.take('one', soon())).toBeUndefined();
  expect(await metadata.tickets.take('never given', soon())).toBeUndefined();
});

test('one that is too old is not taken, and forgotten when another is given', async () => {
  await give('late');
  await give('later');
  await database.sql(`UPDATE live_tickets SET expires_at = expires_at - interval '30 seconds'`);
  expect(await metadata.tickets.take('late', soon())).toBeUndefined();
  expect(await names()).toEqual(['later']);
  await give('new');
  expect(await names()).toEqual(['new']);
});

test('beyond the bound the oldest go', async () => {
  await database.sql('DELETE FROM live_tickets');
  const bounds = { ...BOUNDS, ticketsMax: 3 };
  for (const name of ['1', '2', '3', '4', '5']) await give(name, bounds);
  expect(await names()).toEqual(['3', '4', '5']);
});
