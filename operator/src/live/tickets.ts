/** Tickets for sockets: each stands for the headers of the request that asked for it, once and not for long. */
import { randomBytes } from 'node:crypto';
import type { LiveTicket } from '@streamhouse/api/rest/session.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { Asked } from '../http/handler.ts';

/** Milliseconds that a ticket is taken. */
const TICKET_MS = 30_000;
/** Too many to be guessed. */
const TICKET_BYTES = 32;

type Headers = Asked['http']['headers'];

export class LiveTickets {
  readonly #clock: Clock;
  readonly #given = new Map<string, { readonly headers: Headers; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For whoever has sent these headers. */
  give({ headers }: Pick<Asked['http'], 'headers'>): LiveTicket {
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    const { authorization, cookie } = headers;
    const untilMs = this.#clock.monotonicMs() + TICKET_MS;
    this.#given.set(ticket, { headers: { authorization, cookie }, untilMs });
    const oldest = this.#given.keys().next().value;
    if (this.#given.size > LIMITS.liveTicketsMax && oldest !== undefined)
      this.#given.delete(oldest);
    return { ticket, expiresAt: this.#clock.wallMs() + TICKET_MS };
  }

  /** The headers that a ticket stands for; undefined when it was taken before, is too old, or was never given. */
  take(ticket: string): Headers | undefined {
    const given = this.#given.get(ticket);
    this.#given.delete(ticket);
    return given !== undefined && this.#clock.monotonicMs() < given.untilMs
      ? given.headers
      : undefined;
  }
}
