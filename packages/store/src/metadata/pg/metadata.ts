import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { OperatorMetadata } from '../port.ts';
import { PgAgents } from './agents.ts';
import { PgCatalogue } from './catalogue.ts';
import { PgChanges } from './changes.ts';
import type { PgOptions } from './connection.ts';
import { Database, type Statement } from './database.ts';
import { PgGroups } from './groups.ts';
import { PgLeases } from './leases.ts';
import { PgLog } from './log.ts';
import { APPLIED, type AppliedMigration, checkSchema } from './migrate.ts';
import { PgOperator } from './operator.ts';
import { PgStats } from './stats.ts';
import { PgRequests } from './requests.ts';
import { PgTickets } from './tickets.ts';
import { PgTopics } from './topics.ts';

/** Connections for publishing: one at work, and one for a request that comes again while the first one hangs. */
const PUBLISH_CONNECTIONS = 2;
const POOL_SIZE = 4;

const UNDEFINED_TABLE = '42P01';

const STATE: Statement = {
  name: 'server-state',
  text: `
    SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS "isReadOnly"`,
};

const SCHEMA: Statement = { name: 'schema-version', text: APPLIED };

const CLUSTER_ID: Statement = {
  name: 'cluster-id',
  text: 'SELECT cluster_id AS "clusterId" FROM cluster',
};

export interface PgMetadataOptions extends PgOptions {
  /** Connections for everything but publishing and listening. */
  readonly poolSize?: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of lost connections that are made again by themselves. */
  readonly onError: (error: unknown) => void;
}

/**
 * Opens the metadata in a database that `migrate` has brought up to date. Connects when it is first used, so that it can
 * be opened while Postgres is down: `check` tells whether it can be used.
 *
 * @throws StreamError `invalid` POSTGRES_URL.
 */
export async function openPgMetadata(options: PgMetadataOptions): Promise<OperatorMetadata> {
  await using parts = new AsyncDisposableStack();
  const publishing = parts.use(new Database({ ...options, size: PUBLISH_CONNECTIONS }));
  const database = parts.use(new Database({ ...options, size: options.poolSize ?? POOL_SIZE }));
  const changes = parts.use(new PgChanges(options));
  const owned = parts.move();
  // Newer programs extend the schema so that this one still runs: once it fitted, a later version is no fault.
  let isSchemaKnown = false;

  return {
    topics: new PgTopics(database),
    agents: new PgAgents(database),
    leases: new PgLeases(database),
    log: new PgLog(publishing, database),
    groups: new PgGroups(database),
    stats: new PgStats(database),
    catalogue: new PgCatalogue(database),
    requests: new PgRequests(database),
    tickets: new PgTickets(database),
    rehearsal: new PgTopics(database.rehearsal()),
    operator: new PgOperator(database),
    changes,
    async check(signal) {
      await checkWritable(database, signal);
      if (!isSchemaKnown) await checkSchema(await appliedMigrations(database, signal));
      isSchemaKnown = true;
    },
    async clusterId(signal) {
      const [row] = await database.read<{ clusterId: string }>(CLUSTER_ID, [], signal);
      if (row === undefined)
        throw new StreamError('corrupt', 'NO_CLUSTER', 'the cluster has no id');
      return row.clusterId;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function checkWritable(database: Database, signal: AbortSignal): Promise<void> {
  const [row] = await database.read<{ isReadOnly: boolean }>(STATE, [], signal);
  if (row?.isReadOnly !== false) {
    const message = 'Postgres is read-only, a standby perhaps: use the URL of the primary';
    throw new StreamError('unavailable', 'POSTGRES_READ_ONLY', message);
  }
}

async function appliedMigrations(
  database: Database,
  signal: AbortSignal,
): Promise<readonly AppliedMigration[]> {
  try {
    return await database.read<{ version: number; checksum: string }>(SCHEMA, [], signal);
  } catch (error) {
    if (error instanceof StreamError && error.details['sqlState'] === UNDEFINED_TABLE) return [];
    throw error;
  }
}
