import { randomUUID } from 'node:crypto';
import { chown, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from './account.ts';

export type PostgresSettings = Readonly<Record<string, string>>;

/** What differs from PostgreSQL's defaults, and why. */
const SETTINGS: PostgresSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  // The hot rows are few: partitions, leases, the newest batches.
  shared_buffers: '96MB',
  fsync: 'on',
  synchronous_commit: 'on',
  // Nothing is replicated from here, so the log carries only what a crash needs.
  wal_level: 'minimal',
  max_wal_senders: '0',
  wal_compression: 'on',
  min_wal_size: '80MB',
  max_wal_size: '1GB',
  // Publishing updates the same rows again and again: clean them early, a little at a time.
  autovacuum_naptime: '10s',
  autovacuum_vacuum_scale_factor: '0.05',
  autovacuum_vacuum_cost_delay: '1ms',
  // Small transactions: planning for parallel workers or compiled code only costs.
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  random_page_cost: '1.1',
  timezone: 'UTC',
  // One file per weekday, each begun anew a week later.
  logging_collector: 'on',
  log_filename: 'postgres-%a.log',
  log_rotation_age: '1d',
  log_rotation_size: '0',
  log_truncate_on_rotation: 'on',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
};

export interface ConfigurationOptions {
  readonly dataDirectory: string;
  readonly logFolder: string;
  readonly port: number;
  readonly account: Account | undefined;
  readonly settings: PostgresSettings;
}

/** Writes postgresql.conf whole: it belongs to this program, so a newer version of it brings its own values. */
export async function writeConfiguration(options: ConfigurationOptions): Promise<void> {
  const all = {
    ...SETTINGS,
    port: String(options.port),
    log_directory: options.logFolder,
    ...options.settings,
  };
  const lines = Object.entries(all).map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`,
  );
  const draft = join(options.dataDirectory, `postgresql.conf.${randomUUID()}`);
  await writeFile(draft, lines.join(''), { mode: 0o600 });
  if (options.account !== undefined) await chown(draft, options.account.uid, options.account.gid);
  await rename(draft, join(options.dataDirectory, 'postgresql.conf'));
}
