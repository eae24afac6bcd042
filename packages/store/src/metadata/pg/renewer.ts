import { type Incarnation } from '@streamhouse/core/ids.ts';
import { Client } from 'pg';
import { RENEW } from './agents.ts';
import { clientConfig, type PgOptions, placeOf } from './connection.ts';
import { connectFailure, isConnectionUsable, statementFailure } from './errors.ts';

// All below one second: a renewal that hangs must fail while there is time for another one.
const CONNECT_MS = 900;
const STATEMENT_MS = 700;
const QUERY_MS = 900;

/** Moves one session's beat on, on a connection of its own: for a thread that nothing else can stall. */
export interface Renewer extends AsyncDisposable {
  /**
   * Resolves false when the session is fenced: stop. Connects first when there is no connection. One call at a time.
   *
   * @throws StreamError when the beat may not have moved; call again.
   */
  renew(incarnation: Incarnation): Promise<boolean>;
}

/** @throws StreamError `invalid` POSTGRES_URL. */
export function openRenewer(options: PgOptions): Renewer {
  const place = placeOf(options.url);
  const config = {
    ...clientConfig(options),
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: QUERY_MS,
  };
  let client: Client | undefined;

  async function connected(): Promise<Client> {
    if (client !== undefined) return client;
    const opened = new Client(config);
    const forget = (): void => {
      if (client === opened) client = undefined;
    };
    opened.on('error', forget);
    opened.on('end', forget);
    await opened.connect().catch((error: unknown) => {
      throw connectFailure(error, place);
    });
    client = opened;
    return opened;
  }

  async function close(): Promise<void> {
    const open = client;
    client = undefined;
    await open?.end();
  }

  return {
    async renew(incarnation) {
      const open = await connected();
      try {
        const { rowCount } = await open.query({ ...RENEW, values: [incarnation] });
        return rowCount === 1;
      } catch (error) {
        if (!isConnectionUsable(error)) await close();
        throw statementFailure(error, place, 'write');
      }
    },
    [Symbol.asyncDispose]: close,
  };
}
