import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Metadata } from '../port.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from './database.test-support.ts';
import { registerAgent, soon } from './log.test-support.ts';

let database: TestDatabase;
let metadata: Metadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
});

afterAll(() => database[Symbol.asyncDispose]());

test('I-06: of ten processes that start with the same id at once, one lives', async () => {
  const own = await database.open({ poolSize: 10 });
  const all = await Promise.all(Array.from({ length: 10 }, () => registerAgent(own, 'agent-1')));
  expect(new Set(all).size).toBe(10);
  const live = await metadata.agents.live(soon());
  const lives = live.filter((one) => one.agentId === 'agent-1').map((one) => one.incarnation);
  expect(lives).toEqual([Math.max(...all)]);
});

test('a renewal that meets a fence under way comes after it', async () => {
  const me = await registerAgent(metadata);
  const client = await database.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM agent_sessions WHERE incarnation = $1 FOR SHARE', [me]);
  const fencing = metadata.agents.fence(me, 0, soon());
  await untilBlocked(database, 1);
  const renewing = metadata.agents.renew(me, soon());
  await untilBlocked(database, 2);
  await client.query('ROLLBACK');
  expect(await fencing).toBe(true);
  expect(await renewing).toBe(false);
});
