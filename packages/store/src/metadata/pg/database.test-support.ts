import { createHash, randomUUID } from 'node:crypto';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { Client, type QueryResultRow } from 'pg';
import { inject } from 'vitest';
import type { OperatorMetadata } from '../port.ts';
import { openPgMetadata } from './metadata.ts';
import { migrate, readMigrations } from './migrate.ts';

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Runs SQL as the superuser, on one connection that is not the product's. */
  sql<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Another connection of that kind, closed with the database. */
  connect(): Promise<Client>;
  /** The product on this database, closed with it. */
  open(options?: { readonly url?: string; readonly poolSize?: number }): Promise<OperatorMetadata>;
}

/** A database of its own, dropped on dispose: migrated (6 ms, from a template), or empty. */
export async function createTestDatabase(
  kind: 'migrated' | 'empty' = 'migrated',
): Promise<TestDatabase> {
  const base = inject('postgresUrl');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await using admin = await connect(base);
  const template = kind === 'migrated' ? await ensureTemplate(admin.client, base) : 'template0';
  await admin.client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = urlOf(base, name);

  const parts = new AsyncDisposableStack();
  parts.defer(async () => {
    await using last = await connect(base);
    await last.client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  });
  const { client } = parts.use(await connect(url));
  return {
    url,
    async sql<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) {
      const { rows } = await client.query<Row>(text, [...values]);
      return rows;
    },
    connect: async () => parts.use(await connect(url)).client,
    open: async (options = {}) =>
      parts.use(
        await openPgMetadata({
          url,
          applicationName: 'test',
          clock: systemClock,
          random: Math.random,
          onError: () => undefined,
          ...options,
        }),
      ),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Makes the template once per set of migrations, whoever comes first; the others wait. */
async function ensureTemplate(admin: Client, base: string): Promise<string> {
  const migrations = await readMigrations();
  const checksums = migrations.map((migration) => migration.checksum).join();
  const name = `template_${createHash('sha256').update(checksums).digest('hex').slice(0, 16)}`;
  await admin.query(`SELECT pg_advisory_lock(hashtext('streamhouse/test-template'))`);
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  if (rowCount === 0) {
    // A half-made one never has the template's name.
    await admin.query(`DROP DATABASE IF EXISTS ${name}_new`);
    await admin.query(`CREATE DATABASE ${name}_new TEMPLATE template0`);
    await migrate(urlOf(base, `${name}_new`), AbortSignal.timeout(30_000));
    await admin.query(`ALTER DATABASE ${name}_new RENAME TO ${name}`);
  }
  await admin.query(`SELECT pg_advisory_unlock(hashtext('streamhouse/test-template'))`);
  return name;
}

function urlOf(base: string, database: string): string {
  const url = new URL(base);
  url.pathname = database;
  return url.href;
}

async function connect(url: string): Promise<AsyncDisposable & { readonly client: Client }> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

/** Resolves once `count` statements wait for a lock in this database. */
export async function untilBlocked(database: TestDatabase, count: number): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  for (;;) {
    const pids = await blockedPids(database);
    if (pids.length === count) return;
    signal.throwIfAborted();
  }
}

/** Backends that wait for a lock in this database. */
export async function blockedPids(database: TestDatabase): Promise<number[]> {
  const rows = await database.sql<{ pid: number }>(`
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' ORDER BY query_start`);
  return rows.map((row) => row.pid);
}
