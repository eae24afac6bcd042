import { StreamError } from '@streamhouse/core/errors.ts';
import { type ClientConfig, types } from 'pg';

/** Milliseconds until a connection stands, the wait for a free one of the pool included. */
const CONNECT_MS = 2_000;
/** Milliseconds after which the server gives a statement up. Shorter than ours, so that its answer is a definite one. */
const STATEMENT_MS = 5_000;
/** Milliseconds after which we give the connection up. */
const QUERY_MS = 6_000;
const KEEPALIVE_MS = 5_000;

const INT8_OID = 20;
const INT8_ARRAY_OID = 1016;

export interface PgOptions {
  /** `postgres://user:password@host:port/database`, of a server, not of a pooler in transaction mode. */
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
}

/** How we connect. Check the URL first, with `placeOf`. */
export function clientConfig(options: PgOptions): ClientConfig {
  return {
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: QUERY_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_MS,
    types: { getTypeParser },
  };
}

/**
 * Names a server for messages, as `host:port`: never the user or the password.
 *
 * @throws StreamError `invalid` POSTGRES_URL.
 */
export function placeOf(url: string): string {
  // The error of the parser would show the whole text, password included.
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'postgres:' && parsed?.protocol !== 'postgresql:') {
    const shape = 'postgres://user:password@host:port/database';
    throw new StreamError('invalid', 'POSTGRES_URL', `the URL of Postgres must look like ${shape}`);
  }
  const host = decodeURIComponent(parsed.hostname) || parsed.searchParams.get('host');
  return `${host ?? 'localhost'}:${parsed.port || '5432'}`;
}

/** Reads int8 as a checked number; everything else as pg does. */
const getTypeParser = ((oid: number, format?: 'text') => {
  if (oid === INT8_OID) return int8;
  if (oid === INT8_ARRAY_OID) return int8Array;
  return types.getTypeParser(oid, format);
}) as typeof types.getTypeParser;

function int8(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new StreamError('corrupt', 'INTEGER_TOO_LARGE', `Postgres returned ${text}, past 2^53`);
}

/** Of one dimension and without nulls: `{1,2}`. */
function int8Array(text: string): number[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',').map(int8);
}
