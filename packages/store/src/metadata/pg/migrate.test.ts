import { expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase, untilBlocked } from './database.test-support.ts';
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
