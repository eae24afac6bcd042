import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { StreamError } from '@streamhouse/core/errors.ts';
import { Client } from 'pg';
import { clientConfig, placeOf } from './connection.ts';
import { connectFailure, statementFailure } from './errors.ts';

const FOLDER = new URL('../../../migrations/', import.meta.url);
const FILE_NAME = /^(\d{4})-[a-z0-9-]+\.sql$/;

/** Every process that migrates this database takes turns on it: the bytes of "strmhs". */
export const ADVISORY_LOCK = 0x7374726d6873;
/** Milliseconds to wait for other migrators. */
const TURN_MS = 60_000;
/** Milliseconds to wait for a table: behind us everybody who uses it waits as well. */
const TABLE_LOCK_MS = 5_000;

/** One file `NNNN-name.sql`. Numbers start at 1 and have no gaps. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text with `\n` as line ends, in hex. */
  readonly checksum: string;
}

export interface AppliedMigration {
  readonly version: number;
  readonly checksum: string;
}

/**
 * Brings the schema to the newest version, one transaction per file, forward only. Safe when many processes start at once.
 *
 * @throws StreamError `conflict` SCHEMA_NEWER or SCHEMA_CHANGED, before anything is changed; `unavailable` when the
 *   database cannot be reached or a table stays locked; `indefinite` when the connection was lost: call it again.
 */
export async function migrate(url: string, signal: AbortSignal): Promise<void> {
  const place = placeOf(url);
  const migrations = await readMigrations();
  const config = clientConfig({ url, applicationName: 'streamhouse-migrate' });
  const client = new Client({ ...config, statement_timeout: 0, query_timeout: 0 });
  client.on('error', () => undefined);
  await client.connect().catch((error: unknown) => {
    throw connectFailure(error, place);
  });
  const stop = (): void => void client.end();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (const migration of migrations) {
      signal.throwIfAborted();
      await apply(client, migration, migrations);
    }
  } catch (error) {
    throw error instanceof StreamError ? error : statementFailure(error, place, 'write');
  } finally {
    signal.removeEventListener('abort', stop);
    await client.end();
  }
}

async function apply(
  client: Client,
  migration: Migration,
  known: readonly Migration[],
): Promise<void> {
  await client.query('BEGIN');
  await client.query(`SET LOCAL lock_timeout = ${TURN_MS}`);
  await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
  await client.query(`
    CREATE TABLE IF NOT EXISTS schema_migrations (
      version integer PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
  const { rows } = await client.query<AppliedMigration>(APPLIED);
  compareSchema(rows, known);
  if (!rows.some((row) => row.version === migration.version)) {
    await client.query(`SET LOCAL lock_timeout = ${TABLE_LOCK_MS}`);
    await client.query(migration.sql);
    await client.query(
      'INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)',
      [migration.version, migration.name, migration.checksum],
    );
  }
  await client.query('COMMIT');
}

/** Reads what was applied. Fails with SQLSTATE 42P01 in a database that was never migrated. */
export const APPLIED = 'SELECT version, checksum FROM schema_migrations ORDER BY version';

/**
 * Fails when the schema is not the one of this code.
 *
 * @throws StreamError `unavailable` SCHEMA_OLDER, which a migration mends; `conflict` SCHEMA_NEWER or SCHEMA_CHANGED.
 */
export async function checkSchema(applied: readonly AppliedMigration[]): Promise<void> {
  const migrations = await readMigrations();
  compareSchema(applied, migrations);
  if (applied.length < migrations.length) {
    const versions = `the database has schema version ${applied.length}, this program needs ${migrations.length}`;
    const message = `${versions}: wait for the migration or run it`;
    throw new StreamError('unavailable', 'SCHEMA_OLDER', message, { retryAfterMs: 1_000 });
  }
}

function compareSchema(applied: readonly AppliedMigration[], known: readonly Migration[]): void {
  for (const { version, checksum } of applied) {
    const migration = known[version - 1];
    if (migration === undefined) {
      const message = `the database has schema version ${version}, this program knows ${known.length}: use a newer program`;
      throw new StreamError('conflict', 'SCHEMA_NEWER', message);
    }
    if (migration.checksum !== checksum) {
      const message = `migration ${migration.name} is not the one that the database was made with`;
      throw new StreamError('conflict', 'SCHEMA_CHANGED', message);
    }
  }
}

/** The migrations that this code knows, by version. */
export async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => FILE_NAME.test(name)).toSorted();
  return Promise.all(names.map(readMigration));
}

async function readMigration(name: string, index: number): Promise<Migration> {
  const version = Number(FILE_NAME.exec(name)?.[1]);
  if (version !== index + 1) {
    throw new StreamError(
      'internal',
      'MIGRATION_GAP',
      `expected migration ${index + 1}, found ${name}`,
    );
  }
  // A checkout with other line ends is the same migration.
  const sql = (await readFile(new URL(name, FOLDER), 'utf8')).replaceAll('\r\n', '\n');
  const checksum = createHash('sha256').update(sql).digest('hex');
  return { version, name, sql, checksum };
}
