import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Metadata } from '../port.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from './database.test-support.ts';
import { SETTINGS, soon } from './log.test-support.ts';

let database: TestDatabase;
let metadata: Metadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
});

afterAll(() => database[Symbol.asyncDispose]());

describe('create', () => {
  test('of a name that somebody is about to make waits for the outcome', async () => {
    const client = await database.connect();
    await client.query('BEGIN');
    await client.query('SELECT create_topic($1, 1, $2, 10000)', ['once', SETTINGS]);
    const creating = metadata.topics.create('once', 1, SETTINGS, soon()).catch((error) => error);
    await untilBlocked(database, 1);
    await client.query('COMMIT');
    expect(await creating).toMatchObject({ kind: 'alreadyExists', reason: 'TOPIC_EXISTS' });
  });
});
