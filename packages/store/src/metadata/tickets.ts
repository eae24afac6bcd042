/** What is kept of a ticket. */
export interface TicketEntry {
  /** Stands for it, and does not tell it. */
  readonly name: string;
  readonly sealed: string;
}

export interface TicketBounds {
  /** Milliseconds that it is taken. */
  readonly liveMs: number;
  /** That are kept at a time. One more, and the oldest is forgotten. */
  readonly ticketsMax: number;
}

/** Tickets that are given by one operator and taken by any. */
export interface TicketStore {
  /** Keeps one. Resolves to when it is no longer taken, in milliseconds by the clock of Postgres, which decides. */
  give(entry: TicketEntry, bounds: TicketBounds, signal: AbortSignal): Promise<number>;
  /** What was sealed, for the first who asks in time; undefined for everyone else. */
  take(name: string, signal: AbortSignal): Promise<string | undefined>;
}
