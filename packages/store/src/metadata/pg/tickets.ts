import type { TicketBounds, TicketEntry, TicketStore } from '../tickets.ts';
import type { Database, Statement } from './database.ts';

const GIVE: Statement = {
  name: 'give-ticket',
  text: `
    SELECT floor(extract(epoch FROM give_ticket($1, $2, $3, $4)) * 1000)::bigint AS "expiresAtMs"`,
};

const TAKE: Statement = {
  name: 'take-ticket',
  text: `
    DELETE FROM live_tickets WHERE name = $1
    RETURNING sealed, expires_at > clock_timestamp() AS "isInTime"`,
};

export class PgTickets implements TicketStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async give(
    { name, sealed }: TicketEntry,
    { liveMs, ticketsMax }: TicketBounds,
    signal: AbortSignal,
  ): Promise<number> {
    const values = [name, sealed, liveMs, ticketsMax];
    const [row] = await this.#database.write<{ expiresAtMs: number }>(GIVE, values, signal);
    return row?.expiresAtMs ?? 0;
  }

  async take(name: string, signal: AbortSignal): Promise<string | undefined> {
    const [row] = await this.#database.write<{ sealed: string; isInTime: boolean }>(
      TAKE,
      [name],
      signal,
    );
    return row?.isInTime === true ? row.sealed : undefined;
  }
}
