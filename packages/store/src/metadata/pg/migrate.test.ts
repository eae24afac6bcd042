import { expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase, untilBlocked } from './database.test-support.ts';
import { SETTINGS } from './log.test-support.ts';
import { ADVISORY_LOCK, migrate, readMigrations } from './migrate.ts';

function soon(): AbortSignal {
  return AbortSignal.timeout(20_000);
}

async function versions(database: TestDatabase): Promise<number[]> {
  const rows = await database.sql<{ version: number }>(
    'SELECT version FROM schema_migrations ORDER BY version',
  );
  return rows.map((row) => row.version);
}

test('ten processes that migrate at once all succeed, and each file runs once', async () => {
  await using database = await createTestDatabase('empty');
  await Promise.all(Array.from({ length: 10 }, () => migrate(database.url, soon())));
  const known = await readMigrations();
  expect(await versions(database)).toEqual(known.map((migration) => migration.version));
  expect(await database.sql('SELECT FROM cluster')).toHaveLength(1);
});

test('migrating again keeps what is there', async () => {
  await using database = await createTestDatabase();
  const before = await database.sql('SELECT cluster_id FROM cluster');
  await migrate(database.url, soon());
  expect(await database.sql('SELECT cluster_id FROM cluster')).toEqual(before);
});

test('a schema newer than this program is refused and left as it is', async () => {
  await using database = await createTestDatabase();
  await database.sql(`INSERT INTO schema_migrations VALUES (9999, '9999-later.sql', 'x')`);
  await expect(migrate(database.url, soon())).rejects.toMatchObject({
    kind: 'conflict',
    reason: 'SCHEMA_NEWER',
  });
  const metadata = await database.open();
  await expect(metadata.check(soon())).rejects.toMatchObject({ reason: 'SCHEMA_NEWER' });
});

test('a migration that was changed after it ran is refused before anything else runs', async () => {
  await using database = await createTestDatabase();
  const known = await readMigrations();
  await database.sql(`UPDATE schema_migrations SET checksum = 'x' WHERE version = 1`);
  await database.sql('DELETE FROM schema_migrations WHERE version = $1', [known.length]);
  await expect(migrate(database.url, soon())).rejects.toMatchObject({
    kind: 'conflict',
    reason: 'SCHEMA_CHANGED',
    message: expect.stringContaining(known[0]!.name),
  });
  const metadata = await database.open();
  await expect(metadata.check(soon())).rejects.toMatchObject({ reason: 'SCHEMA_CHANGED' });
});

test('a file that fails leaves nothing of itself behind', async () => {
  await using database = await createTestDatabase('empty');
  // In the way of the last statement of the first file.
  await database.sql('CREATE TABLE producer_state ()');
  await expect(migrate(database.url, soon())).rejects.toMatchObject({ kind: 'internal' });
  const tables = await database.sql(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
  expect(tables).toEqual([{ tablename: 'producer_state' }]);
});

test('a migration stops waiting for its turn when the signal aborts', async () => {
  await using database = await createTestDatabase('empty');
  const caller = new AbortController();
  await database.sql('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
  const migrating = migrate(database.url, caller.signal).catch((error: unknown) => error);
  await untilBlocked(database, 1);
  caller.abort();
  expect(await migrating).toMatchObject({ kind: 'indefinite' });
  expect(await database.sql(`SELECT FROM pg_tables WHERE schemaname = 'public'`)).toEqual([]);
});

test('version 6 keeps topics and records, also for programs that were connected before', async () => {
  await using database = await createTestDatabase('empty');
  const known = await readMigrations();
  for (const { sql } of known.slice(0, 5)) await database.sql(sql);
  const old = await database.connect();
  const create = (name: string) =>
    old.query<{ id: string }>({
      name: 'create',
      text: 'SELECT topic_id AS id FROM create_topic($1, 2, $2, 100)',
      values: [name, SETTINGS],
    });
  const alter = (id: string, partitions: number) =>
    old.query({
      name: 'alter',
      text: 'SELECT name, partitions FROM alter_topic($1, $2, 100)',
      values: [id, { partitions }],
    });
  const remove = (id: string) =>
    old.query({ name: 'delete', text: 'SELECT delete_topic($1)', values: [id] });
  const [kept, gone] = [await create('kept'), await create('gone')].map(({ rows }) => rows[0]!.id);
  await alter(kept!, 3);
  await remove(gone!);
  // Nobody can follow an owner that has no name.
  await database.sql(`UPDATE topics SET owner_kind = 'kubernetes', owner_uid = 'u'`);

  for (const { sql } of known.slice(5)) await database.sql(sql);
  const { topics } = await database.open();
  expect(await topics.list(soon())).toMatchObject([
    { topicId: kept, name: 'kept', partitions: 3, ...SETTINGS, owner: { kind: 'api' } },
  ]);
  expect((await alter(kept!, 4)).rows).toEqual([{ name: 'kept', partitions: 4 }]);
  await remove(kept!);
  await create('kept');
  expect((await topics.list(soon())).map(({ topicId }) => topicId)).not.toContain(kept);
});
