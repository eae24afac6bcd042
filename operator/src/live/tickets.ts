/**
 * Tickets for sockets: each stands for the headers of the request that asked for it, once, not for long, and at any operator.
 * What Postgres keeps of one can be used by nobody who does not have it:
 *
 *   name    hex of SHA-256(ticket)
 *   sealed  base64url of: nonce, 12 bytes | tag, 16 bytes | AES-256-GCM(key, nonce, the headers as JSON)
 *   key     HKDF-SHA-256(ticket), used for this one ticket only
 */
import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from 'node:crypto';
import type { LiveTicket } from '@streamhouse/api/rest/session.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { TicketStore } from '@streamhouse/store/metadata/tickets.ts';
import type { Asked } from '../http/handler.ts';

/** Milliseconds that a ticket is taken. */
const TICKET_MS = 30_000;
/** Too many to be guessed. */
const TICKET_BYTES = 32;
const TICKET = /^[A-Za-z0-9_-]{43}$/;

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const KEY_USE = 'streamhouse live ticket';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

type Headers = Asked['http']['headers'];

export class LiveTickets {
  readonly #store: TicketStore;

  constructor(store: TicketStore) {
    this.#store = store;
  }

  /** For whoever has sent these headers. */
  async give(
    { headers }: Pick<Asked['http'], 'headers'>,
    signal: AbortSignal,
  ): Promise<LiveTicket> {
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    const { authorization, cookie } = headers;
    const entry = { name: nameOf(ticket), sealed: seal(ticket, { authorization, cookie }) };
    const bounds = { liveMs: TICKET_MS, ticketsMax: LIMITS.liveTicketsMax };
    return { ticket, expiresAt: await this.#store.give(entry, bounds, signal) };
  }

  /** The headers that a ticket stands for; undefined when it was taken before, is too old, or was never given. */
  async take(ticket: string, signal: AbortSignal): Promise<Headers | undefined> {
    if (!TICKET.test(ticket)) return undefined;
    const sealed = await this.#store.take(nameOf(ticket), signal);
    return sealed === undefined ? undefined : unseal(ticket, sealed);
  }
}

function nameOf(ticket: string): string {
  return hash('sha256', ticket);
}

function keyOf(ticket: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', ticket, '', KEY_USE, KEY_BYTES));
}

function seal(ticket: string, headers: Headers): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(ticket), nonce, { authTagLength: TAG_BYTES });
  const hidden = Buffer.concat([cipher.update(JSON.stringify(headers)), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), hidden]).toString('base64url');
}

/** @throws Error for what this ticket has not sealed. */
function unseal(ticket: string, sealed: string): Headers {
  const bytes = Buffer.from(sealed, 'base64url');
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, keyOf(ticket), nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const shown = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
  return JSON.parse(Buffer.concat([shown, decipher.final()]).toString('utf8')) as Headers;
}
