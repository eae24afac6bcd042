import { Pool, type PoolClient, type QueryConfig, type QueryResult, type QueryResultRow } from 'pg';
import { clientConfig, type PgOptions, placeOf } from './connection.ts';
import {
  connectFailure,
  type Effect,
  interrupted,
  isConnectionUsable,
  statementFailure,
} from './errors.ts';

/** Prepared once per connection. The name is unique among all statements. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Where statements go. */
export type Statements = Pick<Database, 'read' | 'write'>;

export interface DatabaseOptions extends PgOptions {
  /** Connections at most. */
  readonly size: number;
  /** Told of idle connections that were lost. */
  readonly onError: (error: unknown) => void;
}

type Value = string | number | boolean | null | readonly (string | null)[];

/**
 * A pool in which every call is one statement and so one transaction: no call holds a lock while it waits for us.
 * Errors are StreamErrors; after anything but a plain error of the server the connection is given up.
 */
export class Database {
  readonly #pool: Pool;
  readonly #place: string;
  #isEnded = false;

  constructor(options: DatabaseOptions) {
    this.#place = placeOf(options.url);
    this.#pool = new Pool({ ...clientConfig(options), max: options.size });
    this.#pool.on('error', options.onError);
    // A connection that breaks while it is lent out says so twice: through its statement and here.
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /** Rows of a statement that changes nothing. */
  read<Row extends QueryResultRow>(
    statement: Statement,
    values: readonly Value[],
    signal: AbortSignal,
  ): Promise<readonly Row[]> {
    return this.#run<Row>('read', statement, values, signal);
  }

  /** Rows of a statement that changes something: `indefinite` when it is not known whether it did. */
  write<Row extends QueryResultRow>(
    statement: Statement,
    values: readonly Value[],
    signal: AbortSignal,
  ): Promise<readonly Row[]> {
    return this.#run<Row>('write', statement, values, signal);
  }

  /** The same statements, each undone at once: what they would answer, and nothing else. */
  rehearsal(): Statements {
    const run: Statements['write'] = (statement, values, signal) =>
      this.#run('read', statement, values, signal, rehearsed);
    return { read: run, write: run };
  }

  /** Waits for what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#pool.end();
  }

  #run<Row extends QueryResultRow>(
    effect: Effect,
    statement: Statement,
    values: readonly Value[],
    signal: AbortSignal,
    send: Send = sent,
  ): Promise<readonly Row[]> {
    let isSent = false;
    const work = async (): Promise<readonly Row[]> => {
      const client = await this.#connect();
      if (signal.aborted) {
        // The caller was told that nothing was done.
        client.release();
        throw interrupted(isSent, effect, signal.reason);
      }
      isSent = true;
      return this.#query<Row>(client, effect, statement, values, send);
    };
    if (signal.aborted) return Promise.reject(interrupted(isSent, effect, signal.reason));
    return untilAborted(work(), signal, () => interrupted(isSent, effect, signal.reason));
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw connectFailure(error, this.#place);
    }
  }

  async #query<Row extends QueryResultRow>(
    client: PoolClient,
    effect: Effect,
    statement: Statement,
    values: readonly Value[],
    send: Send,
  ): Promise<readonly Row[]> {
    try {
      const { rows } = await send(client, { ...statement, values: [...values] });
      client.release();
      return rows as Row[];
    } catch (error) {
      client.release(!isConnectionUsable(error));
      throw statementFailure(error, this.#place, effect);
    }
  }
}

type Send = (client: PoolClient, query: QueryConfig) => Promise<QueryResult>;

const sent: Send = (client, query) => client.query(query);

/** In a transaction that never becomes visible; its notifications are not sent either. */
const rehearsed: Send = async (client, query) => {
  await client.query('BEGIN');
  try {
    return await client.query(query);
  } finally {
    await client.query('ROLLBACK');
  }
};

function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  abortError: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortError());
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (then: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      then();
    };
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
